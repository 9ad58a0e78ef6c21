import OCI

/// What events tell of a container, beside what happened to it.
struct ContainerDescription {
    /// Its labels, image and name.
    fileprivate let members: JSONObject
    fileprivate let networkMode: String

    /// With those of an event of it.
    func attributes(with event: Event) -> String {
        guard event.attributes != "{}" else { return JSON.object(members).text() }
        var all = members
        for member in (try? JSON(parsing: event.attributes))?.object?.members ?? [] { all[member.name] = member.value }
        return JSON.object(all).text()
    }
}

extension Session {
    /// Nil if there is no such container.
    func description(of id: String) throws(MetadataError) -> ContainerDescription? {
        try first("SELECT name, imageName, labels, networkMode FROM containers WHERE id=?", [.text(id)]) { row in
            var members = (try? JSON(parsing: row.text(2)))?.object ?? [:]
            members["image"] = .string(row.text(1))
            members["name"] = .string(row.text(0))
            return ContainerDescription(members: members, networkMode: row.text(3))
        }
    }

    /// What happens to networks and volumes when a container starts or ends: told before that, as Docker does. They are worked
    /// out where the container's change is taken over, so that no start writes more for them.
    func companions(
        of event: Event, _ description: ContainerDescription?
    ) throws(MetadataError) -> [Event] {
        guard event.action == "start" || event.action == "die", let description else { return [] }
        let isStart = event.action == "start"
        return try networkEvents(of: event, description, isStart: isStart) + volumeEvents(of: event, isStart: isStart)
    }

    private func networkEvents(
        of event: Event, _ description: ContainerDescription, isStart: Bool
    ) throws(MetadataError) -> [Event] {
        let network = try first("SELECT id, name, driver FROM networks WHERE name=?", [.text(description.networkMode)]) {
            (id: $0.text(0), name: $0.text(1), driver: $0.text(2))
        }
        guard let network else { return [] }
        let attributes: JSON = [
            "container": .string(event.actor), "name": .string(network.name), "type": .string(network.driver),
        ]
        return [
            Event(
                time: event.time, type: "network", action: isStart ? "connect" : "disconnect", actor: network.id,
                attributes: attributes.text())
        ]
    }

    private func volumeEvents(of event: Event, isStart: Bool) throws(MetadataError) -> [Event] {
        let uses = try all(
            "SELECT volume, mounts FROM volume_uses WHERE container=? ORDER BY volume", [.text(event.actor)]
        ) { (volume: $0.text(0), mounts: $0.text(1)) }
        return uses.flatMap { use in
            let mounts = (try? JSON(parsing: use.mounts))?.array ?? []
            return mounts.map { mount in
                var attributes = isStart ? mount.object ?? [:] : ["driver": mount["driver"] ?? "local"]
                attributes["container"] = .string(event.actor)
                return Event(
                    time: event.time, type: "volume", action: isStart ? "mount" : "unmount", actor: use.volume,
                    attributes: JSON.object(attributes).text())
            }
        }
    }
}
