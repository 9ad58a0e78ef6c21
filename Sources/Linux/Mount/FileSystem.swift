import CLinux
import Glibc

/// A file system that is being configured, before it is mounted. fsopen(2), Linux 5.2.
public struct FileSystemContext: ~Copyable {
    private let context: FileDescriptor
    private let name: String

    /// - Parameter name: A type of `/proc/filesystems`. Some types show a namespace of the thread that opens them.
    public init(_ name: String) throws(SystemCallError) {
        self.name = name
        context = FileDescriptor(adopting: try retryingInterrupts("fsopen", on: name) { hako_fsopen(name) })
    }

    /// A proc file system of another PID namespace: a file of `/proc/PID/ns` or, if it is a pidfd, its process's.
    public init(procOf pidNamespace: borrowing FileDescriptor) throws(SystemCallError) {
        name = "proc"
        let number = pidNamespace.number
        context = FileDescriptor(adopting: try retryingInterrupts("fsopen", on: "proc") { hako_fsopen_proc(number) })
    }

    public borrowing func set(_ flag: String) throws(SystemCallError) {
        try check(flag) { hako_fsconfig_flag($0, flag) }
    }

    public borrowing func set(_ key: String, _ value: some Path) throws(SystemCallError) {
        try check(key) { context in value.withCPath { hako_fsconfig_string(context, key, $0) } }
    }

    /// A parameter that takes an open file.
    borrowing func set(_ key: String, number: CInt) throws(SystemCallError) {
        try check(key) { hako_fsconfig_descriptor($0, key, number) }
    }

    /// Makes the file system and a mount of it that is not attached anywhere.
    public consuming func mount(_ attributes: MountAttributes = []) throws(SystemCallError) -> Mount {
        try check(nil) { hako_fsconfig_create($0) }
        let (number, name) = (context.number, name)
        let mount = try retryingInterrupts("fsmount", on: name) {
            hako_fsmount(number, UInt32(truncatingIfNeeded: attributes.rawValue))
        }
        return Mount(root: FileDescriptor(adopting: mount))
    }

    /// The kernel's own words for a refusal (`e overlay: No changes allowed in reconfigure`) say more than its number.
    private borrowing func check(_ key: String?, _ body: (CInt) -> CInt) throws(SystemCallError) {
        let number = context.number
        let result = body(number)
        guard result < 0 else { return }
        let log = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
            hako_fs_log(number, buffer.baseAddress, buffer.count)
            return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        let words = log.dropFirst(2).filter { $0 != "\n" }
        let option = key.map { " option \($0)" } ?? ""
        throw SystemCallError("fsconfig", on: name + option + (words.isEmpty ? "" : ": " + words), result: result)
    }
}

/// A type of file system, by its magic number. statfs(2).
public struct FileSystemType: Hashable, Sendable {
    public let magic: Int64

    public static let proc = FileSystemType(magic: 0x9FA0)
    public static let sysfs = FileSystemType(magic: 0x6265_6572)
    public static let pidfs = FileSystemType(magic: 0x5049_4446)
    public static let tmpfs = FileSystemType(magic: 0x0102_1994)
    public static let devpts = FileSystemType(magic: 0x1CD1)
    public static let overlay = FileSystemType(magic: 0x794C_7630)

    /// Of the kernel's own making: what is in it are no files that somebody stored, and reading one may wait for ever or change
    /// something. linux/magic.h
    public var isKernelInterface: Bool { Self.kernelInterfaces.contains(self) }

    private static let kernelInterfaces: Set<FileSystemType> = [
        .proc, .sysfs, .pidfs, .devpts,
        FileSystemType(magic: 0x27_E0EB),  // cgroup
        FileSystemType(magic: 0x6367_7270),  // cgroup2
        FileSystemType(magic: 0x1980_0202),  // mqueue
        FileSystemType(magic: 0x6462_6720),  // debugfs
        FileSystemType(magic: 0x7472_6163),  // tracefs
        FileSystemType(magic: 0x7363_6673),  // securityfs
        FileSystemType(magic: 0x6265_6570),  // configfs
        FileSystemType(magic: 0xCAFE_4A11),  // bpf
        FileSystemType(magic: 0x6165_676C),  // pstore
        FileSystemType(magic: 0xDE5E_81E4),  // efivarfs
        FileSystemType(magic: 0x4249_4E4D),  // binfmt_misc
        FileSystemType(magic: 0x6E73_6673),  // nsfs
    ]
}

extension FileDescriptor {
    /// O_PATH, which the C library hides: names a file without opening it, for calls that work on its place.
    public static let pathOnly: CInt = 0o10000000

    /// Of which type the file system is that holds the file.
    public borrowing func fileSystemType() throws(SystemCallError) -> FileSystemType {
        let number = self.number
        return FileSystemType(
            magic: try retryingInterrupts("fstatfs", on: "descriptor \(number)") { hako_file_system_type(number) })
    }

    /// Whether the file is on a mount, or a file system, that takes no writes.
    public borrowing func isOnReadOnlyMount() throws(SystemCallError) -> Bool {
        let number = self.number
        return try retryingInterrupts("fstatvfs", on: "descriptor \(number)") { hako_is_read_only(number) } == 1
    }

    /// Gives the open file itself to somebody, also if it was opened with O_PATH.
    public borrowing func setOwner(user: UInt32, group: UInt32) throws(SystemCallError) {
        let number = self.number
        _ = try retryingInterrupts("fchownat", on: "descriptor \(number)") {
            hako_chown_descriptor(number, user, group)
        }
    }
}
