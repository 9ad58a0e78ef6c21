import Glibc
import Linux

/// The cgroup file systems that are mounted: controllers on v1, v2 for all (unified), or v1 with v2 beside (hybrid).
///
/// What the host set up is used as it is; nothing is mounted or moved. cgroups(7).
public struct CgroupMounts: Hashable, Sendable {
    /// One hierarchy of v1.
    public struct Hierarchy: Hashable, Sendable {
        /// `cpu`, `cpuacct`; a named hierarchy without controllers is `name=systemd`.
        public var controllers: [String]
        public var mountPoint: String
    }

    public var v1: [Hierarchy]
    /// Where cgroup v2 is mounted, if it is.
    public var unified: String?

    /// Whether controllers are on v1, so that ``unified``, if there is one, has only what needs no controller.
    public var isV1: Bool { v1.contains { !$0.controllers.allSatisfy { $0.hasPrefix("name=") } } }

    public init(v1: [Hierarchy] = [], unified: String? = nil) {
        self.v1 = v1
        self.unified = unified
    }

    /// What this process's mount namespace has; looked at once, as hierarchies stay where they are while one is in use.
    ///
    /// - Throws: ``CgroupError/notMounted`` if there is none.
    public static func detect() throws(CgroupError) -> CgroupMounts { try found.get() }

    private static let found = Result { () throws(CgroupError) in try look() }

    private static func look() throws(CgroupError) -> CgroupMounts {
        // The file system's magic number tells of v2 without the table of mounts, which is long on a busy host.
        if FileSystemKind.of("/sys/fs/cgroup") == .cgroup2 { return CgroupMounts(unified: "/sys/fs/cgroup") }
        let table = try asCgroupError { () throws(SystemCallError) in
            try FileDescriptor.contents(of: "/proc/self/mountinfo")
        }
        var mounts = CgroupMounts(mountInfo: table)
        // Something may be mounted over it: a foreign runtime takes a host with both for one that it can't work on.
        if let unified = mounts.unified, FileSystemKind.of(unified) != .cgroup2 { mounts.unified = nil }
        guard mounts.isV1 || mounts.unified != nil else { throw .notMounted }
        return mounts
    }

    /// Reads the text of `/proc/self/mountinfo`: proc_pid_mountinfo(5).
    init(mountInfo table: [UInt8]) {
        self.init()
        for line in table.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "))
            // Optional fields end with a dash; behind it stand the type, the source and the super block's options.
            guard fields.count > 6, let dash = fields[6...].firstIndex(of: [UInt8(ascii: "-")]),
                fields.indices.contains(dash + 3)
            else { continue }
            let mountPoint = Self.unescaped(fields[4])
            switch String(decoding: fields[dash + 1], as: UTF8.self) {
            case "cgroup2": if unified == nil { unified = mountPoint }
            case "cgroup": add(options: fields[dash + 3], at: mountPoint)
            default: continue
            }
        }
    }

    private mutating func add(options: ArraySlice<UInt8>, at mountPoint: String) {
        let controllers = options.split(separator: UInt8(ascii: ",")).map { String(decoding: $0, as: UTF8.self) }
            .filter { $0.hasPrefix("name=") || Self.controllers.contains($0) }
        // A hierarchy may be mounted twice; the first place is as good as the next.
        guard !controllers.isEmpty, !v1.contains(where: { $0.controllers == controllers }) else { return }
        v1.append(Hierarchy(controllers: controllers, mountPoint: mountPoint))
    }

    /// The controllers of v1. Other options, as `rw` and `xattr`, are none.
    private static let controllers = [
        "cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "hugetlb", "net_cls", "net_prio",
        "perf_event", "rdma", "misc",
    ]

    /// Spaces, tabs, line ends and backslashes in paths are `\040` and so on.
    private static func unescaped(_ field: ArraySlice<UInt8>) -> String {
        var (bytes, rest) = ([UInt8](), field)
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The paths of cgroups that have this name in some hierarchy, wherever they are: a walk through all of them.
    public func paths(named name: String) throws(CgroupError) -> [String] {
        var found: Set<String> = []
        for mountPoint in v1.map(\.mountPoint) + (unified.map { [$0] } ?? []) {
            try asCgroupError { () throws(SystemCallError) in
                try Self.walk(FileDescriptor.directory(mountPoint), "") { if $0.hasSuffix("/" + name) { found.insert($0) } }
            }
        }
        return found.sorted()
    }

    private static func walk(
        _ directory: borrowing FileDescriptor, _ path: String, _ visit: (String) -> Void
    ) throws(SystemCallError) {
        for name in try directory.names() {
            // Files are none; what has gone meanwhile has no cgroups below.
            guard let child = try? directory.openChild(name, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else { continue }
            visit("\(path)/\(name)")
            try walk(child, "\(path)/\(name)", visit)
        }
    }

    /// The cgroup at `path`, which need not exist.
    public func cgroup(at path: CgroupPath) -> any Cgroup {
        if let unified, !isV1 { return CgroupV2(path: path, mountPoint: unified) }
        return CgroupV1(path: path, mounts: self)
    }
}
