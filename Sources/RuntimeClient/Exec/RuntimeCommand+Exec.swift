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

    /// Starts a program in a running container and leaves it to itself.
    ///
    /// - Throws: ``RuntimeClientError/start(_:)`` if it can't be started.
    public func execDetached(_ id: String, _ request: ExecRequest) throws(RuntimeClientError) {
        try run(["exec", "--detach"], container: id, process: request.process)
    }

    /// Sends SIGKILL to all processes of a container, by its cgroup.
    public func killAll(_ id: String) throws(RuntimeClientError) { try run(["kill", "--all"], container: id, trailing: "KILL") }

    /// Stops all processes of a container where they are.
    public func pause(_ id: String) throws(RuntimeClientError) { try run(["pause"], container: id) }

    /// Lets them go on.
    public func resume(_ id: String) throws(RuntimeClientError) { try run(["resume"], container: id) }

    /// Deletes a container's state, its processes and its cgroup, as a monitor that is gone would have.
    public func delete(_ id: String) throws(RuntimeClientError) { try run(["delete", "--force"], container: id) }

    private func run(
        _ words: [String], container id: String, trailing: String? = nil, process: JSON? = nil
    ) throws(RuntimeClientError) {
        var call = try calling { () throws(SystemCallError) in try RuntimeCall.prepare(self) }
        let status: ExitStatus
        do throws(SystemCallError) {
            if let process { try call.pass(document: process.bytes(), as: "--process") }
            status = try call.start(words, container: id, trailing: trailing).wait()
        } catch { throw .system(error) }
        guard status == .exited(code: 0) else { throw .start(call.failure(status)) }
    }
}
