import Linux
import OCI

/// A container's cgroup: one directory on v2, one in each hierarchy on v1.
///
/// A value names a cgroup and owns nothing: it may be made again from its path at any time. What a user asked for and
/// can't be applied is an error that names the limit and the controller, never dropped.
public protocol Cgroup: Sendable {
    var path: CgroupPath { get }

    /// Makes the cgroup and the parents that are missing. One that is there and empty is taken over.
    ///
    /// - Throws: ``CgroupError/busy(_:processes:)`` if there are processes in it. What was made is removed again.
    func create() throws(CgroupError)

    /// Sets every limit that `resources` holds but devices; what is nil stays as it is.
    func apply(_ resources: RuntimeSpec.Resources) throws(CgroupError)

    /// Sets which devices may be opened and made; replaces what held before.
    func apply(_ devices: DeviceRules) throws(CgroupError)

    /// Opens what a new process needs to join. It joins itself: on v1 a parent that moved it would wait for RCU.
    func openEntry() throws(CgroupError) -> CgroupEntry

    /// The processes in it and below, by their numbers in this process's PID namespace.
    func processes() throws(CgroupError) -> [Int32]

    /// Stops every process; returns once all are stopped. Needs no cooperation from them.
    func freeze() throws(CgroupError)
    func thaw() throws(CgroupError)
    func isFrozen() throws(CgroupError) -> Bool

    /// Sends SIGKILL to every process in it and below, also to those that are being forked. Does not wait for their
    /// end.
    func kill() throws(CgroupError)

    /// How many of its processes the kernel killed because its memory limit was reached.
    func oomKillCount() throws(CgroupError) -> UInt64

    /// - Parameter isBrief: Whether to leave out what takes a file of its own and few people ask for: of ``CgroupStatistics/cpu`` all,
    ///   peaks, memory kills, the limit of processes, and the counts of ``CgroupStatistics/devices``.
    func statistics(isBrief: Bool) throws(CgroupError) -> CgroupStatistics

    /// The processor time of all its processes together, in nanoseconds; nil where nothing counts it. One small file: for who
    /// asks often.
    func processorTime() throws(CgroupError) -> UInt64?

    /// Nil where the kernel doesn't tell.
    func pressure() -> CgroupPressure?

    /// Opens what tells its use, where that is there.
    func openUsageFiles() -> CgroupUsageFiles

    /// Whether it is there.
    var exists: Bool { get }

    /// Removes it with all cgroups below, once their last process has ended; waits for that a few seconds.
    ///
    /// - Throws: ``CgroupError/busy(_:processes:)`` when some have not ended by then. One that isn't there is no error.
    func delete() throws(CgroupError)
}

extension Cgroup {
    public func statistics() throws(CgroupError) -> CgroupStatistics { try statistics(isBrief: false) }
}

/// What a process needs to be born in, or to join, a cgroup. The descriptors are closed with this value.
public struct CgroupEntry: ~Copyable, Sendable {
    /// For `CLONE_INTO_CGROUP`: the directory in cgroup v2 or, on a hybrid host, in `unified`; nil on pure v1.
    public let cloneInto: CInt?
    /// Open `tasks` files of v1: the new process writes `0` to each, before it unshares its cgroup namespace. Empty on
    /// v2.
    public let taskFiles: [CInt]

    init(cloneInto: CInt?, taskFiles: [CInt]) {
        self.cloneInto = cloneInto
        self.taskFiles = taskFiles
    }

    deinit {
        for number in taskFiles { _ = FileDescriptor(adopting: number) }
        if let cloneInto { _ = FileDescriptor(adopting: cloneInto) }
    }
}
