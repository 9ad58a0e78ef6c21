import CLinux
import Glibc

/// A process to start in other namespaces and another cgroup, by a program that is open rather than named.
///
/// It is this process's child, and has this one's mount namespace unless it joins another.
public struct ProcessLaunch: Sendable {
    /// New namespaces; a user namespace is joined, never made here: its maps are written before anybody is in it.
    public var created: NamespaceKinds = []
    /// What becomes 0, 1 and 2.
    public var standardDescriptors: (input: CInt, output: CInt, error: CInt) = (0, 1, 2)
    /// How many of this process's descriptors, from 3 on, it keeps.
    public var preservedCount: CInt = 0
    /// After it has joined its cgroup, makes that the root of a cgroup namespace.
    public var unsharesCgroupNamespace = false
    private var joined: [(descriptor: CInt, kinds: CInt)] = []
    private var becomesRoot = false
    private var cgroup: CInt = -1
    private var taskFiles: [CInt] = []
    private var cgroupNamespace: CInt = -1
    private var kept: [CInt] = []

    public init() {}

    // The descriptors that the following methods take must stay open until the launch.

    /// Joins namespaces: those of `kinds` of the process that a pidfd holds, or the one whose file this is.
    ///
    /// After a user namespace nothing of the host's can be joined any more: that comes last. In it, the process becomes 0.
    public mutating func join(_ descriptor: borrowing FileDescriptor, _ kinds: NamespaceKinds) {
        join(number: descriptor.number, kinds)
    }

    /// The same by number.
    public mutating func join(number: CInt, _ kinds: NamespaceKinds) {
        if kinds.contains(.cgroup) { cgroupNamespace = number }
        let others = kinds.subtracting(.cgroup)
        if !others.isEmpty { joined.append((number, CInt(truncatingIfNeeded: others.rawValue))) }
        if kinds.contains(.user) { becomesRoot = true }
    }

    /// Joins a cgroup: is born in that of `directory` (v2), and writes itself to each of `taskFiles` (v1).
    public mutating func join(cgroup directory: CInt?, taskFiles: [CInt]) {
        cgroup = directory ?? -1
        self.taskFiles = taskFiles
    }

    /// Keeps a descriptor, at its number; at most two.
    public mutating func keep(number: CInt) { kept.append(number) }

    /// Starts `program`; when this returns, it runs.
    public func start(
        _ program: borrowing FileDescriptor, _ arguments: [String]
    ) throws(SystemCallError) -> ChildProcess {
        var launch = hako_launch()
        launch.joined_count = CInt(joined.count)
        launch.becomes_root = becomesRoot ? 1 : 0
        launch.created = created.rawValue
        launch.cgroup = cgroup
        launch.tasks_count = CInt(taskFiles.count)
        launch.unshares_cgroup_namespace = unsharesCgroupNamespace ? 1 : 0
        launch.cgroup_namespace = cgroupNamespace
        launch.standard = (standardDescriptors.input, standardDescriptors.output, standardDescriptors.error)
        launch.preserved = preservedCount
        launch.kept = (kept.first ?? -1, kept.count > 1 ? kept[1] : -1)
        launch.program = program.number
        let result = joined.map(\.descriptor).withUnsafeBufferPointer { descriptors in
            joined.map(\.kinds).withUnsafeBufferPointer { kinds in
                taskFiles.withUnsafeBufferPointer { tasks in
                    withCStrings(arguments) { arguments in
                        launch.joined = descriptors.baseAddress
                        launch.joined_kinds = kinds.baseAddress
                        launch.tasks = tasks.baseAddress
                        launch.arguments = arguments
                        return hako_launch(&launch)
                    }
                }
            }
        }
        guard result == 0 else { throw failure(launch) }
        return try ChildProcess(adopting: launch.pid)
    }

    private func failure(_ launch: hako_launch) -> SystemCallError {
        let (call, operand) =
            switch UInt32(bitPattern: launch.step) {
            case HAKO_LAUNCH_JOIN.rawValue: ("setns", "a namespace")
            case HAKO_LAUNCH_ROOT.rawValue: ("setresuid", "0 in a user namespace")
            case HAKO_LAUNCH_CGROUP.rawValue: ("write", "a cgroup's tasks")
            case HAKO_LAUNCH_CGROUP_NAMESPACE.rawValue: ("setns", "a cgroup namespace")
            case HAKO_LAUNCH_DESCRIPTORS.rawValue: ("dup2", "standard streams")
            case HAKO_LAUNCH_EXEC.rawValue: ("execveat", "hako-init")
            default: ("clone3", "a process in new namespaces")
            }
        return SystemCallError(call, on: operand, Errno(rawValue: launch.error))
    }
}

/// Limits of another process. prlimit(2).
public enum ResourceLimit: CInt, Hashable, Sendable, CaseIterable {
    case cpu, fsize, data, stack, core, rss, nproc, nofile, memlock, `as`, locks, sigpending, msgqueue, nice, rtprio, rttime

    /// By its name in the C library: `RLIMIT_NOFILE`.
    public init?(named name: String) {
        guard name.hasPrefix("RLIMIT_") else { return nil }
        let word = name.dropFirst("RLIMIT_".count).lowercased()
        guard let limit = Self.allCases.first(where: { "\($0)" == word }) else { return nil }
        self = limit
    }

    /// - Parameters: `UInt64.max` is no limit.
    /// - Throws: `EPERM` for a hard limit above the present one without CAP_SYS_RESOURCE.
    public func set(soft: UInt64, hard: UInt64, of process: borrowing ChildProcess) throws(SystemCallError) {
        let pid = process.pid
        _ = try retryingInterrupts("prlimit", on: "RLIMIT_\("\(self)".uppercased())") {
            hako_set_limit(pid, rawValue, soft, hard)
        }
    }
}

/// A process that is held by a pidfd, whether or not it is this one's child.
public enum ProcessHandle {
    /// - Throws: `ESRCH` if there is no such process.
    public static func open(_ pid: CInt) throws(SystemCallError) -> FileDescriptor {
        FileDescriptor(
            adopting: try retryingInterrupts("pidfd_open", on: "process \(pid)") { hako_pidfd_open(pid) })
    }

    /// - Throws: `ESRCH` if it has ended.
    public static func send(_ signal: CInt, to pidfd: borrowing FileDescriptor) throws(SystemCallError) {
        let number = pidfd.number
        _ = try retryingInterrupts("pidfd_send_signal", on: "signal \(signal)") {
            hako_pidfd_send_signal(number, signal)
        }
    }

    /// A number that no other process of this boot has: the pidfd's inode (Linux 6.9); nil on older kernels.
    public static func identity(of pidfd: borrowing FileDescriptor) throws(SystemCallError) -> UInt64? {
        try pidfd.fileSystemType() == .pidfs ? try pidfd.status().inode : nil
    }

    /// How the process ended, also for somebody who isn't its parent; nil until it was reaped. PIDFD_GET_INFO, Linux 6.15.
    ///
    /// - Throws: `ENOTTY` or `EINVAL` on older kernels; `ESRCH` if nobody held a pidfd of it when it was reaped.
    public static func exitStatus(of pidfd: borrowing FileDescriptor) throws(SystemCallError) -> ExitStatus? {
        let number = pidfd.number
        var status: CInt = 0
        let hasEnded = try retryingInterrupts("ioctl", on: "PIDFD_GET_INFO") { hako_pidfd_exit_status(number, &status) }
        return hasEnded == 1 ? ExitStatus(waitStatus: status) : nil
    }
}
