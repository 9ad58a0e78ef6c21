/// Bytes as the grammar of Dockerfiles sorts them. Only ASCII separates: a no-break space is a letter of its word.
extension UInt8 {
    static let tab = UInt8(ascii: "\t")
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let hash = UInt8(ascii: "#")
    static let dollar = UInt8(ascii: "$")
    static let singleQuote = UInt8(ascii: "'")
    static let doubleQuote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
    static let backtick = UInt8(ascii: "`")
    static let equals = UInt8(ascii: "=")
    static let dash = UInt8(ascii: "-")
    static let slash = UInt8(ascii: "/")
    static let colon = UInt8(ascii: ":")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")
    static let comma = UInt8(ascii: ",")
    static let less = UInt8(ascii: "<")

    /// What separates the words of a line: `[\t\v\f\r ]`.
    var isBlank: Bool { self == .space || self == .tab || (self >= 0x0B && self <= 0x0D) }
    var isSpace: Bool { self == .newline || isBlank }
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
    var isLetter: Bool { (self | 0x20) >= UInt8(ascii: "a") && (self | 0x20) <= UInt8(ascii: "z") }
    /// May be part of a variable's name.
    var isNamePart: Bool { isLetter || isDigit || self == UInt8(ascii: "_") }
    /// Begins a character in UTF-8, or is one.
    var beginsCharacter: Bool { self & 0xC0 != 0x80 }
}

extension ArraySlice<UInt8> {
    var trimmed: ArraySlice<UInt8> { trimmedLeft.trimmedRight }

    var trimmedLeft: ArraySlice<UInt8> {
        var start = startIndex
        while start < endIndex, self[start].isSpace { start += 1 }
        return self[start...]
    }

    var trimmedRight: ArraySlice<UInt8> {
        var end = endIndex
        while end > startIndex, self[end - 1].isSpace { end -= 1 }
        return self[..<end]
    }

    /// Without the line end: all carriage returns and newlines at the end, as BuildKit takes it.
    var withoutLineEnd: ArraySlice<UInt8> {
        var end = endIndex
        while end > startIndex, self[end - 1] == .newline || self[end - 1] == .carriageReturn { end -= 1 }
        return self[..<end]
    }

    func equals(_ other: ArraySlice<UInt8>) -> Bool { count == other.count && elementsEqual(other) }
}

extension String {
    init(_ bytes: ArraySlice<UInt8>) { self.init(decoding: bytes, as: UTF8.self) }

    var trimmed: String { String(Array(utf8)[...].trimmed) }

    /// Whether only letters of one case are in it, where ASCII has two.
    var isLowercase: Bool { !utf8.contains { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") } }
    var isUppercase: Bool { !utf8.contains { $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z") } }

    /// As Go's `%q` writes it.
    var quoted: String {
        var result = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// What stands before and after the first `separator`; nil where there is none.
    func split(atFirst separator: UInt8) -> (before: String, after: String)? {
        guard let index = utf8.firstIndex(of: separator) else { return nil }
        return (String(self[..<index]), String(self[utf8.index(after: index)...]))
    }

    func holds(_ part: String) -> Bool {
        let text = Array(utf8)
        let part = Array(part.utf8)
        guard part.count <= text.count else { return false }
        return (0...(text.count - part.count)).contains { text[$0...].starts(with: part) }
    }

    func split(by separator: UInt8) -> [String] {
        utf8.split(separator: separator, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }
}
