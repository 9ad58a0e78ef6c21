import Archive
import Linux
import Metadata
import OCI

extension ImageStore {
    /// Does ``synchronizePending()`` in the store at a path, and writes its database's log to the file where that is large. Does
    /// nothing where the store has been removed: opening it would make it anew.
    public static func synchronize(root: String) throws(StoreError) {
        let marker = "\(root)/content/\(OCILayout.markerName)"
        guard (try? FileDescriptor.open(marker)) != nil else { return }
        let store = try ImageStore(root: root)
        try store.synchronizePending()
        // Whoever started this left that to it, too; what fails is tried by the next command.
        try? store.database.checkpointIfLarge()
    }

    /// Writes what was stored lately to the disk, so that a power cut can't damage it. For after the answer: it may take
    /// as long as the disk needs for all that is unwritten, of others too. Does nothing if there is nothing.
    public func synchronizePending() throws(StoreError) {
        let pending = try asStoreError { () throws(MetadataError) in
            try database.unsynced(.blob) + database.unsynced(.layer)
        }
        guard !pending.isEmpty else { return }
        try asStoreError { () throws(SystemCallError) in try directory.synchronizeFileSystem() }
        try asStoreError { () throws(MetadataError) in try database.markSynced(pending.map(\.name)) }
    }

    /// Deals with what an earlier boot wrote and didn't live to sync: a blob is hashed again, a layer, which can't be, is
    /// dropped. One that was made here is unpacked again from its blob; another one by a pull.
    func recoverFromUncleanBoot() throws(StoreError) {
        guard try !suspects().isEmpty else { return }
        let lock = try lock(StoreLayout.recoveryLock, waiting: true)
        // Asked again: whoever had the lock has dealt with them.
        for item in try suspects() {
            if case .blob(let digest) = item.name, try isIntact(digest, size: item.size) {
                try asStoreError { () throws(MetadataError) in try database.markSynced([item.name]) }
            } else {
                try asStoreError { () throws(MetadataError) in try database.delete(item.name) }
                try deleteFiles(of: item.name)
                // Where it can't be, its images say what they miss: no reason to refuse the whole store.
                if case .layer(let layer) = item.name { try? unpackFromPlainBlob(layer) }
            }
        }
        _ = consume lock
    }

    /// The blob of a layer that a build or a commit made isn't compressed: it has the layer's digest. The blobs are verified by now.
    private func unpackFromPlainBlob(_ layer: DiffID) throws(StoreError) {
        guard try stored(.blob(layer.digest)) != nil else { return }
        let lease = try self.lease()
        guard case .writer(let writer) = try ingestLayer(layer, lease: lease, waiting: true) else { return }
        try writer.unpack(from: FileSource(try openBlob(layer.digest)))
    }

    private func suspects() throws(StoreError) -> [StoredItem] {
        try asStoreError { () throws(MetadataError) in
            try database.unsynced(.blob, notOfBoot: bootID) + database.unsynced(.layer, notOfBoot: bootID)
        }
    }

    /// Whether a blob is there with the bytes that its digest says.
    func isIntact(_ digest: Digest, size: Int64) throws(StoreError) -> Bool {
        guard let status = try asStoreError({ () throws(SystemCallError) in
            try LockFile.status(StoreLayout.blob(digest), in: directory)
        }), status.kind == .regular, status.size == size else { return false }
        let file = try openBlob(digest)
        var hash = ContentHash(digest.algorithm)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try asStoreError { () throws(SystemCallError) in try file.read(into: &buffer) }
            guard count > 0 else { return try hash.digest() == digest }
            hash.update(buffer.span.extracting(..<count))
        }
    }
}
