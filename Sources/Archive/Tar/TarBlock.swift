/// One 512-byte block of a tar stream, read as a header (tar(5); POSIX.1-2017 pax, "ustar Interchange Format").
struct TarBlock {
    static let size = 512

    enum Format { case v7, ustar, gnu, star }

    var bytes = [UInt8](repeating: 0, count: TarBlock.size)

    var isZero: Bool { bytes.allSatisfy { $0 == 0 } }
    var typeFlag: UInt8 { bytes[156] }

    var format: Format {
        if matches("ustar\0", at: 257) { return matches("tar\0", at: 508) ? .star : .ustar }
        return matches("ustar ", at: 257) ? .gnu : .v7
    }

    /// Historic writers summed signed characters, so both sums are good.
    var hasValidChecksum: Bool {
        guard let expected = number(148..<156) else { return false }
        var (unsigned, signed): (Int64, Int64) = (0, 0)
        for (index, byte) in bytes.enumerated() {
            let byte = (148..<156).contains(index) ? UInt8(ascii: " ") : byte
            unsigned += Int64(byte)
            signed += Int64(Int8(bitPattern: byte))
        }
        return expected == unsigned || expected == signed
    }

    /// The name, with ustar's prefix in front.
    var name: [UInt8] {
        let name = text(0..<100)
        let prefix: [UInt8] =
            switch format {
            case .ustar: text(345..<500)
            case .star: text(345..<476)
            case .gnu, .v7: []
            }
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    var linkName: [UInt8] { text(157..<257) }

    /// The bytes of a field up to its first NUL.
    func text(_ range: Range<Int>) -> [UInt8] { Array(bytes[range].prefix { $0 != 0 }) }

    /// A numeric field; nil if it is none or doesn't fit.
    func number(_ range: Range<Int>) -> Int64? { tarNumber(bytes[range]) }

    private func matches(_ text: String, at offset: Int) -> Bool {
        bytes[offset..<offset + text.utf8.count].elementsEqual(text.utf8)
    }
}

/// Reads a numeric field: octal digits between spaces and NULs, or GNU's base-256, which has its top bit set.
func tarNumber(_ field: ArraySlice<UInt8>) -> Int64? {
    guard let first = field.first else { return nil }
    guard first & 0x80 == 0 else { return base256(field, isNegative: first & 0x40 != 0) }
    let digits = field.drop { $0 == 0x20 || $0 == 0 }
    var value: Int64 = 0
    for (index, byte) in zip(digits.indices, digits) {
        if byte == 0x20 || byte == 0 {
            // Nothing but padding may follow: "12 34" is no number.
            return digits[index...].allSatisfy { $0 == 0x20 || $0 == 0 } ? value : nil
        }
        guard (0x30...0x37).contains(byte), value <= Int64.max >> 3 else { return nil }
        value = value << 3 | Int64(byte - 0x30)
    }
    return value
}

/// Two's complement, most significant byte first; the top bit only marks the encoding.
private func base256(_ field: ArraySlice<UInt8>, isNegative: Bool) -> Int64? {
    guard let first = field.first else { return nil }
    var value = Int64(isNegative ? Int8(bitPattern: first) : Int8(first & 0x3F))
    for byte in field.dropFirst() {
        guard value >> 55 == 0 || value >> 55 == -1 else { return nil }
        value = value << 8 | Int64(byte)
    }
    return value
}

extension TarReader {
    /// Whether a stream begins with a header, so that it is an archive; an empty one, which begins with zeros, can't be told
    /// from other files and counts as none.
    ///
    /// - Parameter bytes: The first 512 of the stream.
    public static func beginsArchive(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= TarBlock.size else { return false }
        let block = TarBlock(bytes: Array(bytes[..<TarBlock.size]))
        return !block.isZero && block.hasValidChecksum
    }
}
