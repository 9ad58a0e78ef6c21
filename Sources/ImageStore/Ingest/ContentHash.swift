import Hashing
import OCI

/// The hash of one of the algorithms that a digest may name.
enum ContentHash: Sendable {
    case sha256(SHA256)
    case sha512(SHA512)

    init(_ algorithm: Digest.Algorithm) {
        switch algorithm {
        case .sha256: self = .sha256(SHA256())
        case .sha512: self = .sha512(SHA512())
        }
    }

    mutating func update(_ bytes: Span<UInt8>) {
        switch self {
        case .sha256(var hash):
            hash.update(bytes)
            self = .sha256(hash)
        case .sha512(var hash):
            hash.update(bytes)
            self = .sha512(hash)
        }
    }

    /// The digest of all bytes so far.
    func digest() throws(StoreError) -> Digest {
        do throws(DigestError) {
            switch self {
            case .sha256(let hash): return try Digest(algorithm: .sha256, bytes: hash.digest())
            case .sha512(let hash): return try Digest(algorithm: .sha512, bytes: hash.digest())
            }
        } catch { throw .digest(error) }
    }

    /// The digest of `bytes` by an algorithm.
    static func digest(_ algorithm: Digest.Algorithm, of bytes: [UInt8]) throws(StoreError) -> Digest {
        var hash = ContentHash(algorithm)
        hash.update(bytes.span)
        return try hash.digest()
    }
}

extension Descriptor {
    /// Of a document that is made here.
    public init(mediaType: MediaType, of bytes: [UInt8]) throws(StoreError) {
        self.init(mediaType: mediaType, digest: try ContentHash.digest(.sha256, of: bytes), size: Int64(bytes.count))
    }
}
