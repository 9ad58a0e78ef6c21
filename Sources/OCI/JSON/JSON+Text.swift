extension JSON {
    /// The value as JSON text in UTF-8, without a line end. What would steer a terminal is escaped: strangers choose texts, and
    /// people look at documents.
    ///
    /// - Parameter indent: Spaces for each level, one member to a line; nil for everything on one line without spaces.
    ///   Docker's `inspect` indents by 4.
    public func bytes(indent: Int? = nil) -> [UInt8] {
        var writer = JSONWriter(indent: indent)
        writer.value(self, level: 0)
        return writer.bytes
    }

    public func text(indent: Int? = nil) -> String { String(decoding: bytes(indent: indent), as: UTF8.self) }
}

private struct JSONWriter {
    let indent: Int?
    var bytes: [UInt8] = []

    mutating func value(_ value: JSON, level: Int) {
        switch value {
        case .null: literal("null")
        case .bool(let value): literal(value ? "true" : "false")
        case .integer(let value): literal(String(value))
        case .number(let digits): literal(digits)
        case .string(let text): string(text)
        case .array(let elements):
            list(UInt8(ascii: "["), UInt8(ascii: "]"), elements, level) { $0.value($1, level: level + 1) }
        case .object(let object):
            list(UInt8(ascii: "{"), UInt8(ascii: "}"), object.members, level) { writer, member in
                writer.string(member.name)
                writer.literal(writer.indent == nil ? ":" : ": ")
                writer.value(member.value, level: level + 1)
            }
        }
    }

    private mutating func literal(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func list<Element>(
        _ open: UInt8, _ close: UInt8, _ elements: [Element], _ level: Int,
        _ write: (inout JSONWriter, Element) -> Void
    ) {
        bytes.append(open)
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            newLine(level + 1)
            write(&self, element)
        }
        if !elements.isEmpty { newLine(level) }
        bytes.append(close)
    }

    private mutating func newLine(_ level: Int) {
        guard let indent else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * level))
    }

    private mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        defer { bytes.append(UInt8(ascii: "\"")) }
        // Nearly every one: a copy, not a look at each byte twice.
        guard !Self.isPlain(text) else { return literal(text) }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                bytes.append(UInt8(ascii: "\\"))
                literal(String(scalar))
            case "\n": literal("\\n")
            case "\r": literal("\\r")
            case "\t": literal("\\t")
            case _ where scalar.steersTerminals:
                let digits = String(scalar.value, radix: 16)
                literal("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits)
            default: literal(String(scalar))
            }
        }
    }

    /// A loop: `allSatisfy` is generic also at run time, and this is asked of each string.
    private static func isPlain(_ text: String) -> Bool {
        for byte in text.utf8 where !isPlain(byte) { return false }
        return true
    }

    /// What stands for itself, and begins no sign of those that are escaped beyond ASCII.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0..<0x20, 0x7F, UInt8(ascii: "\""), UInt8(ascii: "\\"), 0xC2, 0xE2, 0xEF: false
        default: true
        }
    }
}

extension Unicode.Scalar {
    /// Whether a terminal does something else than show it: control characters (C0, C1, DEL), line and paragraph separators,
    /// and the marks that turn the writing direction. All are below U+10000.
    public var steersTerminals: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }
}
