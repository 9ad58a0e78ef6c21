extension GoText {
    /// strconv.Unquote for text in `"` or `'`; nil for an escape that Go doesn't know.
    static func unquoted(_ literal: String) -> String? {
        let scalars = Array(literal.unicodeScalars)
        guard let quote = scalars.first, scalars.count >= 2, scalars.last == quote else { return nil }
        var rest = scalars[1..<(scalars.count - 1)]
        var bytes: [UInt8] = []
        while let scalar = rest.popFirst() {
            if scalar == quote { return nil }
            guard scalar == "\\" else {
                bytes.append(contentsOf: String(scalar).utf8)
                continue
            }
            guard let letter = rest.popFirst(), let escaped = unescaped(letter, quote, &rest) else { return nil }
            bytes.append(contentsOf: escaped)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func unescaped(
        _ letter: Unicode.Scalar, _ quote: Unicode.Scalar, _ rest: inout ArraySlice<Unicode.Scalar>
    ) -> [UInt8]? {
        switch letter {
        case "a": return [0x07]
        case "b": return [0x08]
        case "f": return [0x0C]
        case "n": return [0x0A]
        case "r": return [0x0D]
        case "t": return [0x09]
        case "v": return [0x0B]
        case "\\": return [UInt8(ascii: "\\")]
        case "\"", "'": return letter == quote ? Array(String(letter).utf8) : nil
        case "x": return digits(2, radix: 16, &rest).flatMap { UInt8(exactly: $0) }.map { [$0] }
        case "u": return digits(4, radix: 16, &rest).flatMap(Unicode.Scalar.init).map { Array(String($0).utf8) }
        case "U": return digits(8, radix: 16, &rest).flatMap(Unicode.Scalar.init).map { Array(String($0).utf8) }
        case "0"..."7":
            rest = [letter] + rest
            return digits(3, radix: 8, &rest).flatMap { UInt8(exactly: $0) }.map { [$0] }
        default: return nil
        }
    }

    private static func digits(_ count: Int, radix: Int, _ rest: inout ArraySlice<Unicode.Scalar>) -> UInt32? {
        let text = String(String.UnicodeScalarView(rest.prefix(count)))
        guard text.utf8.count == count, text.utf8.first != UInt8(ascii: "+"), text.utf8.first != UInt8(ascii: "-")
        else { return nil }
        rest = rest.dropFirst(count)
        return UInt32(text, radix: radix)
    }

    /// A number of Go's syntax: `12`, `-1.5`, `0x1F`, `0o17`, `0b11`, `1_000`, `1e3`.
    static func number(_ text: String) -> TemplateValue? {
        var body = text[...]
        let isNegative = body.utf8.first == UInt8(ascii: "-")
        if isNegative || body.utf8.first == UInt8(ascii: "+") { body = body.dropFirst() }
        guard let first = body.utf8.first, first != UInt8(ascii: "_"), body.utf8.last != UInt8(ascii: "_"),
            first != UInt8(ascii: "-"), first != UInt8(ascii: "+")
        else { return nil }
        let plain = String(body.filter { $0 != "_" })
        let sign = isNegative ? "-" : ""
        let prefix = plain.prefix(2).lowercased()
        let radix = prefix == "0x" ? 16 : prefix == "0o" ? 8 : prefix == "0b" ? 2 : 10
        if radix != 10 { return Int64(sign + plain.dropFirst(2), radix: radix).map(TemplateValue.int) }
        if plain.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) {
            // A leading zero means octal, as in C.
            let isOctal = plain.utf8.count > 1 && first == UInt8(ascii: "0")
            return Int64(sign + plain, radix: isOctal ? 8 : 10).map(TemplateValue.int)
        }
        guard plain.utf8.allSatisfy({ "0123456789.eE+-".utf8.contains($0) }) else { return nil }
        guard let value = Double(sign + (first == UInt8(ascii: ".") ? "0" : "") + plain + (plain.utf8.last == UInt8(ascii: ".") ? "0" : "")),
            value.isFinite
        else { return nil }
        return .float(value)
    }
}
