import Glibc
import Linux
import Metadata
import OCI

/// What became of the wish to write a blob.
public enum BlobIngest: Sendable {
    /// It is in the store already; its size in bytes.
    case present(size: Int64)
    /// Another thread or process is writing it.
    case inProgress
    case writer(BlobWriter)
}

extension ImageStore {
    /// Begins to write a blob, unless it is there. From then on `lease` keeps it.
    ///
    /// - Parameters:
    ///   - digest: What the content has to be; nil if that is known only when it is written.
    ///   - size: In bytes; nil where it isn't known.
    ///   - waiting: Whether to wait, blocking the thread, while another one writes it; it is there then, or ours to go
    ///     on with. Not on the threads of Swift's concurrency: they may be what the other one waits for.
    public func ingestBlob(
        expecting digest: Digest?, size: Int64?, lease: Lease, waiting: Bool
    ) throws(StoreError) -> BlobIngest {
        guard let digest else {
            let name = String(UInt64.random(in: .min ... .max), radix: 16)
            return try writer(nil, size: size, lease: lease, temporary: "\(StoreLayout.blobIngest)/new-\(name)", waiting: true)
        }
        if let item = try hold(.blob(digest), lease) { return .present(size: item.size) }
        return try writer(digest, size: size, lease: lease, temporary: StoreLayout.partialBlob(digest), waiting: waiting)
    }

    private func writer(
        _ digest: Digest?, size: Int64?, lease: Lease, temporary: String, waiting: Bool
    ) throws(StoreError) -> BlobIngest {
        let path = StoreLayout.lock(temporary)
        let acquired = try lock(path, waiting: waiting)
        guard let lock = acquired else { return .inProgress }
        if let digest, let item = try stored(.blob(digest)) {
            // Whoever held the lock has finished.
            try asStoreError { () throws(SystemCallError) in try directory.unlink(path) }
            return .present(size: item.size)
        }
        do throws(SystemCallError) {
            return .writer(
                try BlobWriter(
                    self, lease: lease, expecting: digest, size: size, temporary: temporary, lock: lock))
        } catch { throw .system(error) }
    }

    func stored(_ name: StoredName) throws(StoreError) -> StoredItem? {
        try asStoreError { () throws(MetadataError) in try database.stored(name) }
    }

    /// Writes a small blob that is in memory, unless it is there: a manifest, a config.
    public func ingest(_ bytes: [UInt8], lease: Lease) throws(StoreError) -> Digest {
        let digest = try ContentHash.digest(.sha256, of: bytes)
        switch try ingestBlob(expecting: digest, size: Int64(bytes.count), lease: lease, waiting: true) {
        case .present: return digest
        // Only where nobody waits.
        case .inProgress: throw .system(SystemCallError("open", on: StoreLayout.partialBlob(digest), .busy))
        case .writer(let writer):
            // Left by one that was killed.
            if writer.resumeOffset > 0 { try writer.restart() }
            try writer.write(bytes)
            return try writer.finish()
        }
    }

    func hold(_ name: StoredName, _ lease: Lease) throws(StoreError) -> StoredItem? {
        try asStoreError { () throws(MetadataError) in try database.hold(name, lease: lease.id) }
    }

    /// Opens a blob for reading, from its first byte.
    ///
    /// - Throws: ``MetadataError/missing(_:)`` if the store doesn't have it.
    public func openBlob(_ digest: Digest) throws(StoreError) -> FileDescriptor {
        do throws(SystemCallError) {
            return try FileDescriptor.open(StoreLayout.blob(digest), in: directory, .beneathWithoutSymlinks)
        } catch {
            guard error.errno == .noSuchFile else { throw .system(error) }
            throw .metadata(.missing(.blob(digest)))
        }
    }

    /// The bytes of a small blob, verified once more: what a disk or a stranger changed isn't used.
    ///
    /// - Parameter limit: In bytes.
    public func contents(of digest: Digest, limit: Int = ImageConfig.maximumSize) throws(StoreError) -> [UInt8] {
        let file = try openBlob(digest)
        let bytes = try asStoreError { () throws(SystemCallError) in try file.readAll(limit: limit) }
        let found = try ContentHash.digest(digest.algorithm, of: bytes)
        guard found == digest else { throw .wrongDigest(expected: digest, found: found) }
        return bytes
    }
}
