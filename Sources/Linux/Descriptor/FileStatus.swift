import CLinux
import Glibc

/// What stat(2) tells of a file.
public struct FileStatus: Sendable {
    public enum Kind: Sendable { case regular, directory, symlink, characterDevice, blockDevice, fifo, socket, unknown }

    public let kind: Kind
    /// Permission, set-id and sticky bits: `0o7777` at most.
    public let permissions: UInt32
    public let userID: UInt32
    public let groupID: UInt32
    /// In bytes.
    public let size: Int64
    /// In units of 512 bytes: what the file takes on the disk.
    public let blocks: Int64
    public let device: UInt64
    public let inode: UInt64
    public let linkCount: UInt64
    /// Of a device node: which device it opens.
    public let deviceNumber: UInt64
    public let modified: FileTime
    public let changed: FileTime

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symlink
            case S_IFCHR: .characterDevice
            case S_IFBLK: .blockDevice
            case S_IFIFO: .fifo
            case S_IFSOCK: .socket
            default: .unknown
            }
        permissions = status.st_mode & 0o7777
        userID = status.st_uid
        groupID = status.st_gid
        size = Int64(status.st_size)
        blocks = Int64(status.st_blocks)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        linkCount = UInt64(status.st_nlink)
        deviceNumber = UInt64(status.st_rdev)
        modified = FileTime(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec))
        changed = FileTime(seconds: Int64(status.st_ctim.tv_sec), nanoseconds: Int64(status.st_ctim.tv_nsec))
    }
}

extension FileStatus {
    /// The two halves of ``deviceNumber``, as the C library splits them (makedev(3)).
    public var deviceMajor: UInt32 { UInt32(truncatingIfNeeded: deviceNumber >> 8 & 0xFFF | deviceNumber >> 32 & 0xFFFF_F000) }
    public var deviceMinor: UInt32 { UInt32(truncatingIfNeeded: deviceNumber & 0xFF | deviceNumber >> 12 & 0xFFFF_FF00) }
}

/// A time of a file, since 1970 in UTC.
public struct FileTime: Hashable, Sendable {
    public var seconds: Int64
    /// 0 to 999,999,999, also before 1970.
    public var nanoseconds: Int64

    public init(seconds: Int64, nanoseconds: Int64 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }
}

extension FileDescriptor {
    /// Of the open file itself.
    public borrowing func status() throws(SystemCallError) -> FileStatus {
        let number = self.number
        var status = stat()
        _ = try retryingErrno("fstat", on: "descriptor \(number)") { fstat(number, &status) }
        return FileStatus(status)
    }

    /// Of one name in this directory; a symlink is told of itself.
    public borrowing func status(of name: some Path) throws(SystemCallError) -> FileStatus {
        let number = self.number
        var status = stat()
        _ = try retryingErrno("fstatat", on: name.description) {
            name.withCPath { fstatat(number, $0, &status, AT_SYMLINK_NOFOLLOW) }
        }
        return FileStatus(status)
    }

    /// Of a path; the last symlink is followed unless told otherwise.
    public static func status(of path: some Path, followingSymlinks: Bool = true) throws(SystemCallError) -> FileStatus {
        var status = stat()
        _ = try retryingErrno("stat", on: path.description) {
            path.withCPath { fstatat(AT_FDCWD, $0, &status, followingSymlinks ? 0 : AT_SYMLINK_NOFOLLOW) }
        }
        return FileStatus(status)
    }
}
