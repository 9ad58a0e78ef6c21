import Engine
import Metadata
import OCI

/// What `events --filter` asks for: values of one key are alternatives, keys must all hold; labels must all hold.
struct EventFilters {
    private var values: [String: [String]] = [:]
    private static let known = [
        "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret", "service", "type",
        "volume",
    ]

    init(_ texts: [String]) throws {
        values = try FilterText.values(texts, known: Self.known)
    }

    func match(_ event: Event, _ attributes: JSONObject) -> Bool {
        any("type") { event.type == $0 }
            // `exec_start` means every `exec_start: COMMAND`, `health_status` each of its states.
            && any("event") { event.action == $0 || event.action.hasPrefix($0 + ":") }
            && any("scope") { $0 == "local" }
            && actor("container", event, attributes) && actor("network", event, attributes) && actor("volume", event, attributes)
            && any("image") { image($0, event, attributes) }
            && !["daemon", "node", "plugin", "secret", "service"].contains { values[$0] != nil }
            && labels(attributes)
    }

    private func any(_ key: String, _ test: (String) -> Bool) -> Bool { values[key].map { $0.contains(where: test) } ?? true }

    /// By id, the beginning of one, or name.
    private func actor(_ type: String, _ event: Event, _ attributes: JSONObject) -> Bool {
        any(type) { wanted in
            event.type == type && (event.actor.hasPrefix(wanted) || attributes["name"]?.string == wanted)
        }
    }

    private func image(_ wanted: String, _ event: Event, _ attributes: JSONObject) -> Bool {
        let name = event.type == "image" ? attributes["name"]?.string : attributes["image"]?.string
        guard let name else { return false }
        return name == wanted || event.actor == wanted || name.split(separator: ":").first.map(String.init) == wanted
    }

    private func labels(_ attributes: JSONObject) -> Bool {
        (values["label"] ?? []).allSatisfy { FilterText.holds($0) { attributes[$0]?.string } }
    }
}
