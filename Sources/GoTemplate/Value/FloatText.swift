/// Texts of floating-point numbers, as strconv.FormatFloat writes them.
enum FloatText {
    /// The digits of a number without leading zeros, and the place of its point: `0.digits × 10^exponent`.
    struct Decimal {
        var digits: [UInt8]
        var exponent: Int

        /// Rounds half to even on exact digits, to `count` of them.
        mutating func round(to count: Int) {
            guard count < digits.count else { return }
            guard count >= 0 else {
                digits = []
                return
            }
            let rest = digits[count...]
            let isHalf = rest.first == 5 && rest.dropFirst().allSatisfy { $0 == 0 }
            let isUp = isHalf ? count > 0 && digits[count - 1] % 2 == 1 : (rest.first ?? 0) >= 5
            digits.removeLast(digits.count - count)
            guard isUp else { return }
            var place = count - 1
            while place >= 0, digits[place] == 9 {
                digits[place] = 0
                place -= 1
            }
            if place >= 0 {
                digits[place] += 1
            } else {
                digits.insert(1, at: 0)
                if digits.count > 1 { digits.removeLast() }
                exponent += 1
            }
        }
    }

    /// The fewest digits that read back as the same number.
    static func shortest(_ value: Double) -> Decimal {
        // Swift's description has them, in one of two forms.
        let text = value.magnitude.description
        let parts = text.split(separator: "e")
        let mantissa = parts.first.map(String.init) ?? "0"
        let power = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let point = mantissa.utf8.firstIndex(of: UInt8(ascii: ".")) ?? mantissa.utf8.endIndex
        let whole = mantissa.utf8.distance(from: mantissa.utf8.startIndex, to: point)
        return trimmed(
            mantissa.utf8.filter { $0 != UInt8(ascii: ".") }.map { $0 &- UInt8(ascii: "0") }, exponent: whole + power)
    }

    /// All digits of the number, exactly.
    static func exact(_ value: Double) -> Decimal {
        guard value != 0, value.isFinite else { return Decimal(digits: [], exponent: 0) }
        // significand × 2^power: doubled or halved digit by digit, at most 1,100 times.
        var digits = String(value.magnitude.significandBitPattern | (value.isNormal ? 1 << 52 : 0)).utf8
            .map { $0 &- UInt8(ascii: "0") }
        var exponent = digits.count
        let power = (value.isNormal ? Int(value.exponentBitPattern) : 1) - 1075
        for _ in 0..<abs(power) {
            if power > 0 { double(&digits, &exponent) } else { halve(&digits, &exponent) }
        }
        return trimmed(digits, exponent: exponent)
    }

    private static func double(_ digits: inout [UInt8], _ exponent: inout Int) {
        var carry: UInt8 = 0
        for index in digits.indices.reversed() {
            let sum = digits[index] * 2 + carry
            digits[index] = sum % 10
            carry = sum / 10
        }
        guard carry > 0 else { return }
        digits.insert(carry, at: 0)
        exponent += 1
    }

    private static func halve(_ digits: inout [UInt8], _ exponent: inout Int) {
        var rest: UInt8 = 0
        for index in digits.indices {
            let part = rest * 10 + digits[index]
            digits[index] = part / 2
            rest = part % 2
        }
        if rest > 0 { digits.append(5) }
        if digits.first == 0 {
            digits.removeFirst()
            exponent -= 1
        }
    }

    private static func trimmed(_ digits: [UInt8], exponent: Int) -> Decimal {
        let zeros = digits.prefix { $0 == 0 }.count
        var digits = Array(digits.dropFirst(zeros))
        while digits.last == 0 { digits.removeLast() }
        return Decimal(digits: digits, exponent: digits.isEmpty ? 0 : exponent - zeros)
    }

    // MARK: Formats

    private static func special(_ value: Double) -> String? {
        value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : nil
    }

    private static func text(_ digits: some Collection<UInt8>) -> String {
        String(decoding: digits.map { $0 &+ UInt8(ascii: "0") }, as: UTF8.self)
    }

    private static func sign(_ value: Double) -> String { value.sign == .minus ? "-" : "" }

    /// `%f`; without a precision with as many digits as the number needs.
    static func fixed(_ value: Double, precision: Int?) -> String {
        if let special = special(value) { return special }
        var decimal = precision == nil ? shortest(value) : exact(value)
        if let precision { decimal.round(to: decimal.exponent + precision) }
        let places = precision ?? max(0, decimal.digits.count - decimal.exponent)
        let whole = decimal.exponent > 0 ? padded(decimal.digits, 0..<decimal.exponent) : "0"
        guard places > 0 else { return sign(value) + whole }
        return sign(value) + whole + "." + padded(decimal.digits, decimal.exponent..<(decimal.exponent + places))
    }

    /// The digits at these places, 0 where there are none.
    private static func padded(_ digits: [UInt8], _ places: Range<Int>) -> String {
        text(places.map { digits.indices.contains($0) ? digits[$0] : 0 })
    }

    /// `%e`.
    static func exponential(_ value: Double, precision: Int?) -> String {
        if let special = special(value) { return special }
        var decimal = precision == nil ? shortest(value) : exact(value)
        if let precision { decimal.round(to: precision + 1) }
        let places = precision ?? max(0, decimal.digits.count - 1)
        let exponent = decimal.digits.isEmpty ? 0 : decimal.exponent - 1
        var text = sign(value) + padded(decimal.digits, 0..<1)
        if places > 0 { text += "." + padded(decimal.digits, 1..<(places + 1)) }
        let power = String(abs(exponent))
        return text + (exponent < 0 ? "e-" : "e+") + (power.utf8.count < 2 ? "0" : "") + power
    }

    /// `%g` and `%v`: with an exponent below -4, or from the precision on, which is 6 for the fewest digits.
    static func general(_ value: Double, precision: Int? = nil) -> String {
        if let special = special(value) { return special }
        var decimal = precision == nil ? shortest(value) : exact(value)
        if let precision { decimal.round(to: max(1, precision)) }
        while decimal.digits.last == 0 { decimal.digits.removeLast() }
        let (count, exponent) = (decimal.digits.count, decimal.digits.isEmpty ? 0 : decimal.exponent - 1)
        var limit = precision.map { max(1, $0) } ?? 6
        if precision != nil, limit > count, count >= decimal.exponent { limit = count }
        if exponent < -4 || exponent >= max(1, limit) { return exponential(value, precision: max(0, count - 1)) }
        return fixed(value, precision: max(0, count - decimal.exponent))
    }

    /// A number in JSON, as Go's encoding/json writes it.
    static func json(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        let size = value.magnitude
        guard size != 0, size < 1e-6 || size >= 1e21 else { return fixed(value, precision: nil) }
        let text = exponential(value, precision: nil)
        // e-09 becomes e-9.
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "e")) else { return text }
        let power = text[mark...].dropFirst(2)
        return power.utf8.count == 2 && power.utf8.first == UInt8(ascii: "0")
            ? String(text[..<mark]) + String(text[mark...].prefix(2)) + String(power.dropFirst()) : text
    }
}
