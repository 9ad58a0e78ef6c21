import Glibc
import Linux
import Metadata
import OCI
import Synchronization

/// Writes one blob: its bytes are hashed as they come, and it appears in the store when they are whole.
///
/// When it is let go before ``finish()``, what was written stays for the next one to go on from (``resumeOffset``);
/// ``discard()`` removes it. One thread at a time.
public final class BlobWriter: Sendable {
    /// What the content has to be; nil if whoever sends it doesn't know.
    public let expectedDigest: Digest?
    /// In bytes; nil where it isn't known.
    public let expectedSize: Int64?
    /// How many bytes were there already, and are hashed: the first one to write is the one after them.
    public let resumeOffset: Int64
    private let store: ImageStore
    private let lease: Lease
    private let temporary: String
    private let state: Mutex<State>

    private struct State: ~Copyable {
        /// Nil when it is done or given up.
        var lock: LockFile?
        let file: FileDescriptor
        var hash: ContentHash
        var count: Int64
    }

    /// Takes over the lock of the temporary file, hashing what it holds.
    init(
        _ store: ImageStore, lease: Lease, expecting digest: Digest?, size: Int64?, temporary: String,
        lock: consuming LockFile
    ) throws(SystemCallError) {
        let file = try FileDescriptor.open(
            temporary, in: store.directory, .beneathWithoutSymlinks, flags: O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        try file.changeMode(0o600)
        var hash = ContentHash(digest?.algorithm ?? .sha256)
        var count = try file.status().size
        if count > size ?? .max {
            // It can't be the beginning of what is to come.
            try file.truncate(to: 0)
            count = 0
        }
        var buffer = [UInt8](repeating: 0, count: count > 0 ? 1 << 20 : 0)
        var read: Int64 = 0
        while read < count {
            let step = try file.read(into: &buffer)
            guard step > 0 else { break }
            hash.update(buffer.span.extracting(..<step))
            read += Int64(step)
        }
        self.store = store
        self.lease = lease
        self.temporary = temporary
        expectedDigest = digest
        expectedSize = size
        resumeOffset = read
        state = Mutex(State(lock: lock, file: file, hash: hash, count: read))
    }

    deinit {
        // A lock file that stays is nobody's lock, and is removed by the next holder.
        try? letGo()
    }

    /// Adds bytes.
    ///
    /// - Throws: ``StoreError/wrongSize(_:expected:found:)`` as soon as there are too many; what was written is removed then,
    ///   and when the disk is full.
    public func write(_ bytes: some Collection<UInt8>) throws(StoreError) {
        var failure: StoreError?
        let isContiguous: Void? = bytes.withContiguousStorageIfAvailable { failure = add($0.span) }
        if isContiguous == nil { failure = add(Array(bytes).span) }
        if let failure { try giveUp(failure) }
    }

    private func add(_ bytes: Span<UInt8>) -> StoreError? {
        state.withLock { state -> StoreError? in
            state.count += Int64(bytes.count)
            if let expectedSize, state.count > expectedSize { return wrongSize(state.count) }
            state.hash.update(bytes)
            do throws(SystemCallError) {
                guard state.lock != nil else { throw SystemCallError("write", on: temporary, .badDescriptor) }
                try state.file.writeAll(bytes)
                return nil
            } catch { return .system(error) }
        }
    }

    private func giveUp(_ failure: StoreError) throws(StoreError) {
        if case .wrongSize = failure { try discard() }
        if failure.isNoSpace { try discard() }
        throw failure
    }

    /// Begins again from nothing: the sender could not go on from ``resumeOffset``.
    public func restart() throws(StoreError) {
        let failure = state.withLock { state -> SystemCallError? in
            state.hash = ContentHash(expectedDigest?.algorithm ?? .sha256)
            state.count = 0
            do throws(SystemCallError) {
                try state.file.truncate(to: 0)
                try state.file.seek(to: 0)
                return nil
            } catch { return error }
        }
        if let failure { throw .system(failure) }
    }

    /// Verifies what was written and puts it in its place.
    ///
    /// - Returns: Its digest.
    /// - Throws: ``StoreError/wrongDigest(expected:found:)``, ``StoreError/wrongSize(_:expected:found:)``: then nothing is
    ///   left of it.
    public func finish() throws(StoreError) -> Digest {
        let (found, count) = try verified()
        if expectedDigest == nil {
            try moveToUnexpected(found, size: count)
        } else {
            try moveToPlace(found, size: count)
        }
        try letGo()
        return found
    }

    /// Removes what was written.
    public func discard() throws(StoreError) {
        let isHeld = state.withLock { $0.lock != nil }
        guard isHeld else { return }
        try asStoreError { () throws(SystemCallError) in try store.removeIfThere(temporary) }
        try letGo()
    }

    /// Removes the lock's file and lets go of the lock, in this order.
    private func letGo() throws(StoreError) {
        let failure = state.withLock { state -> SystemCallError? in
            guard state.lock != nil else { return nil }
            defer { state.lock = nil }
            do throws(SystemCallError) {
                try store.directory.unlink(StoreLayout.lock(temporary))
                return nil
            } catch { return error }
        }
        if let failure { throw .system(failure) }
    }

    private func verified() throws(StoreError) -> (Digest, Int64) {
        let (hash, count) = state.withLock { ($0.hash, $0.count) }
        let found = try hash.digest()
        if let expectedSize, count != expectedSize {
            // Fewer bytes are what a broken connection leaves: they stay for the next attempt.
            throw wrongSize(count)
        }
        if let expectedDigest, expectedDigest != found {
            try discard()
            throw .wrongDigest(expected: expectedDigest, found: found)
        }
        return (found, count)
    }

    private func wrongSize(_ count: Int64) -> StoreError {
        .wrongSize(expectedDigest, expected: expectedSize ?? 0, found: count)
    }

    private func moveToPlace(_ digest: Digest, size: Int64) throws(StoreError) {
        try asStoreError { () throws(SystemCallError) in
            try FileDescriptor.rename(
                temporary, in: store.directory, to: StoreLayout.blob(digest), in: store.directory)
        }
        try asStoreError { () throws(MetadataError) in
            try store.database.insert(StoredItem(.blob(digest), size: size, unsyncedBoot: store.bootID))
        }
    }

    /// The name is known only now, and so is the lock that a collection of this blob would hold.
    private func moveToUnexpected(_ digest: Digest, size: Int64) throws(StoreError) {
        let present = try asStoreError { () throws(MetadataError) in
            try store.database.hold(.blob(digest), lease: lease.id)
        }
        guard present == nil else { return try discard() }
        let path = StoreLayout.blobLock(digest)
        let lock = try store.lock(path, waiting: true)
        try moveToPlace(digest, size: size)
        try asStoreError { () throws(SystemCallError) in try store.directory.unlink(path) }
        _ = consume lock
    }
}

extension BlobWriter: ByteSink {
    /// The same for bytes that are not copied on the way.
    public func write(_ bytes: Span<UInt8>) throws {
        if let failure = add(bytes) { try giveUp(failure) }
    }
}
