import Glibc
import Linux

/// A mount namespace of this thread's own, in which a container's mounts are made: whatever fails, nothing of it is left on
/// the host. The container's process, cloned meanwhile, stays in it.
struct PrivateMounts: ~Copyable {
    private let home: FileDescriptor
    private let workingDirectory: FileDescriptor

    /// Runs `body` in it and comes back, also to the working directory.
    static func run<Result: ~Copyable>(
        _ body: (borrowing PrivateMounts) throws(RuntimeError) -> Result
    ) throws(RuntimeError) -> Result {
        let mounts = try attempt("make a mount namespace") { () throws(SystemCallError) in
            let mounts = PrivateMounts(
                home: try Namespace.current(.mount),
                workingDirectory: try FileDescriptor.open(".", flags: FileDescriptor.pathOnly))
            try Namespace.unshare(.mount)
            return mounts
        }
        defer { mounts.comeBack() }
        // Before the first mount: else it would appear on the host, too (threat: propagation).
        try attempt("make all mounts private") { () throws(SystemCallError) in try MountTree.setPropagation(.private) }
        return try body(mounts)
    }

    /// Runs something where the caller of the runtime is: its hooks.
    borrowing func outside<Result>(_ body: () throws(RuntimeError) -> Result) throws(RuntimeError) -> Result {
        let inside = try attempt("leave the mount namespace") { () throws(SystemCallError) in
            try Namespace.current(.mount)
        }
        comeBack()
        defer { NamespaceVisit.comeBack(to: inside, .mount) }
        return try body()
    }

    private borrowing func comeBack() {
        NamespaceVisit.comeBack(to: home, .mount)
        // It may have been removed meanwhile; "/" is no worse then.
        try? workingDirectory.becomeWorkingDirectory()
    }
}
