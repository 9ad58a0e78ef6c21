extension JSON {
    /// The value as JSON text in UTF-8, without a line end.
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
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0A: literal("\\n")
            case 0x0D: literal("\\r")
            case 0x09: literal("\\t")
            case 0..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                literal("\\u00" + (digits.utf8.count == 1 ? "0" : "") + digits)
            default: bytes.append(byte)
            }
        }
    }

    /// A loop: `allSatisfy` is generic also at run time, and this is asked of each string.
    private static func isPlain(_ text: String) -> Bool {
        for byte in text.utf8 where !isPlain(byte) { return false }
        return true
    }

    /// What stands for itself.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
}
