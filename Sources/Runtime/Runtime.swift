import Linux
import OCI

/// The OCI runtime: makes containers of bundles, and processes in them.
///
/// A value names the directory in which states are kept and owns nothing; every command works from that directory alone, so
/// that each may be a process of its own. The calling program must have one thread: it visits namespaces.
public struct Runtime: Sendable {
    /// Where the states of containers are kept.
    public let root: String

    public static let defaultRoot = "/run/hako-runtime"

    public init(root: String = Runtime.defaultRoot) { self.root = root }
}

/// How a container or a process in it is to be made, beyond what the bundle says.
public struct CreateOptions: Sendable {
    /// Descriptors of the caller's that become the process's 0, 1 and 2, unless it has a terminal.
    public var standardDescriptors: (input: CInt, output: CInt, error: CInt) = (0, 1, 2)
    /// How many of the caller's descriptors, from 3 on, the process gets.
    public var preservedCount: CInt = 0
    /// Where the pid is written, as text; by rename.
    public var pidFile: String?
    /// A unix socket that is sent the terminal's master end; nil hands it to the caller.
    public var consoleSocket: String?
    /// The start comes from another process, by ``Runtime/start(_:)``.
    public var startsLater = false
    public var joinsNewKeyring = true
    /// Where a compiled filter of system calls is kept, for containers whose bundles would all say the same. A bundle that has
    /// a `seccomp` section fills it; one that has none gets what is there, and without it no container.
    public var filterFile: String?
    /// The path of an ``EarlyCgroup`` that the caller has made for the container.
    public var earlyCgroup: String?

    public init() {}
}

/// Namespaces that the caller holds by descriptors, which stay its own. They take the place of the bundle's.
public struct JoinedNamespaces: Sendable {
    public var user: CInt?
    public var network: CInt?

    public init(user: CInt? = nil, network: CInt? = nil) {
        self.user = user
        self.network = network
    }
}

/// A container's first process, created and waiting, or a process that was added to a container.
@frozen public struct ContainerProcess: ~Copyable {
    /// A child of the caller's, who has to reap it.
    public let child: ChildProcess
    /// The terminal's master end, if the process has one and no console socket took it.
    public var terminal: FileDescriptor?
    /// Nil once it was started, or if somebody else is to start it.
    public internal(set) var connection: InitConnection?
    public let program: StartedProgram

    /// For waiting, while this value lives.
    public var terminalNumber: CInt? {
        switch terminal {
        case .some(let master): master.number
        case .none: nil
        }
    }

    /// Sets its terminal's size, if it has one; one of the wrong size is still a terminal.
    public borrowing func setWindowSize(_ size: WindowSize) {
        switch terminal {
        case .some(let master): try? master.setWindowSize(size)
        case .none: break
        }
    }

    init(
        child: consuming ChildProcess, terminal: consuming FileDescriptor?, connection: consuming InitConnection?,
        program: StartedProgram
    ) {
        self.child = child
        self.terminal = terminal
        self.connection = connection
        self.program = program
    }

    /// Lets it execute its program; returns when it does.
    ///
    /// - Throws: ``RuntimeError``: `programNotFound`, `programNotExecutable`, …; the process has ended then.
    public mutating func start() throws(RuntimeError) {
        guard let connection = connection.take() else { return }
        try program.start(over: connection)
        try program.runPoststartHooks()
    }
}

/// What is known of a program that `hako-init` becomes, for what is said if it doesn't.
public struct StartedProgram: Sendable {
    let arguments: [String]
    let directory: String
    /// `poststart`, with the state that they read.
    let poststart: [RuntimeSpec.Hook]
    let state: RuntimeState

    func start(over connection: consuming InitConnection) throws(RuntimeError) {
        try attempt("start the container") { () throws(SystemCallError) in try connection.sendStart() }
        try check(connection)
    }

    /// Waits until the program is executed.
    func check(_ connection: borrowing InitConnection) throws(RuntimeError) {
        let report = try attempt("hear from the container's process") { () throws(SystemCallError) in
            try connection.report()
        }
        if let report { throw RuntimeError(report, arguments: arguments, directory: directory) }
    }

    func runPoststartHooks() throws(RuntimeError) {
        guard !poststart.isEmpty else { return }
        var running = state
        running.status = .running
        try HookRunner(state: running).run(poststart, named: "poststart")
    }
}
