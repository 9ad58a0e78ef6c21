import CommandLineTables
import Engine
import OCI

/// What `--filter` of a prune asks for: all labels of `label` must hold, those of `label!` not all; what was made after `until`
/// stays.
struct PruneFilters {
    private let values: [String: [String]]
    let until: Timestamp?
    /// As they were given, for who is asked whether to go on.
    let texts: [String]

    static let option = Option.list(
        "filter", "Provide filter values (e.g. \"until=<timestamp>\", \"label=<key>=<value>\")", placeholder: "filter")

    init(_ arguments: ParsedArguments) throws {
        texts = arguments.values("filter")
        values = try FilterText.values(texts, known: ["label", "label!", "until"])
        let moments = values["until"] ?? []
        guard moments.count <= 1 else {
            throw EngineError(.invalidArgument, "more than one until filter specified")
        }
        until = try moments.first.map { text in
            if let moment = Moment.parse(text) { return moment }
            throw EngineError(
                .invalidArgument, "invalid filter 'until=\(text)'",
                hint: "It is a time, as in 2024-05-01T12:00:00Z, or how long ago: 24h.")
        }
    }

    var hasUntil: Bool { until != nil }
    var hasLabels: Bool { values["label"] != nil || values["label!"] != nil }

    /// The filters as they are shown before a question; nothing where there are none.
    var shown: String {
        guard !texts.isEmpty else { return "" }
        return "\n\n  Items to be pruned will be filtered with:" + texts.map { "\n  - \($0)" }.joined()
    }

    /// - Parameter created: Nanoseconds since 1970; nil where that isn't known.
    func match(created: Int64?, labels: [String: String]) -> Bool {
        if let until, let created, created > until.nanoseconds { return false }
        return FilterText.match(values, labels)
    }
}
