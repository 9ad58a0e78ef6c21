/// Where characters of UTF-8 begin and end. Unicode 15, table 3-7.
enum UTF8Sequence {
    /// Bytes of the character that starts at `index`; 0 if none does.
    static func length(at index: Int, in bytes: ArraySlice<UInt8>) -> Int {
        let first = bytes[index]
        let length = announcedLength(first)
        guard length > 0, index + length <= bytes.endIndex else { return 0 }
        if length == 1 { return 1 }
        let second = bytes[index + 1]
        let range: ClosedRange<UInt8> =
            switch first {
            case 0xE0: 0xA0...0xBF
            case 0xED: 0x80...0x9F
            case 0xF0: 0x90...0xBF
            case 0xF4: 0x80...0x8F
            default: 0x80...0xBF
            }
        guard range.contains(second) else { return 0 }
        for offset in 2..<max(length, 2) where bytes[index + offset] & 0xC0 != 0x80 { return 0 }
        return length
    }

    private static func announcedLength(_ first: UInt8) -> Int {
        switch first {
        case 0..<0x80: 1
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 0
        }
    }

    /// How many bytes at the end are the beginning of a character that is not whole yet: 0 to 3.
    static func incompleteSuffix(of bytes: ArraySlice<UInt8>) -> Int {
        for count in 1...3 where count <= bytes.count {
            let byte = bytes[bytes.endIndex - count]
            if byte & 0xC0 == 0x80 { continue }
            return announcedLength(byte) > count ? count : 0
        }
        return 0
    }
}
