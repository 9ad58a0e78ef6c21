import Linux

/// Why a cgroup could not be made, limited or removed.
public enum CgroupError: Error, Hashable, Sendable, CustomStringConvertible {
    case invalidPath(String, reason: String)
    /// No cgroup file system is mounted at all.
    case notMounted
    /// The controller that keeps `limit` isn't there. `reason` tells how it comes.
    case noController(String, limit: String, reason: String)
    /// The kernel, or this version of cgroups, has nothing that keeps `limit`.
    case notSupported(limit: String, reason: String)
    /// The kernel did not take the value.
    case refused(limit: String, value: String, SystemCallError)
    /// The cgroup already holds processes, or still does when it should go.
    case busy(String, processes: [Int32])
    case system(SystemCallError)

    /// What failed, why, and what to do, as one sentence.
    public var description: String {
        switch self {
        case .invalidPath(let path, let reason): "invalid cgroup path \"\(path)\": \(reason)"
        case .notMounted: "no cgroup file system is mounted. Mount one on /sys/fs/cgroup"
        case .noController(let controller, let limit, let reason):
            "cannot set the \(limit): the cgroup controller \"\(controller)\" \(reason)"
        case .notSupported(let limit, let reason): "cannot set the \(limit): \(reason)"
        case .refused(let limit, let value, let cause): "cannot set the \(limit) to \"\(value)\": \(cause)"
        case .busy(let path, let processes):
            "cgroup \(path) is in use by \(processes.isEmpty ? "something" : "process \(list(processes))")"
        case .system(let cause): cause.description
        }
    }

    private func list(_ processes: [Int32]) -> String {
        processes.prefix(5).map(String.init).joined(separator: ", ") + (processes.count > 5 ? " and others" : "")
    }
}

/// Runs system calls whose failure is the cgroup's.
@inline(__always)
func asCgroupError<Result: ~Copyable>(
    _ body: () throws(SystemCallError) -> Result
) throws(CgroupError) -> Result {
    do throws(SystemCallError) { return try body() } catch { throw .system(error) }
}
