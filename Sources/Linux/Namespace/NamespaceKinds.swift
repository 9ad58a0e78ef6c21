import CLinux

/// Kinds of namespaces, as the flags of clone(2), unshare(2) and setns(2).
public struct NamespaceKinds: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }
    private init(_ flag: Int) { rawValue = UInt64(flag) }

    public static let mount = NamespaceKinds(HAKO_NEWNS)
    public static let cgroup = NamespaceKinds(HAKO_NEWCGROUP)
    public static let uts = NamespaceKinds(HAKO_NEWUTS)
    public static let ipc = NamespaceKinds(HAKO_NEWIPC)
    public static let user = NamespaceKinds(HAKO_NEWUSER)
    public static let pid = NamespaceKinds(HAKO_NEWPID)
    public static let network = NamespaceKinds(HAKO_NEWNET)
    public static let time = NamespaceKinds(HAKO_NEWTIME)

    /// Its file's name below `/proc/PID/ns`; nil for a set that isn't one kind.
    public var fileName: String? {
        switch self {
        case .mount: "mnt"
        case .cgroup: "cgroup"
        case .uts: "uts"
        case .ipc: "ipc"
        case .user: "user"
        case .pid: "pid"
        case .network: "net"
        case .time: "time"
        default: nil
        }
    }
}

extension NamespaceKinds {
    init(_ flag: some BinaryInteger) { self.init(rawValue: UInt64(truncatingIfNeeded: flag)) }
}

/// What a thread does with its namespaces. The calls change only the calling thread, so they are for programs with one.
public enum Namespace {
    /// The file of one of this process's namespaces; it keeps the namespace alive.
    public static func current(_ kind: NamespaceKinds) throws(SystemCallError) -> FileDescriptor {
        try FileDescriptor.open("/proc/self/ns/\(kind.fileName ?? "")")
    }

    /// Moves into a namespace, or into several of a process's at once where `descriptor` is a pidfd (Linux 5.8). setns(2).
    ///
    /// For the PID namespace only children move.
    public static func join(_ descriptor: borrowing FileDescriptor, _ kinds: NamespaceKinds) throws(SystemCallError) {
        let number = descriptor.number
        _ = try retryingInterrupts("setns", on: kinds.fileName ?? "a process's namespaces") {
            hako_setns(number, CInt(truncatingIfNeeded: kinds.rawValue))
        }
    }

    /// Gives this thread namespaces of its own. unshare(2).
    public static func unshare(_ kinds: NamespaceKinds) throws(SystemCallError) {
        _ = try retryingInterrupts("unshare", on: kinds.fileName ?? "namespaces") {
            hako_unshare(CInt(truncatingIfNeeded: kinds.rawValue))
        }
        if ObjectLog.isOn, let own = try? current(kinds) { ObjectLog.made("namespace \(own.location())") }
    }

    /// Names the UTS namespace that this thread is in. sethostname(2).
    public static func setHostname(_ name: String) throws(SystemCallError) {
        _ = try retryingInterrupts("sethostname", on: name) { hako_sethostname(name, name.utf8.count) }
    }

    /// setdomainname(2).
    public static func setDomainname(_ name: String) throws(SystemCallError) {
        _ = try retryingInterrupts("setdomainname", on: name) { hako_setdomainname(name, name.utf8.count) }
    }
}
