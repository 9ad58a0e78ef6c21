import CLinux
import Glibc

// Every call here works on an open file or on one name that is not followed: a path that somebody swaps for a symlink
// between two calls would send the owner, mode or time to a stranger's file (CVE-2021-32760, CVE-2025-47290).

extension FileDescriptor {
    /// Sets the open file's owner. The kernel clears set-id bits and capabilities: set those afterwards. fchown(2).
    public borrowing func changeOwner(userID: UInt32, groupID: UInt32) throws(SystemCallError) {
        let number = self.number
        _ = try retryingErrno("fchown", on: "descriptor \(number)") { fchown(number, userID, groupID) }
    }

    /// Sets the owner of one name in this directory; of a symlink its own. fchownat(2).
    public borrowing func changeOwner(of name: some Path, userID: UInt32, groupID: UInt32) throws(SystemCallError) {
        let number = self.number
        _ = try retryingErrno("fchownat", on: name.description) {
            name.withCPath { fchownat(number, $0, userID, groupID, AT_SYMLINK_NOFOLLOW) }
        }
    }

    /// Sets permission, set-id and sticky bits, whatever the umask. fchmod(2).
    public borrowing func changeMode(_ mode: mode_t) throws(SystemCallError) {
        let number = self.number
        _ = try retryingErrno("fchmod", on: "descriptor \(number)") { fchmod(number, mode) }
    }

    /// The same for one name in this directory that is no symlink (EOPNOTSUPP).
    public borrowing func changeMode(of name: some Path, to mode: mode_t) throws(SystemCallError) {
        let number = self.number
        // Before Linux 6.6 there is no such call: the C library opens the name with O_PATH and O_NOFOLLOW.
        _ = try retryingErrno("fchmodat", on: name.description) {
            name.withCPath { fchmodat(number, $0, mode, AT_SYMLINK_NOFOLLOW) }
        }
    }

    /// Sets the open file's times; nil leaves the access time. futimens(3).
    public borrowing func setTimes(accessed: FileTime?, modified: FileTime) throws(SystemCallError) {
        let number = self.number
        let times = [accessed.kernelTime, Optional(modified).kernelTime]
        _ = try retryingErrno("futimens", on: "descriptor \(number)") { futimens(number, times) }
    }

    /// Sets the times of one name in this directory; of a symlink its own. utimensat(2).
    public borrowing func setTimes(
        of name: some Path, accessed: FileTime?, modified: FileTime
    ) throws(SystemCallError) {
        let number = self.number
        let times = [accessed.kernelTime, Optional(modified).kernelTime]
        _ = try retryingErrno("utimensat", on: name.description) {
            name.withCPath { utimensat(number, $0, times, AT_SYMLINK_NOFOLLOW) }
        }
    }

    /// Makes the file as long as that: a longer one is cut, a shorter one gets a hole. ftruncate(2).
    public borrowing func truncate(to size: Int64) throws(SystemCallError) {
        let number = self.number
        _ = try retryingErrno("ftruncate", on: "descriptor \(number)") { ftruncate(number, off_t(size)) }
    }
}

extension FileTime? {
    fileprivate var kernelTime: timespec {
        map { timespec(tv_sec: Int($0.seconds), tv_nsec: Int($0.nanoseconds)) }
            // UTIME_OMIT, a macro with a cast.
            ?? timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2)
    }
}

extension FileDescriptor {
    /// Sets an extended attribute of the open file. fsetxattr(2).
    public borrowing func setExtendedAttribute(
        _ name: some Path, to value: some Collection<UInt8>
    ) throws(SystemCallError) {
        let number = self.number
        let value = Array(value)
        _ = try retryingInterrupts("fsetxattr", on: name.description) {
            name.withCPath { hako_fsetxattr(number, $0, value, value.count) }
        }
    }

    /// Takes an extended attribute away that the open file has. fremovexattr(2).
    public borrowing func removeExtendedAttribute(_ name: some Path) throws(SystemCallError) {
        let number = self.number
        _ = try retryingInterrupts("fremovexattr", on: name.description) { name.withCPath { hako_fremovexattr(number, $0) } }
    }

    /// An extended attribute's value; nil if the file has none of that name. fgetxattr(2).
    public borrowing func extendedAttribute(_ name: some Path) throws(SystemCallError) -> [UInt8]? {
        do throws(SystemCallError) { return try extendedAttribute(name, limit: 256) } catch {
            guard error.errno == .outOfRange else { throw error }
            // Few are so long: XATTR_SIZE_MAX of the kernel.
            return try extendedAttribute(name, limit: 64 << 10)
        }
    }

    /// The same for one that is `limit` bytes long at most; a longer one is an error (`ERANGE`).
    public borrowing func extendedAttribute(_ name: some Path, limit: Int) throws(SystemCallError) -> [UInt8]? {
        let number = self.number
        var value = [UInt8](repeating: 0, count: limit)
        do throws(SystemCallError) {
            let count = try retryingInterrupts("fgetxattr", on: name.description) {
                name.withCPath { hako_fgetxattr(number, $0, &value, value.count) }
            }
            return Array(value[..<count])
        } catch {
            guard error.errno == Errno(rawValue: ENODATA) || error.errno == .notSupported else { throw error }
            return nil
        }
    }

    /// The names of the open file's extended attributes, sorted. flistxattr(2).
    public borrowing func extendedAttributeNames() throws(SystemCallError) -> [PathBytes] {
        let number = self.number
        // Most files have none, and need no room for their names.
        let size = try retryingInterrupts("flistxattr", on: "descriptor \(number)") { hako_flistxattr(number, nil, 0) }
        guard size > 0 else { return [] }
        // XATTR_LIST_MAX of the kernel.
        var list = [CChar](repeating: 0, count: 64 << 10)
        let count = try retryingInterrupts("flistxattr", on: "descriptor \(number)") {
            hako_flistxattr(number, &list, list.count)
        }
        return list[..<count].split(separator: 0).map { name in name.map { UInt8(bitPattern: $0) } }
            .sorted { $0.lexicographicallyPrecedes($1) }.compactMap { PathBytes($0) }
    }
}
