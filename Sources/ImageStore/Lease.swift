import Glibc
import Linux
import Metadata
import Synchronization

/// Keeps what a pull has found or written from being collected until an image holds it.
///
/// It lasts as long as this value, or until ``end()``; when the process is killed it ends with it, as the lock of its
/// file does.
public final class Lease: Sendable {
    let id: String
    private let store: ImageStore
    private let lock: Mutex<LockFile?>

    init(_ store: ImageStore) throws(StoreError) {
        // Names only have to differ; a number that two processes drew would make one wait for ever, 2⁻¹²⁸.
        let id = String(UInt64.random(in: .min ... .max), radix: 16) + String(UInt64.random(in: .min ... .max), radix: 16)
        let lock = try store.lock(StoreLayout.lease(id), waiting: true)
        self.id = id
        self.store = store
        self.lock = Mutex(lock)
        // After the lock: a lease whose file can be locked is one whose owner died.
        try asStoreError { () throws(MetadataError) in try store.database.insertLease(id, at: RealTime.now) }
    }

    deinit {
        // What stays behind is found to be dead by the next collection.
        try? end()
    }

    /// Ends it; a second call does nothing.
    public func end() throws(StoreError) {
        let failure = lock.withLock { lock -> StoreError? in
            guard lock != nil else { return nil }
            // Let go of last: a collection would take the file for a dead lease's and remove it first.
            defer { lock = nil }
            do throws(StoreError) {
                try asStoreError { () throws(MetadataError) in try store.database.deleteLeases([id]) }
                try asStoreError { () throws(SystemCallError) in try store.directory.unlink(StoreLayout.lease(id)) }
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
    }
}

extension ImageStore {
    public func lease() throws(StoreError) -> Lease { try Lease(self) }

    /// Keeps what is in the store from being collected as long as the lease lasts.
    ///
    /// - Throws: ``MetadataError/missing(_:)`` for what isn't there.
    public func keep(_ names: [StoredName], under lease: Lease) throws(StoreError) {
        let items = try asStoreError { () throws(MetadataError) in try database.hold(names, lease: lease.id) }
        for (name, item) in zip(names, items) where item == nil { throw .metadata(.missing(name)) }
    }

    /// The same for what another process is about to bring: from its first moment on it isn't garbage.
    public func expect(_ name: StoredName, under lease: Lease) throws(StoreError) { _ = try hold(name, lease) }

    /// Ends the leases whose owners have died.
    func endDeadLeases() throws(StoreError) {
        // Rows before files: an owner makes its file first and removes it last, so a row without a file is dead.
        let rows = try asStoreError { () throws(MetadataError) in try database.leases() }
        var living: Set<String> = []
        let files = try asStoreError { () throws(SystemCallError) in try directory.openChild(StoreLayout.leases).names() }
        for name in files {
            let id = name.description
            let isDead = try asStoreError { () throws(SystemCallError) in try removeIfUnlocked(StoreLayout.lease(id)) }
            if !isDead { living.insert(id) }
        }
        try asStoreError { () throws(MetadataError) in try database.deleteLeases(rows.filter { !living.contains($0) }) }
    }

    /// Removes a lock file that nobody holds. Returns whether it did.
    func removeIfUnlocked(_ path: String) throws(SystemCallError) -> Bool {
        guard let lock = try LockFile.acquire(path, in: directory, waiting: false) else { return false }
        try directory.unlink(path)
        // Not before: whoever waits for it has to find that the name is gone.
        _ = consume lock
        return true
    }
}
