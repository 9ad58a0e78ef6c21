import Linux
import MonitorProtocol
import OCI
import OCIRuntime

extension RuntimeCommand {
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
    ///   - bundle: The container's, for the socket on which the terminal comes.
    public func exec(
        _ id: String, _ request: ExecRequest, bundle: String
    ) throws(RuntimeClientError) -> ExecSession {
        try ExecSession.start(self, id, request, bundle: bundle)
    }

    /// What stays with a program that is left to itself, and tells its end.
    public struct ExecWatch: Sendable {
        /// `hako-runtime`
        let program: String
        let journal: String
        let exec: String
        let file: String

        /// - Parameters:
        ///   - exec: The program's id.
        ///   - file: Is there while it runs.
        public init(program: String, journal: String, exec: String, file: String) {
            (self.program, self.journal, self.exec, self.file) = (program, journal, exec, file)
        }

        func words(_ container: String) -> [String] { [program, "watch-exec", journal, container, exec, file] }
    }

    /// Starts a program in a running container and leaves it to itself.
    ///
    /// - Throws: ``RuntimeClientError/start(_:)`` if it can't be started.
    public func execDetached(_ id: String, _ request: ExecRequest, _ watch: ExecWatch) throws(RuntimeClientError) {
        var call = try calling { () throws(SystemCallError) in try RuntimeCall.prepare(self) }
        let failure: ExitStatus?
        do throws(SystemCallError) {
            try call.pass(document: request.process.bytes(), as: "--process")
            failure = try Self.start(&call, id, watch)
        } catch { throw .system(error) }
        if let failure { throw .start(call.failure(failure)) }
    }

    /// - Returns: How the watching process ended; nil where it stays, as the program runs.
    private static func start(
        _ call: inout RuntimeCall, _ id: String, _ watch: ExecWatch
    ) throws(SystemCallError) -> ExitStatus? {
        let pipe = try Pipe()
        call.spawn.pass(pipe.writing, as: RuntimeCall.firstFreeNumber)
        call.spawn.startsSession = true
        let child = try call.start(
            ["exec", "--detach", "--pid-file", watch.file + ".pid"], container: id, through: watch.words(id))
        guard try pipe.keepingReading().readAll().isEmpty else { return nil }
        return try child.wait()
    }

    /// Sends SIGKILL to all processes of a container, by its cgroup.
    public func killAll(_ id: String) throws(RuntimeClientError) { try run(["kill", "--all"], container: id, trailing: "KILL") }

    /// Sends a signal to a container's first process.
    public func kill(_ id: String, signal: CInt) throws(RuntimeClientError) {
        try run(["kill"], container: id, trailing: String(signal))
    }

    /// Stops all processes of a container where they are.
    public func pause(_ id: String) throws(RuntimeClientError) { try run(["pause"], container: id) }

    /// Lets them go on.
    public func resume(_ id: String) throws(RuntimeClientError) { try run(["resume"], container: id) }

    /// Deletes a container's state, its processes and its cgroup, as a monitor that is gone would have.
    public func delete(_ id: String) throws(RuntimeClientError) { try run(["delete", "--force"], container: id) }

    private func run(_ words: [String], container id: String, trailing: String? = nil) throws(RuntimeClientError) {
        var call = try calling { () throws(SystemCallError) in try RuntimeCall.prepare(self) }
        let status: ExitStatus
        do throws(SystemCallError) {
            status = try call.start(words, container: id, trailing: trailing).wait()
        } catch { throw .system(error) }
        guard status == .exited(code: 0) else { throw .start(call.failure(status)) }
    }
}
