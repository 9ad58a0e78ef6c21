/// Go's fmt.Sprintf for the kinds of values that templates have. What doesn't fit is shown, as `%!d(string=x)`.
struct GoFormat {
    private var format: ArraySlice<Unicode.Scalar>
    private let values: [TemplateValue]
    private var index = 0
    private var wasReordered = false
    private var output = ""
    private var isTooLong = false

    /// What stands between `%` and the verb.
    struct Flags {
        var minus = false
        var plus = false
        var sharp = false
        var space = false
        var zero = false
        var width: Int?
        var precision: Int?
    }

    init(_ format: String, _ values: [TemplateValue]) {
        self.format = Array(format.unicodeScalars)[...]
        self.values = values
    }

    /// Nil where it would be too long: a width is a few digits, and makes many spaces.
    mutating func text() -> String? {
        while let scalar = format.popFirst() {
            guard output.utf8.count <= TemplateLimits.text, !isTooLong else { return nil }
            if scalar == "%" { directive() } else { output.unicodeScalars.append(scalar) }
        }
        guard !isTooLong else { return nil }
        if index < values.count, !wasReordered {
            let extra = values[index...].map { value in
                if case .null = value { return "<nil>" }
                return "\(value.typeName)=\(GoText.sprint(value))"
            }
            output += "%!(EXTRA \(extra.joined(separator: ", ")))"
        }
        return output
    }

    private mutating func directive() {
        var flags = self.flags()
        guard argumentNumber() else { return bad("BADINDEX") }
        if format.first == "*" {
            format.removeFirst()
            guard let width = starred() else { return bad("BADWIDTH") }
            if width < 0 { flags.minus = true }
            flags.width = abs(width)
        } else {
            flags.width = number()
        }
        if format.first == "." {
            format.removeFirst()
            guard argumentNumber() else { return bad("BADINDEX") }
            if format.first == "*" {
                format.removeFirst()
                guard let precision = starred(), precision >= 0 else { return bad("BADPREC") }
                flags.precision = precision
            } else {
                flags.precision = number() ?? 0
            }
        }
        guard argumentNumber() else { return bad("BADINDEX") }
        guard let verb = format.popFirst() else {
            output += "%!(NOVERB)"
            return
        }
        if verb == "%" {
            output += "%"
            return
        }
        guard index < values.count else {
            output += "%!\(verb)(\(wasReordered ? "BADINDEX" : "MISSING"))"
            return
        }
        let value = values[index]
        index += 1
        // Each element of a list is made that wide.
        let wide = max(flags.width ?? 0, flags.precision ?? 0)
        if case .list(let elements) = value { isTooLong = elements.count * wide > TemplateLimits.text }
        if case .map(let map) = value { isTooLong = map.entries.count * wide * 2 > TemplateLimits.text }
        if !isTooLong { output += GoVerb(verb, flags).text(value) }
    }

    private mutating func bad(_ reason: String) {
        let verb = format.popFirst().map { String($0) } ?? ""
        output += "%!\(verb)(\(reason))"
    }

    private mutating func flags() -> Flags {
        var flags = Flags()
        while let scalar = format.first {
            switch scalar {
            case "-": flags.minus = true
            case "+": flags.plus = true
            case "#": flags.sharp = true
            case " ": flags.space = true
            case "0": flags.zero = true
            default: return flags
            }
            format.removeFirst()
        }
        return flags
    }

    /// Digits, at most so many that a width stays harmless.
    private mutating func number() -> Int? {
        var value: Int?
        while let digit = format.first, digit.isASCII, let number = Int(String(digit)) {
            value = min((value ?? 0) * 10 + number, TemplateLimits.width)
            format.removeFirst()
        }
        return value
    }

    /// `[n]`, which picks an argument; false where there is no such one.
    private mutating func argumentNumber() -> Bool {
        guard format.first == "[" else { return true }
        format.removeFirst()
        wasReordered = true
        let number = number()
        guard format.first == "]" else { return false }
        format.removeFirst()
        guard let number, number >= 1, number <= values.count else { return false }
        index = number - 1
        return true
    }

    private mutating func starred() -> Int? {
        guard index < values.count, case .int(let value) = values[index] else { return nil }
        index += 1
        return Int(exactly: value).flatMap { $0.magnitude <= TemplateLimits.width ? $0 : nil }
    }
}

/// One verb with its flags.
struct GoVerb {
    let verb: Unicode.Scalar
    let flags: GoFormat.Flags

    init(_ verb: Unicode.Scalar, _ flags: GoFormat.Flags) {
        self.verb = verb
        self.flags = flags
    }

