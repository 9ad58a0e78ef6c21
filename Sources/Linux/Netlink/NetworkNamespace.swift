import CLinux
import Glibc

/// A network namespace, by a descriptor that keeps it alive. network_namespaces(7).
public enum NetworkNamespace {
    /// The calling thread's own. `/proc/self` would be that of the process's first thread.
    public static func current() throws(SystemCallError) -> FileDescriptor {
        try FileDescriptor.open("/proc/thread-self/ns/net")
    }

    /// Makes a new one, owned by the caller's user namespace, in which there is nothing but a loopback interface that is down.
    public static func create() throws(SystemCallError) -> FileDescriptor {
        let own = try current()
        try check(hako_unshare(CInt(HAKO_NEWNET)), "unshare", on: "network namespace")
        let made = Result { () throws(SystemCallError) in try current() }
        try check(hako_setns(own.number, CInt(HAKO_NEWNET)), "setns", on: own.procPath)
        return try made.get()
    }

    /// Runs `body` with the calling thread in `namespace`, and puts the thread back. Sockets that `body` makes stay in
    /// `namespace`, and `/proc/sys/net` there is its own.
    ///
    /// - Throws: ``SystemCallError`` for `setns`: CAP_SYS_ADMIN is needed in the user namespaces of both.
    public static func run<Success: ~Copyable>(
        in namespace: borrowing FileDescriptor, _ body: () throws -> Success
    ) throws -> Success {
        let own = try current()
        try check(hako_setns(namespace.number, CInt(HAKO_NEWNET)), "setns", on: namespace.procPath)
        let outcome = Result { try body() }
        try check(hako_setns(own.number, CInt(HAKO_NEWNET)), "setns", on: own.procPath)
        return try outcome.get()
    }

    private static func check(_ result: CInt, _ call: String, on operand: String) throws(SystemCallError) {
        guard result < 0 else { return }
        throw SystemCallError(call, on: operand, result: result)
    }
}
