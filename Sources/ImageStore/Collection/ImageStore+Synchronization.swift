import Archive
import Linux
import Metadata
import OCI

extension ImageStore {
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
    /// dropped; a pull unpacks it from its blob.
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
            }
        }
        _ = consume lock
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
