extension JSONParser {
    /// A string, from its first quote to past its last.
    mutating func string() throws(JSONError) -> String {
        let open = offset
        offset += 1
        let start = offset
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: "\""):
                defer { offset += 1 }
                return String(decoding: bytes[start..<offset], as: UTF8.self)
            case UInt8(ascii: "\\"): return try escapedString(from: start, open: open)
            case 0..<0x20: throw error("control character in a string")
            default: offset += 1
            }
        }
        throw error("string without end", at: open)
    }

    /// The same for a string in which an escape was met.
    private mutating func escapedString(from start: Int, open: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<offset])
        while offset < bytes.count {
            let byte = bytes[offset]
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                offset += 1
                text.append(contentsOf: try escape())
            case 0..<0x20: throw error("control character in a string")
            default:
                text.append(byte)
                offset += 1
            }
        }
        throw error("string without end", at: open)
    }

    private mutating func escape() throws(JSONError) -> [UInt8] {
        guard offset < bytes.count else { throw error("string without end") }
        let byte = bytes[offset]
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(Character(try unicodeEscape())).utf8)
        default: throw error("unknown escape", at: offset - 1)
        }
    }

    /// `\uXXXX` or a pair of surrogates; half a pair becomes U+FFFD, as Go's decoder has it.
    private mutating func unicodeEscape() throws(JSONError) -> UnicodeScalar {
        let unit = try hexadecimal()
        if let scalar = UnicodeScalar(unit) { return scalar }
        guard unit < 0xDC00, offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
            bytes[offset + 1] == UInt8(ascii: "u")
        else { return "\u{FFFD}" }
        let mark = offset
        offset += 2
        let low = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(low) else {
            offset = mark
            return "\u{FFFD}"
        }
        return UnicodeScalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        guard bytes.count - offset >= 4 else { throw error("string without end") }
        var value: UInt32 = 0
        for byte in bytes[offset..<offset + 4] {
            guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else { throw error("expected four hex digits") }
            value = value << 4 | UInt32(digit)
        }
        offset += 4
        return value
    }
}
