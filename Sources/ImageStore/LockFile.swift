import Glibc
import Linux

/// A file that one open file at a time has for itself. The lock dies with its holder, however that ends.
///
/// The file may be renamed or unlinked by the holder. Whoever waited for it then finds another file, or none, under the
/// name and begins again: two never believe that they hold the lock of one name.
struct LockFile: ~Copyable, Sendable {
    let file: FileDescriptor

    /// Opens or makes `path` below `root` and locks it.
    ///
    /// - Parameter waiting: Whether to wait for another holder; else nil where there is one.
    static func acquire(
        _ path: String, in root: borrowing FileDescriptor, waiting: Bool
    ) throws(SystemCallError) -> LockFile? {
        while true {
            let file = try FileDescriptor.open(
                path, in: root, .beneathWithoutSymlinks, flags: O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
            if waiting {
                try RecordLock.acquireWaiting(byte: 0, of: file)
            } else {
                guard try RecordLock.acquire(byte: 0, of: file) else { return nil }
            }
            let held = try file.status()
            if let named = try status(path, in: root), named.inode == held.inode, named.device == held.device {
                // Made under a umask that took away what its owner needs.
                if held.permissions != 0o600 { try file.changeMode(0o600) }
                return LockFile(file: file)
            }
        }
    }

    /// Nil if there is no such file.
    static func status(_ path: String, in root: borrowing FileDescriptor) throws(SystemCallError) -> FileStatus? {
        do throws(SystemCallError) {
            return try root.status(of: path)
        } catch {
            guard error.errno == .noSuchFile else { throw error }
            return nil
        }
    }
}

extension ImageStore {
    /// The lock of a path in the store; nil if another one has it and this one isn't to wait.
    func lock(_ path: String, waiting: Bool) throws(StoreError) -> LockFile? {
        do throws(SystemCallError) {
            return try LockFile.acquire(path, in: directory, waiting: waiting)
        } catch { throw .system(error) }
    }
}
