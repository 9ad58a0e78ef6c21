import Hashing
import Linux

/// A stream whose bytes are counted and hashed (SHA-256) as they pass.
///
/// To verify a stream, read it to its end, not to where its content ends: what follows belongs to the digest too.
public final class HashingSource: ByteSource {
    private let source: any ByteSource

    /// The hash of what has passed so far.
    public private(set) var hash = SHA256()
    /// How many bytes have passed so far.
    public private(set) var byteCount: Int64 = 0
    /// How many may pass at most; nil is any number.
    public let limitInBytes: Int64?

    /// - Parameter limitInBytes: The size that the stream should have, where that is known: reading beyond it is an error
    ///   (``ArchiveError/Reason/streamTooLong(limitInBytes:)``), so that a lying sender can't send for ever.
    public init(_ source: any ByteSource, limitInBytes: Int64? = nil) {
        self.source = source
        self.limitInBytes = limitInBytes
    }

    public func read(into buffer: inout [UInt8]) throws -> Int {
        let count = try source.read(into: &buffer)
        byteCount += Int64(count)
        if let limitInBytes, byteCount > limitInBytes {
            throw ArchiveError(.streamTooLong(limitInBytes: limitInBytes), offset: byteCount)
        }
        hash.update(buffer.span.extracting(0..<count))
        return count
    }

    /// Reads what is left, for its digest.
    public func drain() throws {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while try read(into: &buffer) > 0 {}
    }
}
