import Engine
import Metadata
import OCI

/// What `events --filter` asks for: values of one key are alternatives, keys must all hold; labels must all hold.
struct EventFilters {
    private var values: [String: [String]] = [:]
    private static let known = [
        "config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret", "service", "type",
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
            && !["config", "daemon", "node", "plugin", "secret", "service"].contains { values[$0] != nil }
            && labels(attributes)
    }

    private func any(_ key: String, _ test: (String) -> Bool) -> Bool { values[key].map { $0.contains(where: test) } ?? true }

    /// By the beginning of an id or of a name, as Docker's.
    private func actor(_ type: String, _ event: Event, _ attributes: JSONObject) -> Bool {
        any(type) { wanted in
            event.type == type && (event.actor.hasPrefix(wanted) || attributes["name"]?.string?.hasPrefix(wanted) == true)
        }
    }

    private func image(_ wanted: String, _ event: Event, _ attributes: JSONObject) -> Bool {
        let name = event.type == "image" ? attributes["name"]?.string : attributes["image"]?.string
        return [name, event.actor].contains { $0 == wanted || $0.map(Self.untagged) == wanted }
    }

    private static func untagged(_ name: String) -> String { (try? Reference(name))?.familiarName ?? name }

    private func labels(_ attributes: JSONObject) -> Bool {
        (values["label"] ?? []).allSatisfy { FilterText.holds($0) { attributes[$0]?.string } }
    }
}
