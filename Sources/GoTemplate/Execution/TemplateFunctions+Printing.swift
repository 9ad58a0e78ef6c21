extension TemplateFunctions {
    static func printing(_ name: String) -> Function? {
        switch name {
        case "print": all { GoText.sprint($0) }
        case "println": all { $0.map(GoText.sprint).joined(separator: " ") + "\n" }
        case "printf":
            variadic(1) { values throws(TemplateFunctionError) in
                let arguments = values.dropFirst().map { $0 ?? .null }
                try checkSize(of: arguments)
                var format = GoFormat(try string(values[0]), arguments)
                guard let text = format.text() else { throw tooLong }
                return .string(text)
            }
        case "html": all { escapedHTML(joined($0)) }
        case "js": all { escapedScript(joined($0)) }
        case "urlquery": all { escapedQuery(joined($0)) }
        default: nil
        }
    }

    private static func all(_ body: @escaping @Sendable ([TemplateValue]) -> String) -> Function {
        variadic(0) { values throws(TemplateFunctionError) in
            let values = values.map { $0 ?? .null }
            try checkSize(of: values)
            return .string(body(values))
        }
    }

    static let tooLong = TemplateFunctionError("text longer than \(TemplateLimits.text) bytes")

    /// Refuses values that would make too long a text.
    static func checkSize(of values: [TemplateValue]) throws(TemplateFunctionError) {
        var size = 0
        for value in values {
            size += value.textSize
            guard size <= TemplateLimits.text else { throw tooLong }
        }
    }

    private static func joined(_ values: [TemplateValue]) -> String { GoText.sprint(values) }

    private static func escapedHTML(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": escaped += "&#34;"
            case "'": escaped += "&#39;"
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\0": escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func escapedScript(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "'": escaped += "\\'"
            case "\"": escaped += "\\\""
            case "<", ">", "&", "=": escaped += "\\u" + GoText.padded(String(scalar.value, radix: 16, uppercase: true), to: 4)
            case _ where scalar.value < 0x20:
                escaped += "\\u" + GoText.padded(String(scalar.value, radix: 16, uppercase: true), to: 4)
            case _ where scalar.value < 0x7F || GoText.isPrintable(scalar): escaped.unicodeScalars.append(scalar)
            default: escaped += "\\u" + GoText.padded(String(scalar.value, radix: 16, uppercase: true), to: 4)
            }
        }
        return escaped
    }

    /// For the query of a URL: a space becomes `+`.
    private static func escapedQuery(_ text: String) -> String {
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                escaped.append(byte)
            case UInt8(ascii: " "): escaped.append(UInt8(ascii: "+"))
            default:
                escaped.append(contentsOf: ("%" + GoText.padded(String(byte, radix: 16, uppercase: true), to: 2)).utf8)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}
