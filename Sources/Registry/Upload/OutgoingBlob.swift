import OCI

/// A blob that is to be sent: read from wherever the registry wants it to go on.
public struct OutgoingBlob: Sendable {
    public let digest: Digest
    /// In bytes.
    public let size: Int64
    let read: @Sendable (_ count: Int, _ offset: Int64) throws -> [UInt8]
    let onProgress: @Sendable (Int64) -> Void

    /// - Parameters:
    ///   - onProgress: How many bytes are on their way; fewer than before where a part has to be sent again.
    ///   - read: Up to `count` bytes from `offset` on.
    public init(
        _ digest: Digest, size: Int64, onProgress: @escaping @Sendable (Int64) -> Void = { _ in },
        read: @escaping @Sendable (_ count: Int, _ offset: Int64) throws -> [UInt8]
    ) {
        self.digest = digest
        self.size = size
        self.onProgress = onProgress
        self.read = read
    }

    /// One that is in memory: a config.
    public init(_ digest: Digest, _ bytes: [UInt8]) {
        self.init(digest, size: Int64(bytes.count)) { count, offset in
            Array(bytes.dropFirst(Int(clamping: offset)).prefix(count))
        }
    }
}

/// How a blob came to be in a repository.
public enum BlobUpload: Hashable, Sendable {
    /// It was there.
    case existed
    /// From another repository of the registry, without being sent.
    case mounted(from: String)
    case sent
}
