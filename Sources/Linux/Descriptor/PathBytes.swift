import Glibc

/// A path as the kernel has it: bytes without NUL, in no encoding.
///
/// Names that come from an image or a container are never `String`: in Swift "é" equals "e" + "´", and bytes that are not
/// UTF-8 all become one sign, so two files could become one.
public struct PathBytes: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The bytes, without the NUL that ends a C string.
    public let bytes: [UInt8]

    /// Nil if `bytes` has a NUL, which no path can hold.
    public init?(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        guard !bytes.contains(0) else { return nil }
        self.bytes = bytes
    }

    public init(stringLiteral value: String) { self.bytes = Array(value.utf8) }

    /// For showing to a person: bytes that are not printable ASCII or valid UTF-8 are escaped as `\xNN`.
    public var description: String {
        var text = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar == "\u{FFFD}" || scalar.properties.generalCategory == .control {
                return bytes.reduce(into: "") { text, byte in
                    text += (0x20..<0x7f).contains(byte) ? String(UnicodeScalar(byte)) : "\\x\(hex(byte))"
                }
            }
            text.unicodeScalars.append(scalar)
        }
        return text
    }

    private func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }
}

/// What a system call takes as a path: `String` where Hako or its user made it, ``PathBytes`` where a stranger did.
public protocol Path: CustomStringConvertible {
    /// Calls `body` with the path as a C string. A NUL inside ends it early, as in C; ``PathBytes`` has none.
    func withCPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result
}

extension String: Path {
    public func withCPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result { withCString(body) }
}

extension PathBytes: Path {
    public func withCPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { buffer in
            for (index, byte) in bytes.enumerated() { buffer[index] = CChar(bitPattern: byte) }
            buffer[bytes.count] = 0
            // An allocation of at least one element has a base address.
            return body(UnsafePointer(buffer.baseAddress.unsafelyUnwrapped))
        }
    }
}
