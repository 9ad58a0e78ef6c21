/// The JSON form of an instruction's arguments: `["a", "b"]`.
enum JSONArray {
    case strings([String])
    /// A JSON array, but with something else in it.
    case others
    /// The arguments are in the shell form.
    case notAnArray

    init(_ text: ArraySlice<UInt8>) {
        var parser = JSONParser(bytes: text.trimmed)
        self = parser.array() ?? .notAnArray
    }
}

/// Reads as Go's encoding/json does: one value, and nothing after it.
private struct JSONParser {
    let bytes: ArraySlice<UInt8>
    private var index: Int

    init(bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        index = bytes.startIndex
    }

    private var next: UInt8? { index < bytes.endIndex ? bytes[index] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = next, byte == .space || byte == .tab || byte == .newline || byte == .carriageReturn {
            index += 1
        }
    }

    mutating func array() -> JSONArray? {
        guard take(.openBracket) else { return nil }
        var strings: [String] = []
        var holdsOthers = false
        skipSpace()
        if !take(.closeBracket) {
            repeat {
                skipSpace()
                if next == .doubleQuote {
                    guard let string = string() else { return nil }
                    strings.append(string)
                } else {
                    guard skipValue(depth: 0) else { return nil }
                    holdsOthers = true
                }
                skipSpace()
            } while take(.comma)
            guard take(.closeBracket) else { return nil }
        }
        skipSpace()
        guard next == nil else { return nil }
        return holdsOthers ? .others : .strings(strings)
    }

    /// Passes over a value of any kind; no deeper than a person writes.
    private mutating func skipValue(depth: Int) -> Bool {
        guard depth < 100, let byte = next else { return false }
        switch byte {
        case .doubleQuote: return string() != nil
        case .openBracket: return skipMembers(until: .closeBracket, named: false, depth: depth)
        case .openBrace: return skipMembers(until: .closeBrace, named: true, depth: depth)
        case UInt8(ascii: "t"): return skip("true")
        case UInt8(ascii: "f"): return skip("false")
        case UInt8(ascii: "n"): return skip("null")
        default: return skipNumber()
        }
    }

    private mutating func skipMembers(until end: UInt8, named: Bool, depth: Int) -> Bool {
        index += 1
        skipSpace()
        if take(end) { return true }
        repeat {
            skipSpace()
            if named {
                guard string() != nil else { return false }
                skipSpace()
                guard take(.colon) else { return false }
                skipSpace()
            }
            guard skipValue(depth: depth + 1) else { return false }
            skipSpace()
        } while take(.comma)
        return take(end)
    }

    private mutating func skip(_ word: String) -> Bool {
        guard bytes[index...].starts(with: word.utf8) else { return false }
        index += word.utf8.count
        return true
    }

    private mutating func skipNumber() -> Bool {
        _ = take(.dash)
        if !take(UInt8(ascii: "0")), !skipDigits() { return false }
        if take(UInt8(ascii: ".")), !skipDigits() { return false }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            _ = take(UInt8(ascii: "+")) || take(.dash)
            return skipDigits()
        }
        return true
    }

    private mutating func skipDigits() -> Bool {
        let start = index
        while let byte = next, byte.isDigit { index += 1 }
        return index > start
    }

    private mutating func string() -> String? {
        guard take(.doubleQuote) else { return nil }
        var text: [UInt8] = []
        while let byte = next {
            index += 1
            switch byte {
            case .doubleQuote: return String(text[...])
            case 0..<0x20: return nil
            case .backslash:
                guard let scalar = escaped() else { return nil }
                text += String(scalar).utf8
            default: text.append(byte)
            }
        }
        return nil
    }

    private mutating func escaped() -> Unicode.Scalar? {
        guard let byte = next else { return nil }
        index += 1
        switch byte {
        case .doubleQuote, .backslash, .slash: return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return unicodeEscape()
        default: return nil
        }
    }

    /// Half of a surrogate pair alone is U+FFFD, as in Go.
    private mutating func unicodeEscape() -> Unicode.Scalar? {
        guard let first = hexadecimal() else { return nil }
        if let scalar = Unicode.Scalar(first) { return scalar }
        let mark = index
        if first < 0xDC00, take(.backslash), take(UInt8(ascii: "u")), let second = hexadecimal(),
            (0xDC00..<0xE000).contains(second)
        {
            return Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)) ?? "\u{FFFD}"
        }
        index = mark
        return "\u{FFFD}"
    }

    private mutating func hexadecimal() -> UInt32? {
        guard bytes.endIndex - index >= 4 else { return nil }
        let digits = bytes[index..<(index + 4)]
        guard digits.allSatisfy({ $0.isDigit || ($0.isLetter && ($0 | 0x20) <= UInt8(ascii: "f")) }) else { return nil }
        index += 4
        return UInt32(String(digits), radix: 16)
    }
}
