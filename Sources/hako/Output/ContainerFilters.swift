import CommandLineTables
import Engine
import Metadata
import OCI

/// What `ps --filter` asks for: values of one key are alternatives, keys must all hold; labels must all hold.
struct ContainerFilters {
    private var values: [String: [String]] = [:]
    private var names: [NamePattern] = []
    private static let known = [
        "ancestor", "before", "exited", "expose", "health", "id", "is-task", "label", "name", "network", "publish", "since",
        "status", "volume",
    ]

    init(_ texts: [String]) throws {
        values = try FilterText.values(texts, known: Self.known)
        for status in values["status"] ?? [] where ContainerState.Status(rawValue: status) == nil {
            throw EngineError(.invalidArgument, "invalid filter 'status=\(status)'")
        }
        for code in values["exited"] ?? [] where Int32(code) == nil {
            throw EngineError(.invalidArgument, "invalid filter 'exited=\(code)': it is no exit code")
        }
        names = try FilterText.names(values)
    }

    /// Filters that speak of containers that don't run show those too.
    var asksForStates: Bool { values["status"] != nil || values["exited"] != nil }

    func match(_ record: ContainerRecord, among all: [ContainerRecord], _ engine: Engine) throws -> Bool {
        try (names.isEmpty || names.contains { $0.matches(record.name) || $0.matches("/" + record.name) })
            && any("id") { record.id.hasPrefix($0) }
            && any("status") { record.state.status.rawValue == $0 }
            && any("exited") { record.state.status == .exited && String(record.state.exitCode) == $0 }
            && any("health") { $0 == (record.health.isEmpty ? "none" : record.health) }
            // No container is a swarm's.
            && any("is-task") { OptionValue.bool($0) == false }
            && any("ancestor") { try isAncestor($0, of: record, engine) }
            && any("volume") { try uses($0, record, engine) }
            && any("network") { record.networkMode == $0 }
            && any("publish") { matchesPort($0, record, isPublished: true) }
            && any("expose") { matchesPort($0, record, isPublished: false) }
            && any("before") { record.created < (try engine.container($0).created) }
            && any("since") { record.created > (try engine.container($0).created) }
            && labels(record)
    }

    private func any(_ key: String, _ test: (String) throws -> Bool) rethrows -> Bool {
        guard let values = values[key] else { return true }
        return try values.contains(where: test)
    }

    private func labels(_ record: ContainerRecord) -> Bool {
        guard let wanted = values["label"] else { return true }
        let labels = (try? JSON(parsing: record.labels))?.object ?? [:]
        return wanted.allSatisfy { FilterText.holds($0) { labels[$0]?.string } }
    }

    /// A volume by its name, a bind by its source, either by where it is in the container.
    private func uses(_ text: String, _ record: ContainerRecord, _ engine: Engine) throws -> Bool {
        try engine.mounts(of: record).contains { [$0.volume?.name, $0.source, $0.destination].contains(text) }
    }

    private func isAncestor(_ name: String, of record: ContainerRecord, _ engine: Engine) throws -> Bool {
        if record.imageName == name { return true }
        // An image that isn't there is nobody's ancestor.
        guard let id = try? engine.imageID(of: name) else { return false }
        return record.image == id
    }

    private func matchesPort(_ text: String, _ record: ContainerRecord, isPublished: Bool) -> Bool {
        let wanted = text.contains("/") ? text : text + "/tcp"
        return PortList(text: record.ports).entries.contains { entry in
            let port = isPublished ? entry.hostPort : entry.containerPort
            return port.map { "\($0)/\(entry.proto)" == wanted } ?? false
        }
    }
}
