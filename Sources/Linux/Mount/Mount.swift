import CLinux
import Glibc

/// What a mount allows, beside what its file system does. mount_setattr(2).
public struct MountAttributes: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let readOnly = MountAttributes(rawValue: UInt64(MOUNT_ATTR_RDONLY))
    public static let noSetUserID = MountAttributes(rawValue: UInt64(MOUNT_ATTR_NOSUID))
    public static let noDevices = MountAttributes(rawValue: UInt64(MOUNT_ATTR_NODEV))
    public static let noExecution = MountAttributes(rawValue: UInt64(MOUNT_ATTR_NOEXEC))
    public static let noAccessTime = MountAttributes(rawValue: UInt64(MOUNT_ATTR_NOATIME))
    public static let strictAccessTime = MountAttributes(rawValue: UInt64(MOUNT_ATTR_STRICTATIME))
    public static let noDirectoryAccessTime = MountAttributes(rawValue: UInt64(MOUNT_ATTR_NODIRATIME))
    /// Linux 5.14.
    public static let noSymlinkFollowing = MountAttributes(rawValue: UInt64(MOUNT_ATTR_NOSYMFOLLOW))

    /// Of the access time's values only one holds: they are cleared together before one is set.
    static let accessTime = MountAttributes(rawValue: UInt64(MOUNT_ATTR__ATIME))
}

/// Whether mounts below a mount reach its peers. mount_namespaces(7).
public enum Propagation: UInt64, Hashable, Sendable {
    case `private` = 0x40000
    case slave = 0x80000
    case shared = 0x100000
    case unbindable = 0x20000
}

/// A mount that a descriptor holds. Until it is moved somewhere it is in no mount namespace, and gone with this value.
@frozen public struct Mount: ~Copyable, Sendable {
    /// The mount's root.
    public let root: FileDescriptor

    init(root: consuming FileDescriptor) { self.root = root }

    /// Whoever takes the descriptor holds the mount.
    public consuming func intoDescriptor() -> FileDescriptor { root }

    /// Takes a mount back from its descriptor.
    public init(adopting root: consuming FileDescriptor) { self.root = root }

    /// Gives the descriptor away: whoever takes the number has to close it.
    consuming func relinquish() -> CInt { root.relinquish() }

    /// A copy of what is mounted at `path`, or of the directory or file there: a bind mount, not yet attached.
    ///
    /// - Parameters:
    ///   - directory: What a relative path starts from; with an empty path, what is copied itself.
    ///   - recursive: With all mounts below it.
    ///   - followsSymlinks: Whether a symlink at the path's end is followed.
    /// - SeeAlso: open_tree(2), OPEN_TREE_CLONE (Linux 5.2).
    public static func copy(
        of path: some Path, in directory: borrowing FileDescriptor, recursive: Bool = false,
        followsSymlinks: Bool = true
    ) throws(SystemCallError) -> Mount {
        try copy(path, directory: directory.number, recursive: recursive, followsSymlinks: followsSymlinks)
    }

    /// The same for an absolute path, or one from the working directory.
    public static func copy(
        of path: some Path, recursive: Bool = false, followsSymlinks: Bool = true
    ) throws(SystemCallError) -> Mount {
        try copy(path, directory: AT_FDCWD, recursive: recursive, followsSymlinks: followsSymlinks)
    }

    /// The same for what is open at `descriptor`, so that no path is resolved a second time.
    public static func copy(
        of descriptor: borrowing FileDescriptor, recursive: Bool = false
    ) throws(SystemCallError) -> Mount {
        try copy("", directory: descriptor.number, recursive: recursive, followsSymlinks: true)
    }

    private static func copy(
        _ path: some Path, directory: CInt, recursive: Bool, followsSymlinks: Bool
    ) throws(SystemCallError) -> Mount {
        var flags = UInt32(OPEN_TREE_CLONE) | UInt32(HAKO_AT_EMPTY_PATH)
        if recursive { flags |= UInt32(HAKO_AT_RECURSIVE) }
        if !followsSymlinks { flags |= UInt32(AT_SYMLINK_NOFOLLOW) }
        let descriptor = try retryingInterrupts("open_tree", on: path.description) {
            path.withCPath { hako_open_tree(directory, $0, flags) }
        }
        return Mount(root: FileDescriptor(adopting: descriptor))
    }

