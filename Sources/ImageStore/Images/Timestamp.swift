/// RFC 3339 times, as configs have them.
enum Timestamp {
    /// `2024-05-01T12:30:45.5+02:00` as nanoseconds since 1970; nil for what is no time, or one that doesn't fit (1677 to
    /// 2262 do).
    static func nanoseconds(_ text: String) -> Int64? {
        var rest = Array(text.utf8)[...]
        guard let year = number(&rest, 4), literal(&rest, "-"), let month = number(&rest, 2), literal(&rest, "-"),
            let day = number(&rest, 2), literal(&rest, "T") || literal(&rest, "t") || literal(&rest, " "),
            let hour = number(&rest, 2), literal(&rest, ":"), let minute = number(&rest, 2), literal(&rest, ":"),
            let second = number(&rest, 2), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        let fraction = literal(&rest, ".") ? nanoseconds(&rest) : 0
        guard let fraction, let offset = offset(&rest), rest.isEmpty else { return nil }
        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowToo) = product.addingReportingOverflow(fraction)
        return overflow || overflowToo ? nil : sum
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, _ digits: Int) -> Int64? {
        let part = rest.prefix(digits)
        guard part.count == digits, part.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        rest = rest.dropFirst(digits)
        return part.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    private static func literal(_ rest: inout ArraySlice<UInt8>, _ text: StaticString) -> Bool {
        guard let first = rest.first, text.utf8CodeUnitCount == 1, text.description.utf8.first == first else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// The digits after the point; more than nine are cut.
    private static func nanoseconds(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty else { return nil }
        rest = rest.dropFirst(digits.count)
        let kept = Array(digits.prefix(9)) + Array(repeating: 0x30, count: max(0, 9 - digits.count))
        return kept.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    /// `Z`, `+02:00` or `-02:00`, in seconds.
    private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        if literal(&rest, "Z") || literal(&rest, "z") { return 0 }
        let isEast = literal(&rest, "+")
        guard isEast || literal(&rest, "-"), let hours = number(&rest, 2), literal(&rest, ":"),
            let minutes = number(&rest, 2)
        else { return nil }
        return (isEast ? 1 : -1) * (hours * 3600 + minutes * 60)
    }

    /// Days from 1970-01-01 in the proleptic Gregorian calendar. Years are counted from March, so that the leap day is
    /// the last of its year.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
