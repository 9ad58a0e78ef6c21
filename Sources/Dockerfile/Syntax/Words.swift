/// A word of an instruction, and where it begins in its text.
struct Word {
    var text: String
    /// In bytes.
    let offset: Int
}

/// Splits the text of an instruction into words.
enum Words {
    /// By blanks, whatever is quoted.
    static func byBlanks(_ text: ArraySlice<UInt8>) -> [Word] {
        var words: [Word] = []
        var index = text.startIndex
        while index < text.endIndex {
            guard !text[index].isBlank else {
                index += 1
                continue
            }
            let start = index
            while index < text.endIndex, !text[index].isBlank { index += 1 }
            words.append(Word(text: String(text[start..<index]), offset: start))
        }
        return words
    }

    /// By spaces outside quotes, which are kept, as are escapes: ENV, LABEL, ARG.
    static func outsideQuotes(_ text: ArraySlice<UInt8>, escape: UInt8) -> [Word] {
        var words: [Word] = []
        var index = text.startIndex
        while index < text.endIndex {
            guard !text[index].isSpace else {
                index += 1
                continue
            }
            let start = index
            var word: [UInt8] = []
            var quote: UInt8?
            while index < text.endIndex, quote != nil || !text[index].isSpace {
                let byte = text[index]
                index += 1
                if byte == escape, quote != .singleQuote {
                    // One at the very end is dropped.
                    guard index < text.endIndex else { break }
                    word += [byte, text[index]]
                    index += 1
                    continue
                }
                if byte == quote {
                    quote = nil
                } else if quote == nil, byte == .singleQuote || byte == .doubleQuote {
                    quote = byte
                }
                word.append(byte)
            }
            if !word.isEmpty { words.append(Word(text: String(word[...]), offset: start)) }
        }
        return words
    }

    /// The leading `--name=value`s, quotes and escapes taken away, and what follows them. A bare `--` ends them.
    static func flags(_ text: ArraySlice<UInt8>, escape: UInt8) -> (flags: [Word], rest: ArraySlice<UInt8>) {
        var flags: [Word] = []
        var rest = text.trimmedLeft
        while rest.count >= 2, rest.starts(with: [UInt8.dash, .dash]) {
            let (word, isQuoted, end) = flag(rest, escape: escape)
            if word == [.dash, .dash] { return (flags, rest[end...]) }
            if isQuoted || !word.isEmpty { flags.append(Word(text: String(word[...]), offset: rest.startIndex)) }
            rest = rest[end...].trimmedLeft
        }
        return (flags, rest)
    }

    private static func flag(
        _ text: ArraySlice<UInt8>, escape: UInt8
    ) -> (word: [UInt8], isQuoted: Bool, end: Int) {
        var word: [UInt8] = []
        var quote: UInt8?
        var isQuoted = false
        var index = text.startIndex
        while index < text.endIndex, quote != nil || !text[index].isSpace {
            let byte = text[index]
            index += 1
            if byte == quote {
                quote = nil
            } else if quote == nil, byte == .singleQuote || byte == .doubleQuote {
                (quote, isQuoted) = (byte, true)
            } else if byte != escape {
                word.append(byte)
            } else if index < text.endIndex {
                word.append(text[index])
                index += 1
            }
        }
        return (word, isQuoted, index)
    }
}
