import Linux

/// A pattern that can't be one.
public enum PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A `[` without its `]`, a range without an end, a `\` at the end.
    case syntax(PathBytes)
    /// A line of an ignore file that is nothing but `!`.
    case loneExclamationMark

    /// Docker's words.
    public var description: String {
        switch self {
        case .syntax: "syntax error in pattern"
        case .loneExclamationMark: "illegal exclusion pattern: \"!\""
        }
    }
}

/// What stands between `[` and `]`.
struct CharacterClass: Hashable, Sendable {
    var isNegated = false
    var ranges: [ClosedRange<UInt32>] = []

    /// A `/` too, where it is in a range or the class is negated: Go's `filepath.Match` has it so.
    func contains(_ character: UInt32) -> Bool {
        ranges.contains { $0.contains(character) } != isNegated
    }
}

/// Takes a pattern apart, by the grammar of Go's `filepath.Match`, which both languages of patterns share.
struct PatternReader {
    enum Element: Hashable { case literal(UInt32), anyCharacter, star, characterClass(CharacterClass) }

    private let pattern: PathBytes
    private let characters: [UInt32]
    private var position = 0

    init(_ pattern: PathBytes) {
        self.pattern = pattern
        characters = Array(PathCharacters(pattern.bytes))
    }

    var isAtEnd: Bool { position == characters.count }

    /// Passes over `character` if it is the next one.
    mutating func skip(_ character: UInt8) -> Bool {
        guard position < characters.count, characters[position] == UInt32(character) else { return false }
        position += 1
        return true
    }

    mutating func next() throws(PatternError) -> Element? {
        guard !isAtEnd else { return nil }
        let character = try take()
        switch character {
        case UInt32(UInt8(ascii: "*")): return .star
        case UInt32(UInt8(ascii: "?")): return .anyCharacter
        case UInt32(UInt8(ascii: "[")): return .characterClass(try characterClass())
        case UInt32(UInt8(ascii: "\\")): return .literal(try take())
        default: return .literal(character)
        }
    }

    private mutating func take() throws(PatternError) -> UInt32 {
        guard position < characters.count else { throw .syntax(pattern) }
        position += 1
        return characters[position - 1]
    }

    private mutating func characterClass() throws(PatternError) -> CharacterClass {
        var members = CharacterClass(isNegated: skip(UInt8(ascii: "^")))
        var isEmpty = true
        while isEmpty || !skip(UInt8(ascii: "]")) {
            let first = try classMember()
            let last = try skip(UInt8(ascii: "-")) ? classMember() : first
            // A range that goes backwards is none that holds anything, and no error.
            if first <= last { members.ranges.append(first...last) }
            isEmpty = false
        }
        return members
    }

    private mutating func classMember() throws(PatternError) -> UInt32 {
        var character = try take()
        guard character != UInt32(UInt8(ascii: "-")), character != UInt32(UInt8(ascii: "]")) else {
            throw .syntax(pattern)
        }
        if character == UInt32(UInt8(ascii: "\\")) { character = try take() }
        // Go wants UTF-8 here: a range of bytes and characters has no meaning.
        guard character < PathCharacters.invalidByte, !isAtEnd else { throw .syntax(pattern) }
        return character
    }
}
