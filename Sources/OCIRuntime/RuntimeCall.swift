import Linux
import MonitorProtocol
import OCI

/// One call of a runtime, with a file in memory for what it says of its errors.
public struct RuntimeCall: ~Copyable {
    /// To pass standard streams, or descriptors from 16 on: below, they are the call's own.
    public var spawn: Spawn
    private let log: FileDescriptor
    private var document: FileDescriptor?
    private var options: [String] = []
    private let command: RuntimeCommand

    private enum Number {
        static let log: CInt = 3
        static let document: CInt = 4
        static let timings: CInt = 5
        static let objects: CInt = 6
    }

    /// The call's own descriptors, for a program that makes the call for us.
    public static let ownNumbers: [CInt] = [Number.log, Number.document, Number.timings]
    public static let firstFreeNumber: CInt = 16

    public static func prepare(_ command: RuntimeCommand) throws(SystemCallError) -> RuntimeCall {
        RuntimeCall(command, log: try FileDescriptor.memory(named: "log"))
    }

    private init(_ command: RuntimeCommand, log: consuming FileDescriptor) {
        var spawn = Spawn(command.program, [])
        // Not our caller's, which may hold secrets; some runtimes look for helpers.
        spawn.environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        if Timings.descriptor >= 0 {
            spawn.pass(number: Timings.descriptor, as: Number.timings)
            spawn.environment?.append("\(Timings.variable)=\(Number.timings)")
        }
        if ObjectLog.isOn {
            spawn.pass(number: ObjectLog.descriptor, as: Number.objects)
            spawn.environment?.append("\(ObjectLog.variable)=\(Number.objects)")
        }
        spawn.pass(log, as: Number.log)
        self.spawn = spawn
        self.log = log
        self.command = command
    }

    /// Passes one document by a descriptor, as the value of `option`: it is seen in no command line and on no disk.
    public mutating func pass(document bytes: [UInt8], as option: String) throws(SystemCallError) {
        let file = try FileDescriptor.memory(named: "document")
        try file.writeAll(bytes)
        spawn.pass(file, as: Number.document)
        options += [option, "/proc/self/fd/\(Number.document)"]
        document = consume file
    }

    /// Starts the runtime: global options, the words, the container.
    ///
    /// - Parameters:
    ///   - words: A command and its options: `["delete", "--force"]`.
    ///   - trailing: What stands behind the container: a signal.
    ///   - wrapper: A program, by its path, and its arguments, which gets the runtime's behind its own and is to start it.
    public mutating func start(
        _ words: [String], container id: String, trailing: String? = nil, through wrapper: [String] = []
    ) throws(SystemCallError) -> ChildProcess {
        let name = command.program.split(separator: "/").last.map(String.init) ?? command.program
        spawn.arguments =
            [name, "--root", command.root, "--log", "/proc/self/fd/\(Number.log)", "--log-format", "json"]
            + words + options + [id] + (trailing.map { [$0] } ?? [])
        if let program = wrapper.first {
            spawn.path = program
            spawn.arguments = wrapper + [command.program] + spawn.arguments
        }
        return try spawn.start()
    }

    /// What the runtime said of its failure: the last error in its log.
    public borrowing func failure(_ status: ExitStatus) -> StartFailure {
        StartFailure(runtimeLog: loggedBytes(), exitCode: status.shellCode)
    }

    /// Whether the runtime itself failed, and not a program that it ran for us.
    public borrowing func hasLoggedFailure() -> Bool { StartFailure.isLogged(in: loggedBytes()) }

    private borrowing func loggedBytes() -> [UInt8] {
        // Failing is an answer: then the status alone tells.
        guard (try? log.seek(to: 0)) != nil, let bytes = try? log.readAll(limit: 1 << 20) else { return [] }
        return bytes
    }
}
