import Linux

/// Steps that this process, which has one thread, does in another mount namespace before it comes back.
enum MountNamespaceVisit {
    /// In a copy of its own, where nobody sees what is mounted: older kernels have to attach an overlay's layers for a moment.
    static func apart<Result: ~Copyable>(
        _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        try run({ () throws(SystemCallError) in try Namespace.unshare(.mount) }) { () throws(SystemCallError) in
            try MountTree.setPropagation(.private)
            return try body()
        }
    }

    /// In one that is there.
    static func inside<Result: ~Copyable>(
        _ namespace: borrowing FileDescriptor, _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        try run({ () throws(SystemCallError) in try Namespace.join(namespace, .mount) }, body)
    }

    private static func run<Result: ~Copyable>(
        _ enter: () throws(SystemCallError) -> Void, _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        let home = try Namespace.current(.mount)
        let here = try FileDescriptor.open(".", flags: FileDescriptor.pathOnly)
        try enter()
        let result: Result
        do throws(SystemCallError) {
            result = try body()
        } catch {
            try comeBack(to: home, here)
            throw error
        }
        try comeBack(to: home, here)
        return result
    }

    private static func comeBack(
        to home: borrowing FileDescriptor, _ directory: borrowing FileDescriptor
    ) throws(SystemCallError) {
        try Namespace.join(home, .mount)
        try directory.becomeWorkingDirectory()
    }
}