    /// Sets and clears attributes, of all mounts below too where `recursive`.
    ///
    /// - SeeAlso: mount_setattr(2), Linux 5.12.
    public borrowing func setAttributes(
        _ set: MountAttributes, clearing clear: MountAttributes = [], propagation: Propagation? = nil,
        recursive: Bool = false
    ) throws(SystemCallError) {
        let number = root.number
        var cleared = clear.rawValue
        if !set.isDisjoint(with: .accessTime) { cleared |= MountAttributes.accessTime.rawValue }
        _ = try retryingInterrupts("mount_setattr", on: "a mount") {
            hako_mount_setattr(number, recursive ? 1 : 0, set.rawValue, cleared, propagation?.rawValue ?? 0, -1)
        }
    }

    /// Shows files through this mount with the ids that the user namespace gives them: what belongs to 0 on the disk belongs
    /// to the namespace's 0. Only before it is attached, and once. Linux 5.12; overlay's lower layers 5.19.
    ///
    /// - Throws: `EINVAL` where the file system can't.
    public borrowing func mapIDs(
        to userNamespace: borrowing FileDescriptor, recursive: Bool = false, also attributes: MountAttributes = []
    ) throws(SystemCallError) {
        let (number, namespace) = (root.number, userNamespace.number)
        _ = try retryingInterrupts("mount_setattr", on: "an idmapped mount") {
            hako_mount_setattr(
                number, recursive ? 1 : 0, UInt64(MOUNT_ATTR_IDMAP) | attributes.rawValue, 0, 0, namespace)
        }
    }

    /// Attaches it on top of what is open at `place`, which no symlink swapped in meanwhile can change. move_mount(2).
    ///
    /// Afterwards it is the namespace's, and stays when this value goes.
    public borrowing func attach(to place: borrowing FileDescriptor) throws(SystemCallError) {
        let (from, onto) = (root.number, place.number)
        _ = try retryingInterrupts("move_mount", on: "descriptor \(onto)") { hako_move_mount(from, onto) }
        ObjectLog.made("mount \(root.location())")
    }
}

/// What belongs to this process's mount namespace as a whole.
public enum MountTree {
    /// Sets how the tree at `path` and all below passes on mounts.
    public static func setPropagation(
        _ propagation: Propagation, of path: String = "/", recursive: Bool = true
    ) throws(SystemCallError) {
        let flags = UInt(propagation.rawValue) | (recursive ? 16384 : 0)  // MS_REC
        _ = try retryingInterrupts("mount", on: path) { hako_set_propagation(path, flags) }
    }

    /// Makes the mount that is open at `root` this namespace's root, for all its processes, and lets the old one go.
    ///
    /// pivot_root(2) with both arguments ".": the old root comes to lie on the new one, and is taken off at once, lazily,
    /// as this process itself came from there.
    public static func pivot(to root: borrowing FileDescriptor) throws(SystemCallError) {
        let number = root.number
        _ = try retryingErrno("fchdir", on: "the new root") { fchdir(number) }
        _ = try retryingInterrupts("pivot_root", on: "the new root") { hako_pivot_root(".", ".") }
        _ = try retryingInterrupts("umount2", on: "the old root") { hako_umount(".", CInt(MNT_DETACH)) }
        _ = try retryingErrno("chdir", on: "/") { chdir("/") }
    }

    /// Takes off what is mounted at `path`; `detach` even if it is in use: it goes with its last user. umount2(2).
    public static func unmount(_ path: String, detach: Bool = false) throws(SystemCallError) {
        _ = try retryingInterrupts("umount2", on: path) {
            hako_umount(path, (detach ? CInt(MNT_DETACH) : 0) | CInt(UMOUNT_NOFOLLOW))
        }
        ObjectLog.removed("mount \(path)")
    }
}
