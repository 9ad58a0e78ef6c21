import Archive
import Linux
import Metadata
import OCI
import Synchronization

/// Unpacks one layer; it appears in the store when the whole stream has its diffID.
///
/// When it is let go unfinished, nothing of the layer stays. One thread at a time.
public final class LayerWriter: Sendable {
    public let diffID: DiffID
    private let store: ImageStore
    /// Nil when it is done or given up.
    private let lock: Mutex<LockFile?>

    init(_ store: ImageStore, _ diffID: DiffID, lock: consuming LockFile) {
        self.store = store
        self.diffID = diffID
        self.lock = Mutex(lock)
    }

    deinit {
        // A temporary tree that stays is removed by whoever next has its lock.
        try? giveUp()
    }

    /// Reads `source` to its end, unpacking what it holds, and puts the layer in its place.
    ///
    /// The source is the uncompressed tar stream. All of it counts for the diffID, also what follows the archive's end.
    ///
    /// - Parameter hashing: What the stream has passed before it comes from `source`, where a thread of its own reads ahead:
    ///   hashing it there keeps both busy. Nil where it is to be hashed here.
    /// - Throws: ``StoreError/layer(_:_:)`` for a stream that can't be unpacked, ``StoreError/wrongDigest(expected:found:)``
    ///   for another one than was announced, ``StoreError/source(_:)`` with what `source` threw.
    /// - Returns: The size of the layer's files, in bytes.
    @discardableResult
    public func unpack(
        from source: any ByteSource, hashedBy hashing: HashingSource? = nil, limits: ExtractionLimits = ExtractionLimits()
    ) throws(StoreError) -> Int64 {
        let hashed = hashing ?? HashingSource(source)
        return try place { () throws(StoreError) in
            let unpacked = try extract(hashing == nil ? hashed : source, limits)
            try verify(hashed)
            return unpacked
        }
    }

    /// The same for a stream whose digest was taken when it was written a moment ago: it is not hashed a second time.
    @discardableResult
    func unpackVerified(_ source: any ByteSource) throws(StoreError) -> Int64 {
        try place { () throws(StoreError) in try extract(source, ExtractionLimits()) }
    }

    /// Makes a directory of the store the layer, as it is: its `fs` was packed to the stream whose digest this layer has.
    ///
    /// - Parameters:
    ///   - path: Relative to the store's root.
    ///   - size: Of the layer's files, in bytes.
    func adopt(_ path: String, size: Int64) throws(StoreError) {
        do throws(StoreError) {
            try asStoreError { () throws(SystemCallError) in
                // A directory in the layer's place without its row was left by one that was killed.
                try store.directory.removeTree(StoreLayout.layer(diffID))
                try FileDescriptor.rename(path, in: store.directory, to: StoreLayout.layer(diffID), in: store.directory)
            }
            try enter(size: size, implicitDirectories: [])
        } catch {
            try? giveUp()
            throw error
        }
    }

    private func place(_ unpack: () throws(StoreError) -> UnpackedLayer) throws(StoreError) -> Int64 {
        do throws(StoreError) {
            try prepare()
            let unpacked = try unpack()
            try moveToPlace(unpacked)
            return unpacked.bodyBytes
        } catch {
            // The first error is the one to tell; what can't be removed now is removed by the next holder of the lock.
            try? giveUp()
            throw error
        }
    }

    private func prepare() throws(StoreError) {
        try asStoreError { () throws(SystemCallError) in
            // Left by one that was killed. A directory in the layer's place without its row is one, too.
            try store.directory.removeTree(StoreLayout.partialLayer(diffID))
            try store.directory.removeTree(StoreLayout.layer(diffID))
            try store.directory.makeDirectory(StoreLayout.partialLayer(diffID), mode: 0o700)
            let layer = try store.open(StoreLayout.partialLayer(diffID))
            try layer.changeMode(0o700)
            try layer.makeDirectory("fs", mode: 0o755)
            // A layer that doesn't hold its root directory gives it what a root has.
            try layer.openChild("fs").changeMode(0o755)
        }
    }

    private func extract(_ source: any ByteSource, _ limits: ExtractionLimits) throws(StoreError) -> UnpackedLayer {
        do {
            let root = try store.open(StoreLayout.partialLayer(diffID) + "/fs")
            return try LayerUnpacker.unpack(source, into: root, limits: limits)
        } catch let error as ArchiveError {
            throw .layer(diffID, error)
        } catch {
            throw .source(error)
        }
    }

    private func verify(_ hashing: HashingSource) throws(StoreError) {
        let found: Digest
        do throws(DigestError) {
            found = try Digest(algorithm: .sha256, bytes: hashing.hash.digest())
        } catch { throw .digest(error) }
        guard found == diffID.digest else { throw .wrongDigest(expected: diffID.digest, found: found) }
    }

    private func moveToPlace(_ unpacked: UnpackedLayer) throws(StoreError) {
        try asStoreError { () throws(SystemCallError) in
            try FileDescriptor.rename(
                StoreLayout.partialLayer(diffID), in: store.directory, to: StoreLayout.layer(diffID),
                in: store.directory)
        }
        try enter(size: unpacked.bodyBytes, implicitDirectories: unpacked.implicitDirectories.map(\.bytes))
    }

    private func enter(size: Int64, implicitDirectories: [[UInt8]]) throws(StoreError) {
        try asStoreError { () throws(MetadataError) in
            try store.database.insert(
                layer: diffID, size: size, unsyncedBoot: store.bootID, implicitDirectories: implicitDirectories)
        }
        try giveUp()
    }

    /// Removes the temporary tree, if there is one, and lets go of the lock.
    private func giveUp() throws(StoreError) {
        let failure = lock.withLock { lock -> SystemCallError? in
            guard lock != nil else { return nil }
            defer { lock = nil }
            do throws(SystemCallError) {
                try store.directory.removeTree(StoreLayout.partialLayer(diffID))
                try store.directory.unlink(StoreLayout.layerLock(diffID))
                return nil
            } catch { return error }
        }
        if let failure { throw .system(failure) }
    }
}
