import Glibc
import Linux
import MonitorProtocol
import OCI
import OCIRuntime

/// A program that runs in a container beside its own, and the pipes or the terminal that lead to it.
public struct ExecSession: ~Copyable {
    private var call: RuntimeCall
    private let child: ChildProcess
    /// Of the runtime, which stays with the program.
    public var pid: CInt { child.pid }
    private let streams: ExecStreams

    static func start(
        _ command: RuntimeCommand, _ id: String, _ request: RuntimeCommand.ExecRequest, bundle: String
    ) throws(RuntimeClientError) -> ExecSession {
        var call = try calling { () throws(SystemCallError) in try RuntimeCall.prepare(command) }
        do throws(SystemCallError) {
            try call.pass(document: request.process.bytes(), as: "--process")
        } catch { throw .system(error) }
        if request.terminal { return try startWithTerminal(call, id, bundle) }
        do throws(SystemCallError) { return try startWithPipes(call, id, request.openStdin) } catch { throw .system(error) }
    }

    private static func startWithPipes(
        _ call: consuming RuntimeCall, _ id: String, _ openStdin: Bool
    ) throws(SystemCallError) -> ExecSession {
        var call = call
        let input = try Pipe()
        let output = try Pipe()
        let error = try Pipe()
        if openStdin { call.spawn.pass(input.reading, as: StandardDescriptor.input) }
        call.spawn.pass(output.writing, as: StandardDescriptor.output)
        call.spawn.pass(error.writing, as: StandardDescriptor.error)
        let child = try call.start(["exec"], container: id)
        let streams = ExecStreams(
            input: openStdin ? Optional(input.writing) : nil, output: output.reading, error: error.reading)
        return ExecSession(call: call, child: child, streams: streams)
    }

    /// The terminal is made by the runtime in the container's own devpts and comes as a descriptor.
    private static func startWithTerminal(
        _ call: consuming RuntimeCall, _ id: String, _ bundle: String
    ) throws(RuntimeClientError) -> ExecSession {
        var call = call
        let console = try calling { () throws(SystemCallError) in try ConsoleSocket(in: bundle) }
        let child: ChildProcess
        do throws(SystemCallError) {
            child = try call.start(["exec", "--tty", "--console-socket", console.path], container: id)
        } catch { throw .system(error) }
        let received: FileDescriptor?
        do throws(SystemCallError) { received = try console.receive(orEndOf: child) } catch { throw .system(error) }
        guard let master = received else {
            let status: ExitStatus
            do throws(SystemCallError) { status = try child.wait() } catch { throw .system(error) }
            throw .start(call.failure(status))
        }
        return ExecSession(call: call, child: child, streams: ExecStreams(terminal: master))
    }

    private init(call: consuming RuntimeCall, child: consuming ChildProcess, streams: consuming ExecStreams) {
        self.call = call
        self.child = child
        self.streams = streams
    }

    /// Relays between a person's streams and the program's until it ends or is left.
    ///
    /// - Throws: ``RuntimeClientError/start(_:)``, of kind `notFound` or `notExecutable`, if it never ran.
    public consuming func relay(
        _ options: RelayOptions, signals: consuming SignalDescriptor
    ) throws(RuntimeClientError) -> RelayEnd {
        var peer = ExecPeer(child, streams)
        let end = try Relay(options, signals: signals).run(&peer)
        if case .exited(let exit) = end, exit.exitCode != 0, call.hasLoggedFailure() {
            throw .start(call.failure(.exited(code: exit.exitCode)))
        }
        return end
    }
}
