import Glibc
import Linux
import MonitorProtocol

/// A program that runs in a container beside its own, and the pipes or the terminal that lead to it.
public struct ExecSession: ~Copyable {
    private var call: RuntimeCall
    private let child: ChildProcess
    private let streams: ExecStreams

    static func start(
        _ command: RuntimeCommand, _ id: String, _ request: RuntimeCommand.ExecRequest, runDirectory: String
    ) throws(RuntimeClientError) -> ExecSession {
        var call = try RuntimeCall.prepare(command)
        try call.pass(document: request.process.bytes(), option: "--process", name: "process.json")
        if request.terminal { return try startWithTerminal(call, id, runDirectory) }
        let streams: ExecStreams
        let child: ChildProcess
        do throws(SystemCallError) {
            let input = try Pipe()
            let output = try Pipe()
            let error = try Pipe()
            if request.openStdin { call.spawn.pass(input.reading, as: StandardDescriptor.input) }
            call.spawn.pass(output.writing, as: StandardDescriptor.output)
            call.spawn.pass(error.writing, as: StandardDescriptor.error)
            call.finish(["exec"], id)
            child = try call.spawn.start()
            streams = ExecStreams(
                input: request.openStdin ? Optional(input.writing) : nil, output: output.reading, error: error.reading)
        } catch { throw .system(error) }
        return ExecSession(call: call, child: child, streams: streams)
    }

    /// The terminal is made by the runtime in the container's own devpts and comes as a descriptor.
    private static func startWithTerminal(
        _ call: consuming RuntimeCall, _ id: String, _ runDirectory: String
    ) throws(RuntimeClientError) -> ExecSession {
        var call = call
        let console: ConsoleSocket
        do throws(SystemCallError) { console = try ConsoleSocket(in: runDirectory) } catch { throw .system(error) }
        call.finish(["exec", "--tty", "--console-socket", console.path], id)
        let child = try call.start()
        let master: FileDescriptor?
        do throws(SystemCallError) { master = try console.receive(orEndOf: child) } catch { throw .system(error) }
        guard let master else {
            let status = try calling { () throws(SystemCallError) in try child.wait() }
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
        if case .exited(let exit) = end, exit.exitCode != 0, call.hasFailed() {
            throw .start(call.failure(.exited(code: exit.exitCode)))
        }
        return end
    }
}
