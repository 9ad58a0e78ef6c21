import Glibc

/// A set of byte values, to look for in much text.
public struct ByteSet: Sendable {
    private let members: [Bool]

    public init(_ contains: (UInt8) -> Bool) { members = (0...255).map { contains(UInt8($0)) } }

    /// How many bytes at the beginning are in the set.
    public func prefixLength(of bytes: ArraySlice<UInt8>) -> Int {
        members.withUnsafeBufferPointer { members in
            bytes.withUnsafeBufferPointer { bytes in
                var index = 0
                while index < bytes.count, members[Int(bytes[index])] { index += 1 }
                return index
            }
        }
    }
}

extension ArraySlice<UInt8> {
    /// The first place of a byte. memchr(3)
    public func place(of byte: UInt8) -> Int? {
        withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, let found = memchr(start, CInt(byte), bytes.count) else { return nil }
            return startIndex + (UnsafeRawPointer(found) - start)
        }
    }
}
