/// The characters of a path as patterns count them: `?` is one of these.
///
/// A path has no encoding. What is valid UTF-8 is read as that, as Go does; any other byte is a character of its own, above
/// all of Unicode, so that it equals nothing but the same byte.
struct PathCharacters: Sequence, IteratorProtocol {
    static let slash = UInt32(UInt8(ascii: "/"))
    /// A byte that is no part of UTF-8 is this and its value.
    static let invalidByte: UInt32 = 0x11_0000

    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> UInt32? {
        guard index < bytes.count else { return nil }
        let first = bytes[index]
        index += 1
        if first < 0x80 { return UInt32(first) }
        guard let (character, length) = sequence(startingWith: first) else { return Self.invalidByte + UInt32(first) }
        index += length
        return character
    }

    /// The character whose first byte has just been passed, and how many bytes follow it (RFC 3629).
    private func sequence(startingWith first: UInt8) -> (character: UInt32, length: Int)? {
        let (length, smallest, bits): (Int, UInt32, UInt8) =
            switch first {
            case 0xC2...0xDF: (1, 0x80, 0x1F)
            case 0xE0...0xEF: (2, 0x800, 0x0F)
            case 0xF0...0xF4: (3, 0x1_0000, 0x07)
            default: (0, 0, 0)
            }
        guard length > 0, index + length <= bytes.count else { return nil }
        var character = UInt32(first & bits)
        for byte in bytes[index..<index + length] {
            guard byte & 0xC0 == 0x80 else { return nil }
            character = character << 6 | UInt32(byte & 0x3F)
        }
        guard character >= smallest, Unicode.Scalar(character) != nil else { return nil }
        return (character, length)
    }
}
