import Linux

/// Stays of this thread in namespaces of another process.
public enum NamespaceVisit {
    /// Runs `body` in them and comes back.
    ///
    /// - Parameter process: A pid that can't be reused meanwhile: a child's that is not reaped.
    public static func run<Result: ~Copyable>(
        in process: CInt, _ kinds: [NamespaceKinds], _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        var homes: [(descriptor: CInt, kind: NamespaceKinds)] = []
        defer { for home in homes.reversed() { comeBack(to: FileDescriptor(adopting: home.descriptor), home.kind) } }
        for kind in kinds {
            let home = try Namespace.current(kind)
            try Namespace.join(try FileDescriptor.open("/proc/\(process)/ns/\(kind.fileName ?? "")"), kind)
            homes.append((home.relinquish(), kind))
        }
        return try body()
    }

    /// The same of one namespace that is held open.
    public static func run<Result: ~Copyable>(
        in namespace: borrowing FileDescriptor, _ kind: NamespaceKinds, _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        let home = try Namespace.current(kind)
        try Namespace.join(namespace, kind)
        defer { comeBack(to: home, kind) }
        return try body()
    }

    /// What follows would happen in the wrong place if this failed. It can't but by a mistake of ours: this process had the
    /// right to be there before.
    static func comeBack(to home: borrowing FileDescriptor, _ kind: NamespaceKinds) {
        do throws(SystemCallError) { try Namespace.join(home, kind) } catch {
            preconditionFailure("cannot return to a namespace: \(error)")
        }
    }
}
