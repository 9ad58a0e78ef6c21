import Glibc
import Linux
import MonitorProtocol
import OCI
import OCIRuntime

/// The OCI runtime, asked by its command line to make, start and delete this one container.
struct ContainerRuntime {
    private let command: RuntimeCommand
    private let id: String

    init(_ settings: MonitorSettings) {
        command = RuntimeCommand(program: settings.runtime, root: settings.runtimeRoot)
        id = settings.id
    }

    /// Whether this is the runtime that the running program is itself.
    var isOwn: Bool {
        guard let own = try? FileDescriptor.status(of: "/proc/self/exe"),
            let other = try? FileDescriptor.status(of: command.program)
        else { return false }
        return own.device == other.device && own.inode == other.inode
    }

    /// Whether the runtime still knows a container of this name, from a monitor that was killed.
    var hasLeftovers: Bool { (try? FileDescriptor.status(of: "\(command.root)/\(id)")) != nil }

    /// Makes the container's first process with these streams, which waits to be started. Returns its pid.
    ///
    /// - Parameters:
    ///   - console: Where it sends the terminal's master; nil for a container without one.
    ///   - wait: Waits for the runtime's end.
    func create(
        bundle: String, pidFile: String, console: String?, streams: borrowing StandardStreams.ContainerEnds?,
        wait: (borrowing ChildProcess) throws(StartFailure) -> ExitStatus
    ) throws(StartFailure) -> Int32 {
        var call = try explaining("run \(command.program)") { () throws(SystemCallError) in
            try RuntimeCall.prepare(command)
        }
        switch streams {
        case .some(let ends):
            call.spawn.pass(ends.input, as: StandardDescriptor.input)
            call.spawn.pass(ends.output, as: StandardDescriptor.output)
            call.spawn.pass(ends.error, as: StandardDescriptor.error)
        case .none: break
        }
        let words =
            ["create", "--bundle", bundle, "--pid-file", pidFile] + (console.map { ["--console-socket", $0] } ?? [])
        try run(&call, words, wait)
        return try explaining("read \(pidFile)") { () throws(SystemCallError) in
            let text = try FileDescriptor.contents(of: pidFile, limit: 64)
            let digits = String(decoding: text.prefix { $0 > 0x20 }, as: UTF8.self)
            guard let pid = Int32(digits), pid > 0 else {
                throw SystemCallError("read", on: pidFile, .invalidArgument)
            }
            return pid
        }
    }

    func start(wait: (borrowing ChildProcess) throws(StartFailure) -> ExitStatus) throws(StartFailure) {
        try run(["start"], wait)
    }

    /// Deletes what the runtime keeps of the container: its state, its cgroup, processes that are left in it.
    func delete() throws(StartFailure) {
        try run(["delete", "--force"]) { child throws(StartFailure) in
            try explaining("wait for \(command.program)") { () throws(SystemCallError) in try child.wait() }
        }
    }

    private func run(
        _ words: [String], _ wait: (borrowing ChildProcess) throws(StartFailure) -> ExitStatus
    ) throws(StartFailure) {
        var call = try explaining("run \(command.program)") { () throws(SystemCallError) in
            try RuntimeCall.prepare(command)
        }
        try run(&call, words, wait)
    }

    private func run(
        _ call: inout RuntimeCall, _ words: [String],
        _ wait: (borrowing ChildProcess) throws(StartFailure) -> ExitStatus
    ) throws(StartFailure) {
        let child: ChildProcess
        do throws(SystemCallError) { child = try call.start(words, container: id) } catch {
            throw StartFailure(.system, "cannot run \(command.program): \(error)")
        }
        let status = try wait(child)
        guard status == .exited(code: 0) else { throw call.failure(status) }
    }
}

/// Puts what was being done before the fact of a system call that failed.
func explaining<Result: ~Copyable>(
    _ action: @autoclosure () -> String, _ body: () throws(SystemCallError) -> Result
) throws(StartFailure) -> Result {
    do throws(SystemCallError) { return try body() } catch {
        throw StartFailure(.system, "cannot \(action()): \(error)")
    }
}
