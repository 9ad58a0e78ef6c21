import Glibc
import Linux
import MonitorProtocol
import OCI

/// An OCI runtime's command line: runc's words, which every runtime understands.
public struct RuntimeCommand: Hashable, Sendable {
    /// Absolute.
    public var program: String
    /// `--root`: where the runtime keeps its state.
    public var root: String

    public init(program: String, root: String) {
        self.program = program
        self.root = root
    }

    /// A program to run beside a container's own.
    public struct ExecRequest: Sendable {
        /// The runtime spec's `process` object; its `terminal` must say the same as ``terminal``.
        public var process: JSON
        public var terminal = false
        public var openStdin = false

        public init(process: JSON) { self.process = process }
    }

    /// Starts a program in a running container, connected to this process by pipes or a terminal of its own: no
    /// descriptor of our caller enters the container (threats: TIOCSTI, CVE-2024-21626).
    ///
    /// - Parameters:
    ///   - runDirectory: The container's, for the socket on which the terminal comes.
    public func exec(
        _ id: String, _ request: ExecRequest, runDirectory: String
    ) throws(RuntimeClientError) -> ExecSession {
        try ExecSession.start(self, id, request, runDirectory: runDirectory)
    }

    /// Starts a program in a running container and leaves it to itself.
    ///
    /// - Throws: ``RuntimeClientError/start(_:)`` if it can't be started.
    public func execDetached(_ id: String, _ request: ExecRequest) throws(RuntimeClientError) {
        var call = try RuntimeCall.prepare(self)
        try call.pass(document: request.process.bytes(), option: "--process", name: "process.json")
        call.finish(["exec", "--detach"], id)
        let child = try call.start()
        let status = try calling { () throws(SystemCallError) in try child.wait() }
        guard status == .exited(code: 0) else { throw .start(call.failure(status)) }
    }
}

/// One call of a runtime, with files in memory for what it reads and for what it says of its errors.
struct RuntimeCall: ~Copyable {
    var spawn: Spawn
    private let log: FileDescriptor
    private var documents: [String] = []
    private var document: FileDescriptor?
    private let command: RuntimeCommand
    /// Where descriptors of ours begin in the runtime: the standard streams come before.
    private static let logNumber: CInt = 3
    private static let documentNumber: CInt = 4

    /// With a log of its own to be read later.
    static func prepare(_ command: RuntimeCommand) throws(RuntimeClientError) -> RuntimeCall {
        RuntimeCall(command, log: try calling { () throws(SystemCallError) in try FileDescriptor.memory(named: "log") })
    }

    private init(_ command: RuntimeCommand, log: consuming FileDescriptor) {
        var spawn = Spawn(command.program, [])
        spawn.environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        if Timings.descriptor >= 0 {
            spawn.pass(number: Timings.descriptor, as: 5)
            spawn.environment?.append("\(Timings.variable)=5")
        }
        spawn.pass(log, as: Self.logNumber)
        self.spawn = spawn
        self.log = log
        self.command = command
    }

    /// Passes a file by a descriptor: nothing of it is seen in a command line or on a disk.
    mutating func pass(document bytes: [UInt8], option: String, name: String) throws(RuntimeClientError) {
        let file = try calling { () throws(SystemCallError) in
            let file = try FileDescriptor.memory(named: name)
            try file.writeAll(bytes)
            return file
        }
        spawn.pass(file, as: Self.documentNumber)
        documents += [option, "/proc/self/fd/\(Self.documentNumber)"]
        document = consume file
    }

    /// Completes the command line: global options, the words, the documents, the container.
    mutating func finish(_ words: [String], _ id: String) {
        let name = command.program.split(separator: "/").last.map(String.init) ?? command.program
        spawn.arguments =
            [name, "--root", command.root, "--log", "/proc/self/fd/\(Self.logNumber)", "--log-format", "json"]
            + words + documents + [id]
    }

    borrowing func start() throws(RuntimeClientError) -> ChildProcess {
        do throws(SystemCallError) { return try spawn.start() } catch { throw .system(error) }
    }

    /// What the runtime said of its failure: the last error in its log.
    borrowing func failure(_ status: ExitStatus) -> StartFailure {
        StartFailure(runtimeLog: loggedBytes(), exitCode: status.shellCode)
    }

    /// Whether the runtime itself failed, and not the program that it ran.
    borrowing func hasFailed() -> Bool { !loggedBytes().isEmpty }

    private borrowing func loggedBytes() -> [UInt8] {
        // Failing is an answer: then the status alone tells.
        guard (try? log.seek(to: 0)) != nil, let bytes = try? log.readAll(limit: 1 << 20) else { return [] }
        return bytes
    }
}