    func text(_ value: TemplateValue) -> String {
        switch (verb, value) {
        case ("T", _): return padded(value.typeName)
        case ("v", .null), ("v", .nilPointer): return padded("<nil>")
        case (_, .null), (_, .nilPointer): return "%!\(verb)(<nil>)"
        case ("v", .bool), ("t", .bool): return padded(GoText.sprint(value))
        case ("v", .duration), ("s", .duration): return padded(GoText.sprint(value))
        case (_, .duration(let number)): return integer(number) ?? mismatch(value)
        case (_, .int(let number)): return integer(number) ?? mismatch(value)
        case (_, .float(let number)): return float(number) ?? mismatch(value)
        case (_, .string(let text)): return string(text) ?? mismatch(value)
        case (_, .list(let elements)): return "[" + elements.map(text).joined(separator: " ") + "]"
        case (_, .map(let map)):
            return "map[" + map.entries.map { "\(text(.string($0.key))):\(text($0.value))" }.joined(separator: " ") + "]"
        case (_, .record(let record)):
            let parts = record.fields.compactMap { field in
                field.plainValue.map { flags.plus ? "\(field.name):\(text($0))" : text($0) }
            }
            return "{" + parts.joined(separator: " ") + "}"
        default: return mismatch(value)
        }
    }

    private func mismatch(_ value: TemplateValue) -> String {
        "%!\(verb)(\(value.typeName)=\(GoText.sprint(value)))"
    }

    private func padded(_ text: String) -> String {
        let missing = (flags.width ?? 0) - text.unicodeScalars.count
        guard missing > 0 else { return text }
        let space = String(repeating: " ", count: missing)
        return flags.minus ? text + space : space + text
    }

    /// A number: zeros go between its sign and its digits.
    private func padded(_ sign: String, _ digits: String) -> String {
        let missing = (flags.width ?? 0) - sign.unicodeScalars.count - digits.unicodeScalars.count
        guard flags.zero, !flags.minus, missing > 0 else { return padded(sign + digits) }
        return sign + String(repeating: "0", count: missing) + digits
    }

    private func sign(_ isNegative: Bool) -> String { isNegative ? "-" : flags.plus ? "+" : flags.space ? " " : "" }

    private func integer(_ number: Int64) -> String? {
        let scalar = UInt32(exactly: number).flatMap(Unicode.Scalar.init) ?? "\u{FFFD}"
        func digits(_ radix: Int, _ prefix: String, uppercase: Bool = false) -> String {
            let digits = String(number.magnitude, radix: radix, uppercase: uppercase)
            guard let precision = flags.precision else { return padded(sign(number < 0) + prefix, digits) }
            return padded(sign(number < 0) + prefix + GoText.padded(digits, to: precision))
        }
        switch verb {
        case "v", "d": return digits(10, "")
        case "b": return digits(2, flags.sharp ? "0b" : "")
        case "o": return digits(8, flags.sharp ? "0" : "")
        case "O": return digits(8, "0o")
        case "x": return digits(16, flags.sharp ? "0x" : "")
        case "X": return digits(16, flags.sharp ? "0X" : "", uppercase: true)
        case "c": return padded(String(scalar))
        case "q": return padded(GoText.quoted(String(scalar), by: "'"))
        case "U": return padded("U+" + GoText.padded(String(number.magnitude, radix: 16, uppercase: true), to: 4))
        default: return nil
        }
    }

    private func float(_ number: Double) -> String? {
        let size = number.magnitude
        let digits: String
        switch verb {
        case "v": digits = FloatText.general(size, precision: flags.precision)
        case "g", "G": digits = FloatText.general(size, precision: flags.precision)
        case "f", "F": digits = FloatText.fixed(size, precision: flags.precision ?? 6)
        case "e", "E": digits = FloatText.exponential(size, precision: flags.precision ?? 6)
        default: return nil
        }
        guard number.isFinite else { return padded(number.isNaN ? "NaN" : number < 0 ? "-Inf" : "+Inf") }
        return padded(sign(number.sign == .minus), verb == "G" || verb == "E" ? digits.uppercased() : digits)
    }

    private func string(_ text: String) -> String? {
        let cut = flags.precision.map { String(String.UnicodeScalarView(text.unicodeScalars.prefix($0))) } ?? text
        switch verb {
        case "v" where flags.sharp: return padded(GoText.quoted(text))
        case "s", "v": return padded("", cut)
        case "q":
            let isRaw = flags.sharp && !cut.utf8.contains { $0 == UInt8(ascii: "`") || $0 < 0x20 }
            return padded(isRaw ? "`\(cut)`" : GoText.quoted(cut))
        case "x", "X":
            let bytes = text.utf8.prefix(flags.precision ?? Int.max)
            return padded(
                bytes.map { GoText.padded(String($0, radix: 16, uppercase: verb == "X"), to: 2) }
                    .joined(separator: flags.space ? " " : ""))
        default: return nil
        }
    }
}
