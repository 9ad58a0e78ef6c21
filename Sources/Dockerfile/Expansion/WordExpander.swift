extension Dockerfile {
    /// Expands variables in the words of instructions as BuildKit's lexer does, which is not quite a shell's.
    ///
    /// `$x ${x}`; `${x:-w} ${x-w} ${x:+w} ${x+w} ${x:?m} ${x?m}`; `${x#p} ${x##p} ${x%p} ${x%%p}`; `${x/p/r} ${x//p/r}`.
    /// Quotes and escapes are taken away. An unset variable is empty.
    public struct WordExpander {
        /// The escape character of the Dockerfile.
        let escape: UInt8
        let value: (String) -> String?
        /// Leaves quotes where they are.
        var keepsQuotes = false
        /// Leaves escape characters where they are.
        var keepsEscapes = false
        /// Quotes are letters.
        var ignoresQuotes = false
        /// Leaves `$x` where it is when x is unset.
        var keepsUnset = false

        /// - Parameters:
        ///   - escape: See ``Directives/escape``.
        ///   - value: Of a variable; nil where it is unset.
        public init(escape: UInt8, value: @escaping (String) -> String?) {
            self.escape = escape
            self.value = value
        }

        /// - Throws: ``ExpansionError`` for a form that isn't known, a quote that isn't closed, `${x:?}` of an unset x, and
        ///   a result that would be larger than 1 MiB and eight times the word.
        public func expand(_ word: String) throws(ExpansionError) -> Expansion {
            try expand(Array(word.utf8)[...])
        }

        func expand(_ word: ArraySlice<UInt8>) throws(ExpansionError) -> Expansion {
            var run = ExpansionRun(word, expander: self)
            do throws(ExpansionRun.Failure) {
                let (text, words) = try run.pieces(until: nil, keepsEscapes: keepsEscapes)
                return Expansion(bytes: text, words: words, usedNames: run.usedNames, unsetNames: run.unsetNames)
            } catch {
                let word = String(word)
                throw ExpansionError(message: "failed to process \(word.quoted): \(error.message)", word: word)
            }
        }

        /// Expands the body of a heredoc of COPY or ADD: quotes are letters, and `\` escapes any character.
        static func ofBodies(value: @escaping (String) -> String?) -> WordExpander {
            var expander = WordExpander(escape: .backslash, value: value)
            expander.ignoresQuotes = true
            return expander
        }
    }

    /// What a word became.
    public struct Expansion: Hashable, Sendable {
        let bytes: [UInt8]
        /// The text split at spaces that weren't quoted or escaped; a variable's spaces split, too.
        public let words: [String]
        /// The variables that were set, once each.
        public let usedNames: [String]
        /// The variables that weren't, once each; but not those of `-`, `+` and `?`, whose author knows.
        public let unsetNames: [String]

        public var text: String { String(bytes[...]) }
    }
}

/// Why a word can't be expanded.
public struct ExpansionError: Error, Hashable, Sendable, CustomStringConvertible {
    public let message: String
    /// As it is written.
    public let word: String

    public var description: String { message }
}

/// Gathers words: space that is neither quoted nor escaped ends one.
struct ExpandedWords {
    private var word: [UInt8] = []
    private(set) var words: [String] = []

    mutating func add(_ byte: UInt8) {
        if byte.isSpace { end() } else { word.append(byte) }
    }

    mutating func add(_ bytes: [UInt8]) {
        for byte in bytes { add(byte) }
    }

    mutating func addQuoted(_ bytes: [UInt8]) { word += bytes }

    mutating func end() {
        guard !word.isEmpty else { return }
        words.append(String(word[...]))
        word = []
    }
}

/// One pass over a word.
struct ExpansionRun {
    struct Failure: Error { let message: String }

    /// Deeper nests nobody by hand, and the stack is finite.
    private static let deepest = 64

