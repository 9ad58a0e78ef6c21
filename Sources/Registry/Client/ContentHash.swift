import Hashing
import OCI

/// A running hash of the algorithm that a digest names.
struct ContentHash: Sendable {
    private enum State: Sendable { case sha256(SHA256), sha512(SHA512) }

    private let algorithm: Digest.Algorithm
    private var state: State

    init(_ algorithm: Digest.Algorithm) {
        self.algorithm = algorithm
        state =
            switch algorithm {
            case .sha256: .sha256(SHA256())
            case .sha512: .sha512(SHA512())
            }
    }

    mutating func update(_ bytes: [UInt8]) {
        switch state {
        case .sha256(var hash):
            hash.update(bytes)
            state = .sha256(hash)
        case .sha512(var hash):
            hash.update(bytes)
            state = .sha512(hash)
        }
    }

    func digest() throws(RegistryError) -> Digest {
        let bytes =
            switch state {
            case .sha256(let hash): hash.digest()
            case .sha512(let hash): hash.digest()
            }
        do { return try Digest(algorithm: algorithm, bytes: bytes) } catch {
            throw RegistryError(on: "hash", .invalidResponse("\(error)"))
        }
    }
}
