import Linux

/// A number in ASCII digits alone; nil if it is none or above 2⁶³-1.
func decimal(_ digits: some Collection<UInt8>) -> Int64? {
    guard !digits.isEmpty else { return nil }
    var value: Int64 = 0
    for digit in digits {
        guard (0x30...0x39).contains(digit) else { return nil }
        let (tens, overflows) = value.multipliedReportingOverflow(by: 10)
        let (sum, alsoOverflows) = tens.addingReportingOverflow(Int64(digit - 0x30))
        guard !overflows, !alsoOverflows else { return nil }
        value = sum
    }
    return value
}

extension FileTime {
    /// Seconds with an optional fraction, as pax writes times: `-1.5`. Digits beyond nanoseconds are cut off.
    init?(decimal text: ArraySlice<UInt8>) {
        let isNegative = text.first == UInt8(ascii: "-")
        let parts = (isNegative ? text.dropFirst() : text).split(
            separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, let seconds = Archive.decimal(whole) else { return nil }
        var nanoseconds: Int64 = 0
        if parts.count == 2 {
            guard parts[1].allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            let digits = parts[1].prefix(9)
            let padded = Array(digits) + [UInt8](repeating: 0x30, count: 9 - digits.count)
            nanoseconds = Archive.decimal(padded) ?? 0
        }
        // Nanoseconds count upwards also before 1970: -1.5 is 0.5 s after -2.
        guard isNegative else {
            self.init(seconds: seconds, nanoseconds: nanoseconds)
            return
        }
        self.init(
            seconds: nanoseconds == 0 ? -seconds : -seconds - 1,
            nanoseconds: nanoseconds == 0 ? 0 : 1_000_000_000 - nanoseconds)
    }
}

extension ArraySlice<UInt8> {
    /// What follows `prefix`; nil if it doesn't start so.
    func dropping(_ prefix: String) -> ArraySlice<UInt8>? {
        starts(with: prefix.utf8) ? dropFirst(prefix.utf8.count) : nil
    }
}

/// `%41` is `A`; nil for a `%` without two hexadecimal digits.
func percentDecoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var decoded: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            decoded.append(byte)
            continue
        }
        guard let high = rest.popFirst().flatMap(hexadecimalValue), let low = rest.popFirst().flatMap(hexadecimalValue)
        else { return nil }
        decoded.append(high << 4 | low)
    }
    return decoded
}

private func hexadecimalValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