    let source: ArraySlice<UInt8>
    let expander: Dockerfile.WordExpander
    var index: Int
    private(set) var usedNames: [String] = []
    private(set) var unsetNames: [String] = []
    private var seen: Set<String> = []
    private var depth = 0
    private let largest: Int
    /// What is left of the comparisons that patterns may cost.
    var patternSteps = 20_000_000

    init(_ source: ArraySlice<UInt8>, expander: Dockerfile.WordExpander) {
        self.source = source
        self.expander = expander
        index = source.startIndex
        largest = 1 << 20 + 8 * source.count
    }

    var next: UInt8? { index < source.endIndex ? source[index] : nil }

    /// Reads up to `stop`, which is passed, or to the end where that is nil.
    mutating func pieces(
        until stop: UInt8?, keepsEscapes: Bool
    ) throws(Failure) -> (text: [UInt8], words: [String]) {
        guard depth < Self.deepest else { throw Failure(message: "substitutions are nested too deeply") }
        depth += 1
        defer { depth -= 1 }
        var text: [UInt8] = []
        var words = ExpandedWords()
        while let byte = next {
            if byte == stop {
                index += 1
                words.end()
                return (text, words.words)
            }
            switch byte {
            case .dollar:
                let value = try substitution()
                text += value
                words.add(value)
            case .singleQuote where !expander.ignoresQuotes, .doubleQuote where !expander.ignoresQuotes:
                let value = try byte == .singleQuote ? singleQuoted() : doubleQuoted(keepsEscapes: keepsEscapes)
                text += value
                words.addQuoted(value)
            case expander.escape:
                let value = escaped(keepsEscapes: keepsEscapes)
                text += value
                words.addQuoted(value)
            default:
                index += 1
                text.append(byte)
                words.add(byte)
            }
            try check(text.count)
        }
        if let stop {
            throw Failure(
                message: "unexpected end of statement while looking for matching \(Character(Unicode.Scalar(stop)))")
        }
        words.end()
        return (text, words.words)
    }

    func check(_ size: Int) throws(Failure) {
        guard size <= largest else { throw Failure(message: "the result is too large") }
    }

    /// An escape character at the very end is dropped.
    private mutating func escaped(keepsEscapes: Bool) -> [UInt8] {
        index += 1
        let kept: [UInt8] = keepsEscapes ? [expander.escape] : []
        guard let byte = next else { return kept }
        index += 1
        return kept + [byte]
    }

    private mutating func singleQuoted() throws(Failure) -> [UInt8] {
        let start = index
        index += 1
        while let byte = next {
            index += 1
            if byte == .singleQuote {
                return Array(expander.keepsQuotes ? source[start..<index] : source[(start + 1)..<(index - 1)])
            }
        }
        throw Failure(message: "unexpected end of statement while looking for matching single-quote")
    }

    /// The escape character escapes `"`, `$` and itself alone.
    private mutating func doubleQuoted(keepsEscapes: Bool) throws(Failure) -> [UInt8] {
        var text: [UInt8] = expander.keepsQuotes ? [.doubleQuote] : []
        index += 1
        while let byte = next {
            switch byte {
            case .doubleQuote:
                index += 1
                return expander.keepsQuotes ? text + [.doubleQuote] : text
            case .dollar: text += try substitution()
            case expander.escape:
                index += 1
                guard let escaped = next else { continue }
                let isSpecial = escaped == .doubleQuote || escaped == .dollar || escaped == expander.escape
                if keepsEscapes || !isSpecial { text.append(byte) }
                if isSpecial {
                    index += 1
                    text.append(escaped)
                }
            default:
                index += 1
                text.append(byte)
            }
            try check(text.count)
        }
        throw Failure(message: "unexpected end of statement while looking for matching double-quote")
    }

    /// The value of a variable; nil where it is unset, which is noted unless the author has `isGuarded` against that.
    mutating func lookUp(_ name: String, isGuarded: Bool = false) -> [UInt8]? {
        let value = expander.value(name)
        if value != nil || !isGuarded, seen.insert(name).inserted {
            if value == nil { unsetNames.append(name) } else { usedNames.append(name) }
        }
        return value.map { Array($0.utf8) }
    }
}
