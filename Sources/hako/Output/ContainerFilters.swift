import CommandLineTables
import Engine
import Metadata
import OCI

/// What `ps --filter` asks for: values of one key are alternatives, keys must all hold; labels must all hold.
struct ContainerFilters {
    private var values: [String: [String]] = [:]
    private var names: [NamePattern] = []
    private var ports: [String: [PortRange]] = [:]
    private static let known = [
        "ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "name", "network", "publish", "since",
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
        for key in ["publish", "expose"] {
            ports[key] = try (values[key] ?? []).map { text in
                guard let range = PortRange(text) else {
                    throw EngineError(
                        .invalidArgument, "invalid filter '\(key)=\(text)'", hint: "As in 80, 80/udp or 8000-8080/tcp.")
                }
                return range
            }
        }
        names = try FilterText.names(values)
    }

    /// Whether every container matches.
    var isEmpty: Bool { values.isEmpty }

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
            // There is none but the host's own, which is the default.
            && any("isolation") { $0.isEmpty || $0 == "default" }
            && any("network") { record.networkMode == $0 }
            && matchesPorts("publish", record, \.hostPort) && matchesPorts("expose", record, \.containerPort)
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

    private func matchesPorts(
        _ key: String, _ record: ContainerRecord, _ port: (PortList.Entry) -> Int64?
    ) -> Bool {
        guard let wanted = ports[key], !wanted.isEmpty else { return true }
        return PortList(text: record.ports).entries.contains { entry in
            wanted.contains { range in port(entry).map { range.ports.contains($0) && range.proto == entry.proto } ?? false }
        }
    }
}

/// `80`, `80/udp`, `8000-8080/tcp`
private struct PortRange {
    let ports: ClosedRange<Int64>
    let proto: String

    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let ends = parts[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { Int64($0) }
        guard let low = ends[0], let high = ends[ends.count - 1], (0...65535).contains(low), (low...65535).contains(high) else {
            return nil
        }
        ports = low...high
        proto = parts.count > 1 ? parts[1] : "tcp"
    }
}
