extension Dockerfile {
    /// A document in the file, from `<<NAME` to the line `NAME`.
    public struct Heredoc: Hashable, Sendable {
        public let name: String
        /// As it stands in the file, line ends and leading tabs included.
        public let body: [UInt8]
        /// Whether COPY and ADD expand variables in it: the name wasn't quoted. RUN never does.
        public let isExpanded: Bool
        /// Written `<<-NAME`.
        public let stripsTabs: Bool

        /// The body without the tabs at the beginnings of lines, where `<<-` asks for that.
        public var content: [UInt8] {
            guard stripsTabs else { return body }
            var content: [UInt8] = []
            content.reserveCapacity(body.count)
            var isAtStart = true
            for byte in body where !(isAtStart && byte == .tab) {
                content.append(byte)
                isAtStart = byte == .newline
            }
            return content
        }

        /// Whether a RUN that is this document alone runs it as a program, `/dev/pipes/NAME`, instead of in the shell.
        public var isProgram: Bool { content.starts(with: "#!".utf8) }

        /// What the progress shows of it: its first line, with `...` where more follow.
        public var summary: String {
            let text = body[...].trimmed
            let end = text.firstIndex(of: .newline) ?? text.endIndex
            return String(text[..<end].withoutLineEnd) + (end < text.endIndex ? "..." : "")
        }
    }
}

/// `2<<-'EOF'` in an instruction.
struct HeredocWord {
    let name: String
    let isQuoted: Bool
    let stripsTabs: Bool
    /// In bytes from the beginning of the instruction.
    var offset: Int

    /// Nil where `word` is none: `^(\d*)<<(-?)([^<]*)$`, the name one word.
    init?(_ word: String, offset: Int = 0) {
        let bytes = Array(word.utf8)
        var index = 0
        while index < bytes.count, bytes[index].isDigit { index += 1 }
        guard bytes[index...].starts(with: [UInt8.less, .less]) else { return nil }
        index += 2
        stripsTabs = index < bytes.count && bytes[index] == .dash
        if stripsTabs { index += 1 }
        let rest = bytes[index...]
        guard !rest.isEmpty, !rest.contains(.less) else { return nil }
        let plain = Dockerfile.WordExpander.ofHeredocs(keepsQuotes: false).words(rest)
        let raw = Dockerfile.WordExpander.ofHeredocs(keepsQuotes: true).words(rest)
        guard plain.count == 1, let name = plain.first, let rawName = raw.first else { return nil }
        self.name = name
        isQuoted = Self.quotes(in: name) != Self.quotes(in: rawName)
        self.offset = offset
    }

    private static func quotes(in text: String) -> Int {
        text.utf8.reduce(0) { $0 + ($1 == .singleQuote || $1 == .doubleQuote ? 1 : 0) }
    }

    /// Those of a whole instruction, in their order.
    ///
    /// Quoted text is one word, so that `echo "a <<EOF"` has none; nor has a line with a quote that isn't closed.
    static func all(in text: String) -> [HeredocWord] {
        let expander = Dockerfile.WordExpander.ofHeredocs(keepsQuotes: true, keepsEscapes: true)
        var found: [HeredocWord] = []
        var searched = text.utf8.startIndex
        for word in expander.words(Array(text.utf8)[...]) {
            guard var heredoc = HeredocWord(word) else { continue }
            // The words come in the order of the text; each is looked for after the one before, from its `<<` on.
            let mark = word.utf8.drop { $0 != .less }
            if let start = text.utf8.index(of: mark, from: searched) {
                heredoc.offset = text.utf8.distance(from: text.utf8.startIndex, to: start)
                searched = text.utf8.index(start, offsetBy: mark.count)
            }
            found.append(heredoc)
        }
        return found
    }
}

extension String.UTF8View {
    /// Where `part` begins, at `start` or later. It begins with `<<` and holds no other `<`, so that this is one pass.
    fileprivate func index(of part: Substring.UTF8View, from start: Index) -> Index? {
        var index = start
        while index < endIndex {
            if self[index] == part.first, self[index...].starts(with: part) { return index }
            index = self.index(after: index)
        }
        return nil
    }
}

extension Dockerfile.WordExpander {
    /// Finds the words of a line without expanding anything; `\` escapes whatever the directive says, as in BuildKit.
    fileprivate static func ofHeredocs(keepsQuotes: Bool, keepsEscapes: Bool = false) -> Self {
        var expander = Self(escape: .backslash) { _ in nil }
        expander.keepsUnset = true
        expander.keepsQuotes = keepsQuotes
        expander.keepsEscapes = keepsEscapes
        return expander
    }

    /// None where the text can't be read.
    fileprivate func words(_ text: ArraySlice<UInt8>) -> [String] {
        // A text that isn't in the shell's language holds no heredoc; the shell gets it and complains itself.
        (try? expand(text))?.words ?? []
    }
}
