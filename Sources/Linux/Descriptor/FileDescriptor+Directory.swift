import CLinux
import Glibc

extension FileDescriptor {
    /// Makes one directory in this one; an existing name is an error (EEXIST).
    public borrowing func makeDirectory(_ name: some Path, mode: mode_t = 0o700) throws(SystemCallError) {
        let number = self.number
        _ = try retryingErrno("mkdirat", on: name.description) { name.withCPath { mkdirat(number, $0, mode) } }
    }

    /// Removes one name that is not a directory.
    public borrowing func unlink(_ name: some Path) throws(SystemCallError) {
        let number = self.number
        _ = try retryingErrno("unlinkat", on: name.description) { name.withCPath { unlinkat(number, $0, 0) } }
    }

    /// Removes one empty directory.
    public borrowing func removeDirectory(_ name: some Path) throws(SystemCallError) {
        let number = self.number
        _ = try retryingErrno("unlinkat", on: name.description) {
            name.withCPath { unlinkat(number, $0, AT_REMOVEDIR) }
        }
    }

    /// Renames between two directories. renameat2(2); `flags` may hold RENAME_NOREPLACE or RENAME_EXCHANGE.
    public static func rename(
        _ old: some Path, in from: borrowing FileDescriptor, to new: some Path, in to: borrowing FileDescriptor,
        flags: UInt32 = 0
    ) throws(SystemCallError) {
        let (source, destination) = (from.number, to.number)
        _ = try retryingInterrupts("renameat2", on: "\(old) to \(new)") {
            old.withCPath { old in new.withCPath { hako_renameat2(source, old, destination, $0, flags) } }
        }
    }

    /// The names in this directory but `.` and `..`, in no order.
    public borrowing func names() throws(SystemCallError) -> [PathBytes] {
        // A descriptor of its own: reading moves the offset, which duplicates would share.
        let reading = try openChild(".", flags: O_RDONLY | O_DIRECTORY)
        let number = reading.relinquish()
        guard let stream = fdopendir(number) else {
            let errno = Errno(rawValue: Glibc.errno)
            _ = Glibc.close(number)
            throw SystemCallError("fdopendir", on: "descriptor \(number)", errno)
        }
        defer { closedir(stream) }
        var names: [PathBytes] = []
        while true {
            Glibc.errno = 0
            guard let entry = readdir(stream) else {
                guard Glibc.errno == 0 else {
                    throw SystemCallError("readdir", on: "descriptor \(number)", Errno(rawValue: Glibc.errno))
                }
                return names
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: UInt8.self, capacity: 256) { start in
                    Array(UnsafeBufferPointer(start: start, count: strlen(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))))
                }
            }
            if name != [0x2E] && name != [0x2E, 0x2E], let path = PathBytes(name) { names.append(path) }
        }
    }
}

