import Linux

/// A pattern for one path, as Go's `filepath.Match` has it: `*` and `?` for what is no slash, `[a-z]`, `[^a]`, and `\` before a
/// character that stands for itself.
public struct GlobPattern: Hashable, Sendable {
    private let automaton: Automaton
    /// The one path that matches, where the pattern has no `*`, `?` or `[`.
    public let literal: PathBytes?

    public init(_ pattern: PathBytes) throws(PatternError) {
        var reader = PatternReader(pattern)
        var automaton = Automaton()
        var isLiteral = true
        while let element = try reader.next() {
            automaton.append(element)
            if case .literal = element { continue }
            isLiteral = false
        }
        self.automaton = automaton
        literal = isLiteral ? Self.withoutEscapes(pattern) : nil
    }

    /// Whether the whole of `path` matches.
    public func matches(_ path: PathBytes) -> Bool {
        if let literal { return path == literal }
        var states = StateSet()
        states.load(automaton.start)
        automaton.feed(path.bytes, to: &states)
        return automaton.accepts(states)
    }

    private static func withoutEscapes(_ pattern: PathBytes) -> PathBytes? {
        var isEscaped = false
        return PathBytes(
            pattern.bytes.filter { byte in
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                return !isEscaped
            })
    }
}
