import Cgroups

/// A cgroup that is there before its container: with cgroups v1, ten directories, which nobody need wait for if they are made
/// while the bundle is still written. It goes with this value, unless a container has it by then.
public struct EarlyCgroup: ~Copyable {
    private let cgroup: any Cgroup
    private var hasContainer = false

    /// - Parameter path: As the bundle's `linux.cgroupsPath` will have it.
    /// - Throws: ``RuntimeError``; nothing is there then.
    public init(path: String) throws(RuntimeError) {
        cgroup = try attemptCgroup("make the cgroup \(PrintableText(path))") { () throws(CgroupError) in
            let cgroup = try CgroupMounts.detect().cgroup(at: try CgroupPath(parsing: path))
            try cgroup.create()
            return cgroup
        }
    }

    /// What ``CreateOptions/earlyCgroup`` is to be.
    public var path: String { cgroup.path.description }

    /// A container was created in it, and takes it along when it is deleted.
    public consuming func leaveToContainer() { hasContainer = true }

    deinit {
        // One that can't be removed is empty, and is taken over by the next container of that name.
        if !hasContainer { try? cgroup.delete() }
    }
}