/// Directories by path, for what Hako itself lays out.
public enum Directory {
    /// Makes `path` and the parents that are missing, each with `mode` whatever the umask. What is there stays as it is.
    ///
    /// - Returns: Whether it was made.
    @discardableResult
    public static func create(_ path: String, mode: mode_t = 0o700) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) { return try createLast(path, mode) } catch {
            guard error.errno == .noSuchFile, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex
            else { throw error }
            try create(String(path[..<slash]), mode: mode)
            // Once more and no further: below /proc, a directory that is there is said to be missing.
            return try createLast(path, mode)
        }
    }

    /// The last component of the path alone.
    private static func createLast(_ path: String, _ mode: mode_t) throws(SystemCallError) -> Bool {
        guard mkdir(path, mode) == 0 else {
            let errno = Errno(rawValue: Glibc.errno)
            guard errno == .exists else { throw SystemCallError("mkdir", on: path, errno) }
            return false
        }
        // mkdir(2) takes the umask away: a store must be closed to others also under umask 0, and usable under 0777.
        guard chmod(path, mode) == 0 else { throw SystemCallError("chmod", on: path, Errno(rawValue: Glibc.errno)) }
        return true
    }

    /// Makes a directory, if it isn't there, whose subdirectories are big and have nothing to do with each other: ext4 lays
    /// each into another part of the disk (chattr(1), `T`), which takes it 0.2 ms. In one place, a new file's inode is looked
    /// for behind all that were freed in the last minutes, where there is no journal. Other file systems don't know the flag.
    public static func createForStrangers(_ path: String, mode: mode_t = 0o700) throws(SystemCallError) {
        guard try create(path, mode: mode) else { return }
        let number = try FileDescriptor.directory(path).relinquish()
        defer { _ = FileDescriptor(adopting: number) }
        var flags: CLong = 0
        // FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_TOPDIR_FL: linux/fs.h.
        guard hako_ioctl(number, 0x8008_6601, &flags) == 0 else { return }
        flags |= 0x0002_0000
        _ = hako_ioctl(number, 0x4008_6602, &flags)
    }

    /// Makes a directory that is locked, for places where what has no lock is taken for left over: see ``waitForLocks(in:)``. Nil
    /// where it is there.
    public static func createLocked(_ path: String) throws(SystemCallError) -> FileDescriptor? {
        let parent = try FileDescriptor.directory(split(path).parent)
        try parent.lockWholeShared()
        guard try create(path) else { return nil }
        let directory = try FileDescriptor.directory(path)
        try directory.lockWhole()
        try parent.unlockWhole()
        return directory
    }

    /// Returns when every directory that was there has the lock with which ``createLocked(_:)`` has made it, or has had it: what was
    /// seen before and is unlocked afterwards belongs to nobody.
    public static func waitForLocks(in parent: String) throws(SystemCallError) {
        try FileDescriptor.directory(parent).lockWhole()
    }

    /// Removes what is at an absolute path, with all that is below it and on the same mount; nothing there is no error.
    public static func removeTree(_ path: String) throws(SystemCallError) {
        let (parent, name) = split(path)
        guard access(parent, F_OK) == 0 else { return }
        try FileDescriptor.directory(parent).removeTree(name)
    }

    /// An absolute path.
    private static func split(_ path: String) -> (parent: String, name: String) {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
    }
}

extension FileDescriptor {
    /// Waits for an advisory lock on the whole open file, which lasts until the last of its descriptors is closed. flock(2).
    public borrowing func lockWhole() throws(SystemCallError) {
        let number = number
        _ = try retryingErrno("flock", on: "descriptor \(number)") { flock(number, LOCK_EX) }
    }

    /// As ``lockWhole()``, for so long at most; false where another still has it then.
    public borrowing func lockWhole(withinMilliseconds limit: Int) throws(SystemCallError) -> Bool {
        // There is no such call: it is asked for over and over.
        for _ in 0..<max(limit, 1) {
            if try tryLockWhole() { return true }
            usleep(1000)
        }
        return false
    }

    /// Waits for a lock that others may have at the same time, but nobody who has it alone.
    public borrowing func lockWholeShared() throws(SystemCallError) {
        let number = number
        _ = try retryingErrno("flock", on: "descriptor \(number)") { flock(number, LOCK_SH) }
    }

    /// Lets go of either lock.
    public borrowing func unlockWhole() throws(SystemCallError) {
        let number = number
        _ = try retryingErrno("flock", on: "descriptor \(number)") { flock(number, LOCK_UN) }
    }

    /// As ``lockWhole()``, without waiting: false where another has it.
    public borrowing func tryLockWhole() throws(SystemCallError) -> Bool { try tryLock(LOCK_EX) }

    /// As ``lockWholeShared()``, without waiting: false where another has it alone.
    public borrowing func tryLockWholeShared() throws(SystemCallError) -> Bool { try tryLock(LOCK_SH) }

    private borrowing func tryLock(_ kind: CInt) throws(SystemCallError) -> Bool {
        let number = number
        do throws(SystemCallError) { _ = try retryingErrno("flock", on: "descriptor \(number)") { flock(number, kind | LOCK_NB) } } catch {
            guard error.errno == .wouldBlock else { throw error }
            return false
        }
        return true
    }
}

extension FileDescriptor {
    /// Where the open file lies now, as an absolute path; for messages and for what is written down.
    public borrowing func path() throws(SystemCallError) -> String {
        String(decoding: try FileDescriptor.directory("/proc/self/fd").symlinkTarget(of: "\(number)").bytes, as: UTF8.self)
    }
}

extension FileDescriptor {
    /// Makes this directory the process's working directory. fchdir(2).
    public borrowing func becomeWorkingDirectory() throws(SystemCallError) {
        let number = self.number
        _ = try retryingErrno("fchdir", on: "descriptor \(number)") { fchdir(number) }
    }
}
