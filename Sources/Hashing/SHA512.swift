import CCrypto

/// SHA-512 (FIPS 180-4) by libcrypto.
public struct SHA512: HashFunction {
    /// The digest's length in bytes.
    public static let size = 64

    private var context = SHA512_CTX()

    public init() { SHA512_Init(&context) }

    public mutating func update(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { _ = SHA512_Update(&context, $0.baseAddress, $0.count) }
    }

    public func digest() -> [UInt8] {
        // A copy is finished, so that this one can go on.
        var context = context
        return [UInt8](unsafeUninitializedCapacity: Self.size) { bytes, count in
            SHA512_Final(bytes.baseAddress, &context)
            count = Self.size
        }
    }
}
