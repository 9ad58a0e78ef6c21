import CLinux
import Glibc

/// How far a path may lead when it is opened beneath a directory (openat2(2), Linux 5.6).
public enum Confinement: Sendable {
    /// The directory is the path's `/`: `..` stops there, absolute paths and symlinks start there.
    case inRoot
    /// A path that would leave the directory, by `..`, an absolute path or a symlink, is an error (EXDEV).
    case beneath
    /// As ``beneath``, and any symlink is an error (ELOOP).
    case beneathWithoutSymlinks
    /// As ``beneathWithoutSymlinks``, and so is a mount point (EXDEV).
    case beneathOneMount

    var flags: UInt64 {
        let magic = UInt64(RESOLVE_NO_MAGICLINKS)
        return switch self {
        case .inRoot: UInt64(RESOLVE_IN_ROOT) | magic
        case .beneath: UInt64(RESOLVE_BENEATH) | magic
        case .beneathWithoutSymlinks: UInt64(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS) | magic
        case .beneathOneMount: UInt64(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV) | magic
        }
    }
}

extension FileDescriptor {
    /// Opens `path`, relative to the working directory or absolute. For paths that Hako or its user made.
    ///
    /// - Parameters:
    ///   - flags: open(2) flags; `O_CLOEXEC` is always added.
    ///   - mode: Permission bits of a file that is created, before the umask.
    public static func open(
        _ path: some Path, flags: CInt = O_RDONLY, mode: mode_t = 0o600
    ) throws(SystemCallError) -> FileDescriptor {
        FileDescriptor(
            adopting: try retryingInterrupts("open", on: path.description) {
                path.withCPath { hako_openat(AT_FDCWD, $0, flags | O_CLOEXEC, mode) }
            })
    }

    /// Opens a directory, for use as a root or as the start of relative paths.
    public static func directory(_ path: some Path) throws(SystemCallError) -> FileDescriptor {
        try open(path, flags: O_RDONLY | O_DIRECTORY)
    }

    /// Opens one name in the directory that this descriptor is; a symlink is not followed (ELOOP).
    ///
    /// - Parameter name: One component. For anything longer, and for names that a stranger chose, use the `openat2` form.
    public borrowing func openChild(
        _ name: some Path, flags: CInt = O_RDONLY, mode: mode_t = 0o600
    ) throws(SystemCallError) -> FileDescriptor {
        let number = self.number
        return FileDescriptor(
            adopting: try retryingInterrupts("openat", on: name.description) {
                name.withCPath { hako_openat(number, $0, flags | O_CLOEXEC | O_NOFOLLOW, mode) }
            })
    }

    /// Opens `path` with `root` as its `/` or its limit: no `..`, absolute symlink or magic link leads out of it.
    ///
    /// - Parameters:
    ///   - path: Relative to `root`; with ``Confinement/inRoot`` a leading `/` means `root` itself.
    ///   - flags: open(2) flags; `O_CLOEXEC` is always added.
    ///   - mode: Permission bits of a file that is created; must be 0 unless `O_CREAT` or `O_TMPFILE` is given.
    /// - Throws: ``SystemCallError`` for `openat2`, on `path`.
    /// - SeeAlso: openat2(2), RESOLVE_IN_ROOT (Linux 5.6).
    public static func open(
        _ path: some Path, in root: borrowing FileDescriptor, _ confinement: Confinement = .inRoot,
        flags: CInt = O_RDONLY, mode: mode_t = 0
    ) throws(SystemCallError) -> FileDescriptor {
        let directory = root.number
        let openFlags = UInt64(UInt32(bitPattern: flags | O_CLOEXEC))
        while true {
            let result = path.withCPath {
                hako_openat2(directory, $0, openFlags, UInt64(mode), confinement.flags)
            }
            if result >= 0 { return FileDescriptor(adopting: result) }
            // EAGAIN: a rename or mount raced with the walk; openat2(2) asks the caller to try again.
            guard result == -EAGAIN || result == -EINTR else {
                throw SystemCallError("openat2", on: path.description, result: result)
            }
        }
    }

    /// An unlinked file in memory, for data that is handed to another program. memfd_create(2).
    public static func memory(named name: String, sealable: Bool = false) throws(SystemCallError) -> FileDescriptor {
        FileDescriptor(
            adopting: try retryingInterrupts("memfd_create", on: name) {
                hako_memfd_create(name, UInt32(MFD_CLOEXEC) | (sealable ? UInt32(MFD_ALLOW_SEALING) : 0))
            })
    }
}

/// A pipe. pipe(7).
@frozen public struct Pipe: ~Copyable, Sendable {
    public var reading: FileDescriptor
    public var writing: FileDescriptor

    /// Both ends are closed on exec.
    public init(nonBlocking: Bool = false) throws(SystemCallError) {
        var (reading, writing): (CInt, CInt) = (-1, -1)
        _ = try retryingInterrupts("pipe2", on: "a new pipe") {
            hako_pipe2(&reading, &writing, O_CLOEXEC | (nonBlocking ? O_NONBLOCK : 0))
        }
        self.reading = FileDescriptor(adopting: reading)
        self.writing = FileDescriptor(adopting: writing)
    }

    /// Closes the other end.
    public consuming func keepingReading() -> FileDescriptor { reading }
    /// Closes the other end.
    public consuming func keepingWriting() -> FileDescriptor { writing }
}

extension FileDescriptor {
    /// Ends all writing to a sealable memory file, for good. fcntl(2), F_ADD_SEALS.
    public borrowing func seal() throws(SystemCallError) {
        let number = self.number
        // F_SEAL_SEAL, _SHRINK, _GROW and _WRITE; the C library hides the numbers.
        _ = try retryingInterrupts("fcntl", on: "descriptor \(number)") { hako_fcntl(number, 1033, 0xF) }
    }
}
