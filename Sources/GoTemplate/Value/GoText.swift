/// Texts as Go's fmt and strconv write and read them.
public enum GoText {
    /// As an action prints a value.
    static func printed(_ value: TemplateValue) -> String {
        if case .null = value { return "<no value>" }
        return sprint(value)
    }

    /// `%v`.
    static func sprint(_ value: TemplateValue) -> String {
        switch value {
        case .nilPointer(let type) where value.isNilCollection: type.hasPrefix("map[") ? "map[]" : "[]"
        case .null, .nilPointer: "<nil>"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .duration(let value): duration(value)
        case .float(let value): FloatText.general(value)
        case .string(let text): text
        case .list(let elements): "[" + elements.map(sprint).joined(separator: " ") + "]"
        case .map(let map) where map.isStructure:
            "{" + map.declared.map { sprint($0.value) }.joined(separator: " ") + "}"
        case .map(let map):
            "map[" + map.entries.map { "\($0.key):\(sprint($0.value))" }.joined(separator: " ") + "]"
        case .record(let record):
            "{" + record.fields.compactMap { $0.plainValue.map(sprint) }.joined(separator: " ") + "}"
        }
    }

    /// time.Duration's String: `1h0m30s`, `1.5s`, `250ms`, `0s`.
    public static func duration(_ nanoseconds: Int64) -> String {
        let sign = nanoseconds < 0 ? "-" : ""
        let size = nanoseconds.magnitude
        let units: [(name: String, size: UInt64)] = [("ns", 1), ("\u{B5}s", 1000), ("ms", 1_000_000)]
        guard size > 0 else { return "0s" }
        if size < 1_000_000_000 {
            let unit = units.last { size >= $0.size } ?? units[0]
            return sign + fraction(size, of: unit.size) + unit.name
        }
        let minute = UInt64(60_000_000_000)
        let (hours, minutes) = (size / (60 * minute), size / minute % 60)
        let seconds = fraction(size % minute, of: 1_000_000_000) + "s"
        if hours > 0 { return "\(sign)\(hours)h\(minutes)m\(seconds)" }
        return sign + (minutes > 0 ? "\(minutes)m" : "") + seconds
    }

    /// As many of a unit, without zeros at the end.
    private static func fraction(_ size: UInt64, of unit: UInt64) -> String {
        var digits = padded(String(size % unit), to: String(unit).utf8.count - 1)
        while digits.hasSuffix("0") { digits.removeLast() }
        return String(size / unit) + (digits.isEmpty ? "" : "." + digits)
    }

    /// fmt.Sprint: a space between two operands of which none is a string.
    static func sprint(_ values: [TemplateValue]) -> String {
        var text = ""
        var wasString = true
        for (index, value) in values.enumerated() {
            var isString = false
            if case .string = value { isString = true }
            if index > 0, !isString, !wasString { text += " " }
            text += sprint(value)
            wasString = isString
        }
        return text
    }

    /// `U+0040 '@'`
    static func unicodeName(of scalar: Unicode.Scalar) -> String {
        let name = "U+" + padded(String(scalar.value, radix: 16, uppercase: true), to: 4)
        return isPrintable(scalar) ? "\(name) '\(scalar)'" : name
    }

    static func padded(_ digits: String, to width: Int) -> String {
        String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }

    /// strconv.Quote.
    public static func quoted(_ text: String, by quote: Unicode.Scalar = "\"") -> String {
        var quoted = String(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case quote, "\\": quoted += "\\\(scalar)"
            case "\u{07}": quoted += "\\a"
            case "\u{08}": quoted += "\\b"
            case "\u{0C}": quoted += "\\f"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{0B}": quoted += "\\v"
            case _ where isPrintable(scalar): quoted.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                quoted += "\\x" + padded(String(scalar.value, radix: 16), to: 2)
            case _ where scalar.value < 0x10000: quoted += "\\u" + padded(String(scalar.value, radix: 16), to: 4)
            default: quoted += "\\U" + padded(String(scalar.value, radix: 16), to: 8)
            }
        }
        return quoted + String(quote)
    }

    /// strings.Split: at an empty separator between characters.
    static func split(_ text: String, by separator: String) -> [String] {
        guard !separator.isEmpty else { return text.unicodeScalars.map { String($0) } }
        let (bytes, mark) = (Array(text.utf8), Array(separator.utf8))
        var parts: [String] = []
        var (start, place) = (0, 0)
        while place + mark.count <= bytes.count {
            if bytes[place..<place + mark.count].elementsEqual(mark) {
                parts.append(String(decoding: bytes[start..<place], as: UTF8.self))
                place += mark.count
                start = place
            } else {
                place += 1
            }
        }
        return parts + [String(decoding: bytes[start...], as: UTF8.self)]
    }

    /// strings.Title: the first letter of each word in upper case.
    static func title(_ text: String) -> String {
        var (titled, isInWord) = ("", false)
        for scalar in text.unicodeScalars {
            let isLetter = scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "_" || scalar == "'"
            if isLetter, !isInWord { titled += scalar.properties.titlecaseMapping } else { titled.unicodeScalars.append(scalar) }
            isInWord = isLetter
        }
        return titled
    }
}
