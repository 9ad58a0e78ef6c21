import Glibc
import Linux
import OCI

/// Kernel settings of a container's own namespaces, written for it. What isn't certain to be the container's alone is refused:
/// `kernel.core_pattern` is one string for the whole host (CVE-2022-0811).
struct Sysctls: Sendable {
    private let settings: [(path: String, value: String)]

    var isEmpty: Bool { settings.isEmpty }

    /// - Parameter groups: The container's, in its user namespace; empty where it has the caller's.
    init(
        _ sysctl: [String: String], _ namespaces: borrowing NamespacePlan, groups: [RuntimeSpec.IDMapping] = []
    ) throws(RuntimeError) {
        var settings: [(path: String, value: String)] = []
        for (name, value) in sysctl.sorted(by: { $0.key < $1.key }) {
            let path = try Self.path(of: name)
            guard !value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 }) else {
                throw Self.refuse(name, "its value holds a control character")
            }
            guard let kind = Self.namespace(of: path) else {
                throw Self.refuse(name, "it is not of a container's own namespaces")
            }
            guard namespaces.isOwn(kind) else {
                throw Self.refuse(name, "the container has the host's \(kind == .network ? "network" : "IPC") namespace")
            }
            settings.append((path, try Self.value(value, of: path, groups)))
        }
        self.settings = settings
    }

    /// The kernel reads this one setting's ids as those of the writer's user namespace, which is ours, while it means the
    /// container's (ping_group_range, ip-sysctl.rst).
    private static func value(
        _ value: String, of path: String, _ groups: [RuntimeSpec.IDMapping]
    ) throws(RuntimeError) -> String {
        guard path == "net/ipv4/ping_group_range", !groups.isEmpty else { return value }
        var outside: [UInt32] = []
        for word in value.split(whereSeparator: { $0 == " " || $0 == "\t" }) {
            let lines = groups.map { Linux.IDMap.Line(insideID: $0.containerID, outsideID: $0.hostID, size: $0.size) }
            guard let id = UInt32(word), let group = Linux.IDMap.outside(id, lines) else {
                throw refuse("net.ipv4.ping_group_range", "\(word) is no group of the container's")
            }
            outside.append(group)
        }
        return outside.map(String.init).joined(separator: " ")
    }

    /// With slashes. As in sysctl(8), the first separator decides: `net.ipv4.conf.eth0/1.forwarding`.
    private static func path(of name: String) throws(RuntimeError) -> String {
        let bytes = Array(name.utf8)
        let (dot, slash) = (UInt8(ascii: "."), UInt8(ascii: "/"))
        let first = bytes.first { $0 == dot || $0 == slash }
        let path = first == dot ? bytes.map { $0 == dot ? slash : $0 == slash ? dot : $0 } : bytes
        let components = path.split(separator: slash, omittingEmptySubsequences: false)
        let isValid = components.allSatisfy { component in
            !component.isEmpty && component.first != dot
                && component.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), dot: true
                    default: false
                    }
                }
        }
        guard isValid else { throw refuse(name, "it is no name of a kernel setting") }
        return String(decoding: path, as: UTF8.self)
    }

    private static func namespace(of path: String) -> NamespaceKinds? {
        if path.hasPrefix("net/") { return .network }
        if path.hasPrefix("fs/mqueue/") || ipcSettings.contains(path) { return .ipc }
        return nil
    }

    private static let ipcSettings: Set<String> = [
        "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem", "kernel/shmall", "kernel/shmmax",
        "kernel/shmmni", "kernel/shm_rmid_forced",
    ]

    private static func refuse(_ name: String, _ why: String) -> RuntimeError {
        RuntimeError(.invalid, cannot: "set the sysctl \"\(PrintableText(name))\"", because: why)
    }

    /// Writes them, by a thread that is in the container's network and IPC namespaces.
    ///
    /// - Parameter proc: The root of a proc file system of our own: the container's `/proc` may be anything.
    func write(to proc: borrowing FileDescriptor, _ identity: IdentityMap) throws(SystemCallError) {
        for (path, value) in settings {
            // A network's settings are for who has CAP_NET_ADMIN over it; those of an IPC namespace are its root's alone,
            // whatever capabilities others have (Linux 5.19).
            if Self.namespace(of: path) == .network || !identity.isMapped {
                try Self.write(value, to: path, in: proc)
            } else {
                try EffectiveIdentity.run(user: identity.root.user, group: identity.root.group) {
                    () throws(SystemCallError) in try Self.write(value, to: path, in: proc)
                }
            }
        }
    }

    private static func write(
        _ value: String, to path: String, in proc: borrowing FileDescriptor
    ) throws(SystemCallError) {
        let file = try FileDescriptor.open("sys/" + path, in: proc, .beneathOneMount, flags: O_WRONLY)
        guard try file.fileSystemType() == .proc else { throw SystemCallError("open", on: path, .invalidArgument) }
        do throws(SystemCallError) { try file.writeAll(value) } catch {
            throw SystemCallError(error.call, on: path, error.errno)
        }
    }
}
