import Linux

/// A list of patterns as in `.dockerignore` and `COPY --exclude`.
///
/// A pattern is anchored at the directory that the list is for. `*`, `?` and `[a-z]` are those of ``GlobPattern``; `**` is any
/// number of directories. What matches a directory holds for all below it. A pattern behind `!` takes back; where several
/// match, the last one decides.
///
/// It is moby/patternmatcher's `MatchesUsingParentResults`, with its surprise: a pattern is only asked where it would change
/// what those before it have said, so one that changes nothing for a directory doesn't hold for what is below it: `**/*.md`,
/// `!docs` leaves `docs/a.md` ignored.
public struct PatternList: Hashable, Sendable {
    struct Pattern: Hashable, Sendable {
        var automaton = Automaton()
        var isException = false
        var lastByte: UInt8?
    }

    let patterns: [Pattern]

    /// No patterns: nothing matches.
    public init() { patterns = [] }

    /// Blanks around a pattern are dropped, and patterns that are nothing else.
    public init(_ patterns: [PathBytes]) throws(PatternError) {
        var compiled: [Pattern] = []
        for pattern in patterns {
            let trimmed = Self.trimmed(pattern.bytes[...])
            guard !trimmed.isEmpty else { continue }
            compiled.append(try Self.compile(PathBytes(known: Array(trimmed)).cleaned))
        }
        self.patterns = compiled
    }

    public var isEmpty: Bool { patterns.isEmpty }
    /// Whether one of them takes back what others say.
    public var hasExceptions: Bool { patterns.contains(where: \.isException) }

    /// Whether the list holds for a path: by itself, or by one of its parents.
    ///
    /// - Parameter path: Relative to the directory that the list is for, clean.
    public func matches(_ path: PathBytes) -> Bool {
        var scratch = StateSet()
        var level = topLevel
        var isMatched = false
        for name in path.componentsBelowRoot {
            (isMatched, level) = enter(name, at: level, &scratch)
        }
        return isMatched
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        // Tab, line feed, vertical tab, form feed, carriage return, space.
        let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        let rest = bytes.drop(while: isBlank)
        let end = rest.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? rest.startIndex
        return rest[..<end]
    }

    private static func compile(_ text: PathBytes) throws(PatternError) -> Pattern {
        var pattern = Pattern()
        var body = text
        if text.bytes.first == UInt8(ascii: "!") {
            pattern.isException = true
            body = PathBytes(known: Array(text.bytes.dropFirst()))
            guard !body.bytes.isEmpty else { throw .loneExclamationMark }
        }
        var reader = PatternReader(body)
        while let element = try reader.next() {
            guard element == .star, reader.skip(UInt8(ascii: "*")) else {
                pattern.automaton.append(element)
                continue
            }
            let isComponent = reader.skip(UInt8(ascii: "/"))
            if reader.isAtEnd || (!isComponent && isEndOfName(body)) {
                pattern.automaton.append(kind: .everything)
            } else {
                pattern.automaton.appendDirectories()
            }
        }
        pattern.lastByte = pattern.automaton.lastByte
        return pattern
    }

    /// Whether a pattern is `**` and then plain text: `**.log` matches whatever ends with that, also in the midst of a name.
    private static func isEndOfName(_ pattern: PathBytes) -> Bool {
        pattern.bytes.starts(with: "**".utf8) && !pattern.bytes.dropFirst(2).contains { "*?[]\\".utf8.contains($0) }
    }
}

extension PatternList {
    /// Reads an ignore file: a pattern on each line. `#` in the first column makes a comment; a byte order mark, blanks around
    /// a pattern, CR before LF and a `/` at its start mean nothing.
    public init(ignoreFile: [UInt8]) throws(PatternError) {
        var rest = ignoreFile[...]
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        var patterns: [PathBytes] = []
        for line in rest.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            var pattern = Self.trimmed(line)
            guard let first = pattern.first else { continue }
            let isException = first == UInt8(ascii: "!")
            if isException { pattern = Self.trimmed(pattern.dropFirst()) }
            // A NUL is in no path, so that nothing can match.
            guard let path = PathBytes(pattern) else { continue }
            var clean = path.bytes.isEmpty ? [] : path.cleaned.bytes
            if clean.count > 1, clean[0] == UInt8(ascii: "/") { clean.removeFirst() }
            patterns.append(PathBytes(known: (isException ? [first] : []) + clean))
        }
        try self.init(patterns)
    }
}
