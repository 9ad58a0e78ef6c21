/// Why a value can't be taken, as the end of `invalid argument "x" for "--y" flag: …`.
public struct OptionValueError: Error, Sendable, Equatable {
    public let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// The grammar of values, as Docker's client reads them; public for values inside others (`--mount type=tmpfs,tmpfs-size=64m`).
public enum OptionValue {
    /// Go's strconv.ParseBool.
    public static func bool(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }

    public static func integer(_ text: String) throws(OptionValueError) -> Int {
        if let value = Int(text) { return value }
        let digits = text.utf8.first == UInt8(ascii: "-") || text.utf8.first == UInt8(ascii: "+")
            ? text.utf8.dropFirst() : text.utf8[...]
        let isNumber = !digits.isEmpty && digits.allSatisfy(isDigit)
        throw OptionValueError(
            "strconv.ParseInt: parsing \"\(text)\": " + (isNumber ? "value out of range" : "invalid syntax"))
    }

    /// A size in bytes; units are powers of 1024: `512`, `64k`, `1.5 GiB`.
    ///
    /// - SeeAlso: RAMInBytes of Docker's go-units.
    public static func bytes(_ text: String) throws(OptionValueError) -> Int64 {
        let number = text.utf8.prefix { isDigit($0) || $0 == UInt8(ascii: ".") }
        var unit = String(text.utf8.dropFirst(number.count)) ?? "?"
        guard let value = Double(String(number) ?? ""), !number.isEmpty else {
            throw OptionValueError("invalid size: '\(text)'")
        }
        if unit.utf8.first == UInt8(ascii: " ") { unit.removeFirst() }
        guard let scale = scale(ofUnit: unit.lowercased()) else {
            throw OptionValueError("invalid suffix: '\(unit)'")
        }
        guard let bytes = Int64(exactly: (value * scale).rounded(.towardZero)) else {
            throw OptionValueError("invalid size: '\(text)'")
        }
        return bytes
    }

    private static func scale(ofUnit unit: String) -> Double? {
        switch unit {
        case "", "b": 1
        case "k", "kb", "kib": 1024
        case "m", "mb", "mib": 1_048_576
        case "g", "gb", "gib": 1_073_741_824
        case "t", "tb", "tib": 1_099_511_627_776
        case "p", "pb", "pib": 1_125_899_906_842_624
        default: nil
        }
    }

    /// A decimal fraction in billionths, exactly; what is finer is refused.
    public static func billionths(_ text: String) throws(OptionValueError) -> Int64 {
        let invalid = OptionValueError("failed to parse \(text) as a rational number")
        var digits = text.utf8[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
        let point = digits.firstIndex(of: UInt8(ascii: "."))
        let whole = digits[..<(point ?? digits.endIndex)]
        var fraction = point.map { digits[digits.index(after: $0)...] } ?? digits[digits.endIndex...]
        guard whole.allSatisfy(isDigit), fraction.allSatisfy(isDigit), !(whole.isEmpty && fraction.isEmpty) else {
            throw invalid
        }
        while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
        guard fraction.count <= 9 else { throw OptionValueError("value is too precise") }
        let padded = Array(whole) + Array(fraction) + Array(repeating: UInt8(ascii: "0"), count: 9 - fraction.count)
        guard let value = Int64(String(decoding: padded, as: UTF8.self)) else { throw invalid }
        return isNegative ? -value : value
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}

extension OptionValue {
    /// A time in nanoseconds, as Go writes it: `1h30m`, `1.5s`, `-200ms`, `0`.
    ///
    /// - SeeAlso: time.ParseDuration.
    public static func nanoseconds(_ text: String) throws(OptionValueError) -> Int64 {
        let invalid = OptionValueError("time: invalid duration \"\(text)\"")
        var rest = text.utf8[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        if rest.elementsEqual("0".utf8) { return 0 }
        guard !rest.isEmpty else { throw invalid }
        var total: Int64 = 0
        while !rest.isEmpty {
            let number = rest.prefix { isDigit($0) || $0 == UInt8(ascii: ".") }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !isDigit($0) && $0 != UInt8(ascii: ".") }
            rest = rest.dropFirst(unit.count)
            guard let digits = String(number), !digits.isEmpty, digits != "." else { throw invalid }
            guard !unit.isEmpty else { throw OptionValueError("time: missing unit in duration \"\(text)\"") }
            let name = String(unit) ?? "?"
            guard let scale = nanoseconds(inUnit: name) else {
                throw OptionValueError("time: unknown unit \"\(name)\" in duration \"\(text)\"")
            }
            guard let part = nanoseconds(digits, scale: scale) else { throw invalid }
            let (sum, overflows) = total.addingReportingOverflow(part)
            guard !overflows else { throw invalid }
            total = sum
        }
        return isNegative ? -total : total
    }

    private static func nanoseconds(inUnit unit: String) -> Int64? {
        switch unit {
        case "ns": 1
        case "us", "µs", "μs": 1_000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        default: nil
        }
    }

    /// Whole units exactly, the fraction by a double: it is below one unit, and so exact enough.
    private static func nanoseconds(_ digits: String, scale: Int64) -> Int64? {
        let point = digits.utf8.firstIndex(of: UInt8(ascii: ".")) ?? digits.utf8.endIndex
        let wholeText = String(digits[..<point])
        let fractionText = "0" + digits[point...]
        guard let whole = wholeText.isEmpty ? 0 : Int64(wholeText),
            let fraction = fractionText == "0" || fractionText == "0." ? 0 : Double(fractionText)
        else { return nil }
        let (product, overflows) = whole.multipliedReportingOverflow(by: scale)
        guard !overflows, let part = Int64(exactly: (fraction * Double(scale)).rounded(.towardZero)) else { return nil }
        let (sum, sumOverflows) = product.addingReportingOverflow(part)
        return sumOverflows ? nil : sum
    }
}

extension OptionKind {
    /// Judges a value when it is parsed, so that a command meets only good ones.
    func check(_ text: String) throws(OptionValueError) {
        switch self {
        case .flag:
            guard OptionValue.bool(text) != nil else {
                throw OptionValueError("strconv.ParseBool: parsing \"\(text)\": invalid syntax")
            }
        case .text, .list: break
        case .integer: _ = try OptionValue.integer(text)
        case .bytes: _ = try OptionValue.bytes(text)
        case .decimal: _ = try OptionValue.billionths(text)
        case .duration: _ = try OptionValue.nanoseconds(text)
        }
    }
}
