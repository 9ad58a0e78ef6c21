/// A value as JSON, as Go's encoding/json writes it: map keys sorted, record fields in their order.
enum TemplateJSON {
    static func text(_ value: TemplateValue) -> String {
        var writer = Writer()
        writer.value(value, escapesHTML: false)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private struct Writer {
        var bytes: [UInt8] = []

        mutating func value(_ value: TemplateValue, escapesHTML: Bool) {
            switch value {
            case .null, .nilPointer: write("null")
            case .bool(let value): write(value ? "true" : "false")
            case .int(let value), .duration(let value): write(String(value))
            case .float(let value): write(FloatText.json(value))
            case .string(let text): string(text, escapesHTML)
            case .list(let elements):
                write("[")
                for (index, element) in elements.enumerated() {
                    if index > 0 { write(",") }
                    self.value(element, escapesHTML: escapesHTML)
                }
                write("]")
            case .map(let map): members(map.declared.map { ($0.key, $0.value) }, escapesHTML)
            case .record(let record):
                let named = record.fields.compactMap { field in
                    field.jsonName.flatMap { name in field.plainValue.map { (name, $0) } }
                }
                members(named, escapesHTML || record.escapesHTML)
            }
        }

        private mutating func members(_ members: [(String, TemplateValue)], _ escapesHTML: Bool) {
            write("{")
            for (index, member) in members.enumerated() {
                if index > 0 { write(",") }
                string(member.0, escapesHTML)
                write(":")
                value(member.1, escapesHTML: escapesHTML)
            }
            write("}")
        }

        private mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

        private mutating func string(_ text: String, _ escapesHTML: Bool) {
            write("\"")
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\"": write("\\\"")
                case "\\": write("\\\\")
                case "\n": write("\\n")
                case "\r": write("\\r")
                case "\t": write("\\t")
                case "\u{08}": write("\\b")
                case "\u{0C}": write("\\f")
                case "<", ">", "&": if escapesHTML { escape(scalar) } else { write(String(scalar)) }
                case "\u{2028}", "\u{2029}": escape(scalar)
                // DEL too, which Go leaves: what makes output harmless for terminals would make it no JSON.
                case _ where scalar.value < 0x20 || scalar.value == 0x7F: escape(scalar)
                default: write(String(scalar))
                }
            }
            write("\"")
        }

        private mutating func escape(_ scalar: Unicode.Scalar) {
            write("\\u" + GoText.padded(String(scalar.value, radix: 16), to: 4))
        }
    }
}
