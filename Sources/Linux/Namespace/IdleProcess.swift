import CLinux
import Glibc

/// A process that does nothing, so that namespaces have somebody in them. It ends with its owner.
@frozen public struct IdleProcess: ~Copyable, Sendable {
    private let pid: pid_t
    private let pidfd: FileDescriptor

    init(in namespaces: NamespaceKinds) throws(SystemCallError) {
        var descriptor: CInt = -1
        pid = try retryingInterrupts("clone3", on: "new namespaces") {
            hako_clone_idle(namespaces.rawValue, &descriptor)
        }
        pidfd = FileDescriptor(adopting: descriptor)
    }

    /// The one that was begun. See ``UserNamespace/Draft``.
    init(finishing: ()) throws(SystemCallError) {
        var descriptor: CInt = -1
        pid = try retryingInterrupts("clone3", on: "new namespaces") { hako_finish_idle(&descriptor) }
        pidfd = FileDescriptor(adopting: descriptor)
    }

    /// In the user namespace of a descriptor, which it has joined when this returns. Only for a program with one thread.
    public init(joining userNamespace: CInt) throws(SystemCallError) {
        var descriptor: CInt = -1
        pid = try retryingInterrupts("setns", on: "the user namespace \(userNamespace)") {
            hako_fork_idle_in(userNamespace, CInt(NamespaceKinds.user.rawValue), &descriptor)
        }
        pidfd = FileDescriptor(adopting: descriptor)
    }

    /// Lets it end. That takes a moment, which whoever lets go of this value waits for.
    borrowing func dismiss() { _ = kill(pid, SIGKILL) }

    deinit {
        // It was waited for by nobody else, so the number is still its own.
        _ = kill(pid, SIGKILL)
        while waitpid(pid, nil, CInt(bitPattern: UInt32(__WALL))) < 0 && errno == EINTR {}
    }

    borrowing func map(_ idMap: IDMap) throws(SystemCallError) {
        try write(IDMap.text(idMap.users), to: "uid_map")
        try write(IDMap.text(idMap.groups), to: "gid_map")
    }

    borrowing func namespace(_ kind: NamespaceKinds) throws(SystemCallError) -> FileDescriptor {
        try FileDescriptor.open(path(of: kind))
    }

    /// Where other programs find one of its namespaces, as long as this value lives.
    public borrowing func path(of kind: NamespaceKinds) -> String { "/proc/\(pid)/ns/\(kind.fileName ?? "")" }

    private borrowing func write(_ text: String, to file: String) throws(SystemCallError) {
        let path = "/proc/\(pid)/\(file)"
        // One write: the kernel takes a map whole or not at all.
        do { try FileDescriptor.open(path, flags: O_WRONLY).writeAll(text) } catch {
            throw SystemCallError(error.call, on: path, error.errno)
        }
    }
}
