/// A digest that is computed piece by piece. A copy goes on from where the original stands.
public protocol HashFunction: Sendable {
    init()

    /// Adds bytes. The cheapest form: nothing is copied.
    mutating func update(_ bytes: RawSpan)

    /// The digest of everything added so far. More may be added afterwards.
    func digest() -> [UInt8]
}

extension HashFunction {
    /// Adds bytes; nothing is copied.
    public mutating func update(_ bytes: Span<UInt8>) { update(bytes.bytes) }

    /// Adds the bytes of an array, a slice or another collection; one that isn't contiguous in memory is copied first.
    public mutating func update(_ bytes: some Collection<UInt8>) {
        let isContiguous: Void? = bytes.withContiguousStorageIfAvailable { update($0.span) }
        if isContiguous == nil { update(Array(bytes).span) }
    }

    /// The digest of `bytes`.
    public static func digest(of bytes: some Collection<UInt8>) -> [UInt8] {
        var hash = Self()
        hash.update(bytes)
        return hash.digest()
    }

    /// ``digest()`` in lower-case hexadecimal, as digests of OCI images are written.
    public func hexDigest() -> String { hexadecimal(digest()) }

    /// The digest of `bytes` in lower-case hexadecimal.
    public static func hexDigest(of bytes: some Collection<UInt8>) -> String { hexadecimal(digest(of: bytes)) }
}

/// Two lower-case hexadecimal digits for each byte.
public func hexadecimal(_ bytes: [UInt8]) -> String {
    String(unsafeUninitializedCapacity: bytes.count * 2) { text in
        for (index, byte) in bytes.enumerated() {
            text[2 * index] = digit(byte >> 4)
            text[2 * index + 1] = digit(byte & 0xF)
        }
        return bytes.count * 2
    }
}

private func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
