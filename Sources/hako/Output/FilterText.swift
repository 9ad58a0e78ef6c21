import Engine

/// A value of `--filter`.
enum FilterText {
    /// The values of each key.
    ///
    /// - Parameter known: The keys that there are.
    static func values(_ texts: [String], known: [String]) throws -> [String: [String]] {
        var values: [String: [String]] = [:]
        for text in texts where !text.isEmpty {
            let parts = try parts(text)
            guard known.contains(parts[0]) else {
                throw EngineError(
                    .invalidArgument, "invalid filter '\(parts[0])'", hint: "There are \(known.joined(separator: ", ")).")
            }
            values[parts[0], default: []].append(parts[1])
        }
        return values
    }

    /// Those of `name`, which are regular expressions.
    static func names(_ values: [String: [String]]) throws -> [NamePattern] {
        try (values["name"] ?? []).map { text in
            guard let pattern = NamePattern(text) else {
                throw EngineError(.invalidArgument, "invalid filter 'name=\(text)': it is no regular expression")
            }
            return pattern
        }
    }

    /// Whether labels have all that `label` asks for, and not all that `label!` does, as Docker's prunes take them.
    static func match(_ values: [String: [String]], _ labels: [String: String]) -> Bool {
        let holds = { (wanted: String) in Self.holds(wanted) { labels[$0] } }
        return (values["label"] ?? []).allSatisfy(holds) && !(values["label!"]?.allSatisfy(holds) ?? false)
    }

    /// Whether labels have what `key` or `key=value` asks for.
    ///
    /// - Parameter value: Of a label; nil where it isn't there.
    static func holds(_ wanted: String, _ value: (String) -> String?) -> Bool {
        let parts = wanted.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let value = value(parts[0]) else { return false }
        return parts.count == 1 || value == parts[1]
    }

    /// `key=value` in two parts. One that isn't that is a wrong option for Docker's client, and ends it with 125.
    private static func parts(_ text: String) throws -> [String] {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            throw CommandFailure(
                EngineError(
                    .invalidArgument,
                    "invalid argument \"\(text)\" for \"-f, --filter\" flag: invalid filter '\(text)'"),
                exitCode: 125)
        }
        return parts
    }
}
