extension IPAddress: CustomStringConvertible, LosslessStringConvertible {
    /// Reads `192.0.2.1` or `2001:db8::1`, also `::ffff:192.0.2.1`; no zone, no brackets, no leading zeros in dotted parts.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let parsed = bytes.contains(UInt8(ascii: ":")) ? Self.ipv6(bytes[...]) : Self.ipv4(bytes[...]) else {
            return nil
        }
        self.init(bytes: parsed)
    }

    /// The shortest form: dotted, or as RFC 5952 writes IPv6.
    public var description: String {
        guard family == .ipv6 else { return bytes.map(String.init).joined(separator: ".") }
        let groups = stride(from: 112, through: 0, by: -16).map { UInt16(truncatingIfNeeded: value >> UInt128($0)) }
        let words = { (range: Range<Int>) in groups[range].map { String($0, radix: 16) }.joined(separator: ":") }
        guard let zeros = Self.longestRunOfZeros(groups) else { return words(0..<8) }
        return words(0..<zeros.lowerBound) + "::" + words(zeros.upperBound..<8)
    }

    /// The first of the longest runs of two zero groups or more, which `::` stands for (RFC 5952, section 4.2).
    private static func longestRunOfZeros(_ groups: [UInt16]) -> Range<Int>? {
        var best = 0..<0
        var start = 0
        for index in groups.indices {
            if groups[index] != 0 { start = index + 1 } else if index + 1 - start > best.count { best = start..<index + 1 }
        }
        return best.count >= 2 ? best : nil
    }

    private static func ipv4(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let bytes = parts.compactMap { part -> UInt8? in
            // A leading zero means octal to some programs: 010 would be 8 or 10, depending on who reads it.
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
            return number(part, radix: 10).flatMap { UInt8(exactly: $0) }
        }
        return bytes.count == 4 ? bytes : nil
    }

    private static func ipv6(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let colon = UInt8(ascii: ":")
        let gap = text.indices.dropLast().first { text[$0] == colon && text[$0 + 1] == colon }
        guard let gap else {
            return ipv6Groups(text, mayEndDotted: true).flatMap { $0.count == 16 ? $0 : nil }
        }
        guard let head = ipv6Groups(text[..<gap], mayEndDotted: false),
            let tail = ipv6Groups(text[(gap + 2)...], mayEndDotted: true), head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// The bytes of groups that are separated by single colons; none for empty text.
    private static func ipv6Groups(_ text: ArraySlice<UInt8>, mayEndDotted: Bool) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if part.contains(UInt8(ascii: ".")) {
                guard mayEndDotted, index == parts.count - 1, let dotted = ipv4(part) else { return nil }
                bytes += dotted
            } else {
                guard (1...4).contains(part.count), let group = number(part, radix: 16) else { return nil }
                bytes += [UInt8(truncatingIfNeeded: group >> 8), UInt8(truncatingIfNeeded: group)]
            }
        }
        return bytes.count <= 16 ? bytes : nil
    }

    private static func number(_ digits: ArraySlice<UInt8>, radix: Int) -> Int? {
        // Int(_:radix:) would take a sign.
        guard digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self), radix: radix)
    }
}

extension IPPrefix: LosslessStringConvertible {
    /// Reads `172.17.0.0/16`. Bits behind the prefix are cleared, as Docker does.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let length = Int(parts[1]), let address = IPAddress(String(parts[0]))
        else { return nil }
        self.init(containing: address, length: length)
    }
}
