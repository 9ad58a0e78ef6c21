extension ArraySlice<UInt8> {
    /// Where, from `index` on, the first byte is that does not stand for itself in JSON as Go's encoder writes it; the end where
    /// there is none. What does is ASCII, but not control characters, `"`, `\`, `<`, `>` and `&`.
    public func endOfPlainJSON(from index: Int) -> Int {
        withUnsafeBytes { bytes in
            var offset = index - startIndex
            while offset &+ 8 <= bytes.count {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                let special = PlainJSON.special(in: word)
                if special != 0 { return startIndex + offset + special.trailingZeroBitCount / 8 }
                offset += 8
            }
            // The last ones each with seven spaces.
            while offset < bytes.count, PlainJSON.special(in: 0x2020_2020_2020_2000 | UInt64(bytes[offset])) == 0 { offset += 1 }
            return startIndex + offset
        }
    }
}

/// Looks at eight bytes at once, as one number: most of most logs is plain.
private enum PlainJSON {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// The high bit of each byte that is not plain, up to the first of them; of those after it, some more may be set.
    @inline(__always)
    static func special(in word: UInt64) -> UInt64 {
        let control = (word &- ones &* 0x20) & ~word
        // `"` and `&`, `<` and `>` differ in one bit each.
        let marks =
            zeros(in: (word | ones &* 0x04) ^ ones &* 0x26) | zeros(in: (word | ones &* 0x02) ^ ones &* 0x3E)
            | zeros(in: word ^ ones &* 0x5C)
        return (word | control | marks) & highBits
    }

    /// As above, of bytes that are 0. Warren, Hacker's Delight, 6-1.
    @inline(__always)
    private static func zeros(in word: UInt64) -> UInt64 { (word &- ones) & ~word }
}
