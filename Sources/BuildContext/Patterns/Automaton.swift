/// The states that an automaton can be in at once, a bit for each, and room for the next ones.
struct StateSet: Sendable {
    fileprivate(set) var words: [UInt64] = []
    fileprivate var following: [UInt64] = []

    /// Goes on from states that were kept.
    mutating func load(_ words: [UInt64]) {
        self.words.removeAll(keepingCapacity: true)
        self.words.append(contentsOf: words)
        following.removeAll(keepingCapacity: true)
        for _ in words { following.append(0) }
    }

    /// Whether nothing that follows can match any more.
    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    func contains(_ state: Int) -> Bool { words[state >> 6] & 1 << UInt64(state & 63) != 0 }
}

/// A pattern as a machine that is fed the characters of a path: it is in several states at once instead of trying one way
/// and going back, so that the time grows with pattern and path, whatever the pattern (threat: `a*a*a*b`, `**/**/**`).
struct Automaton: Hashable, Sendable {
    /// What a state waits for; it is left for the next one then.
    enum Kind: UInt8, Sendable {
        /// The character ``Token/value``.
        case literal
        /// Any character but a slash.
        case anyCharacter
        /// One of the class ``Token/value``.
        case characterClass
        /// `*`: any number of characters but slashes.
        case star
        /// `**` at an end: any number of any characters.
        case everything
        /// Before ``throughSlash``: goes there, or past it. The two are `**/`: any number of directories.
        case branch
        /// Any number of any characters, and a slash.
        case throughSlash
    }

    struct Token: Hashable, Sendable {
        var kind: Kind
        var value: UInt32 = 0
    }

    private var tokens: [Token] = []
    private var classes: [CharacterClass] = []

    mutating func append(kind: Kind) { tokens.append(Token(kind: kind)) }

    mutating func append(_ element: PatternReader.Element) {
        switch element {
        case .literal(let character): tokens.append(Token(kind: .literal, value: character))
        case .anyCharacter: append(kind: .anyCharacter)
        case .star:
            // Two are as one.
            if tokens.last?.kind != .star { append(kind: .star) }
        case .characterClass(let members):
            tokens.append(Token(kind: .characterClass, value: UInt32(classes.count)))
            classes.append(members)
        }
    }

    /// Any number of directories. Twice in a row is as once.
    mutating func appendDirectories() {
        guard tokens.last?.kind != .throughSlash else { return }
        append(kind: .branch)
        append(kind: .throughSlash)
    }

    /// The byte that whatever matches ends with, where there is one and it is ASCII: most names are told by it.
    var lastByte: UInt8? {
        guard let last = tokens.last, last.kind == .literal, last.value < 0x80 else { return nil }
        return UInt8(last.value)
    }

    /// The states before the first character.
    var start: [UInt64] {
        var words = [UInt64](repeating: 0, count: tokens.count / 64 + 1)
        words[0] = 1
        close(&words)
        return words
    }

    /// Whether what was fed so far matches as a whole.
    func accepts(_ states: StateSet) -> Bool { states.contains(tokens.count) }

    func feed(_ bytes: [UInt8], to states: inout StateSet) {
        for character in PathCharacters(bytes) { feed(character, to: &states) }
    }

    func feed(_ character: UInt32, to states: inout StateSet) {
        for word in states.following.indices { states.following[word] = 0 }
        for word in states.words.indices {
            var rest = states.words[word]
            while rest != 0 {
                let state = word << 6 | rest.trailingZeroBitCount
                rest &= rest &- 1
                // The last state is the one behind the pattern: it waits for nothing.
                guard state < tokens.count else { break }
                step(state, character, &states.following)
            }
        }
        swap(&states.words, &states.following)
        close(&states.words)
    }

    @inline(__always)
    private func step(_ state: Int, _ character: UInt32, _ next: inout [UInt64]) {
        let token = tokens[state]
        switch token.kind {
        case .literal: if token.value == character { insert(state + 1, in: &next) }
        case .anyCharacter: if character != PathCharacters.slash { insert(state + 1, in: &next) }
        case .characterClass: if classes[Int(token.value)].contains(character) { insert(state + 1, in: &next) }
        case .star: if character != PathCharacters.slash { insert(state, in: &next) }
        case .everything: insert(state, in: &next)
        case .throughSlash:
            insert(state, in: &next)
            if character == PathCharacters.slash { insert(state + 1, in: &next) }
        case .branch: break
        }
    }

    @inline(__always)
    private func insert(_ state: Int, in words: inout [UInt64]) { words[state >> 6] |= 1 << UInt64(state & 63) }

    /// Adds the states that are reached without a character. They lie behind, so that one pass finds all.
    private func close(_ words: inout [UInt64]) {
        for word in words.indices {
            var done: UInt64 = 0
            while words[word] & ~done != 0 {
                let bit = (words[word] & ~done).trailingZeroBitCount
                done |= 1 << UInt64(bit) | (1 << UInt64(bit) - 1)
                let state = word << 6 | bit
                guard state < tokens.count else { break }
                switch tokens[state].kind {
                case .star, .everything: insert(state + 1, in: &words)
                case .branch:
                    insert(state + 1, in: &words)
                    insert(state + 2, in: &words)
                case .literal, .anyCharacter, .characterClass, .throughSlash: break
                }
            }
        }
    }
}
