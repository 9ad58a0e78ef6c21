import Glibc
import Linux
import MonitorProtocol
import OCI
import OCIRuntime

/// Another program, asked by runc's command line.
struct CommandLineRuntime: ContainerRuntime {
    private let command: RuntimeCommand
    private let id: String
    private let bundle: String
    /// A directory of the bundle's, in which the runtime may write.
    private let writable: String
    private let openStdin: Bool

    init(_ settings: MonitorSettings, bundle: String) {
        command = RuntimeCommand(program: settings.runtime, root: settings.runtimeRoot)
        id = settings.id
        writable = bundle + "/runtime"
        openStdin = settings.openStdin
        self.bundle = bundle
    }

    /// Another runtime's own matter: its `exec` fails then.
    var isPaused: Bool { false }

    /// Whether the runtime still knows a container of this name, from a monitor that was killed.
    var hasLeftovers: Bool { (try? FileDescriptor.status(of: "\(command.root)/\(id)")) != nil }

    func create(
        _ config: BundleConfig, namespaces: HeldNamespaces, earlyCgroup: String?,
        streams: borrowing StandardStreams.ContainerEnds?, console: String?
    ) throws(StartFailure) -> Int32 {
        let member = try explaining("put a process into the user namespace") { () throws(SystemCallError) in
            namespaces.user >= 0 ? try IdleProcess(joining: namespaces.user) : nil
        }
        var paths: [(type: String, path: String)] = []
        // runc 1.3 asks a path of just this form for its ids, and takes those of any other for different ones.
        switch member {
        case .some(let process): paths.append(("user", process.path(of: .user)))
        case .none: break
        }
        if namespaces.network >= 0 { paths.append(("network", "/proc/\(getpid())/fd/\(namespaces.network)")) }
        defer { withExtendedLifetime(member) {} }
        let copy = writable + "/config.json"
        try explaining("prepare the bundle") { () throws(SystemCallError) in
            try Directory.create(writable)
            try FileDescriptor.replaceContents(of: copy, with: config.bytes(naming: paths))
            try Directory.create(command.root)
        }
        // A source that isn't there is the runtime's to tell.
        let sources = config.mappedSources.filter { access($0, F_OK) == 0 }
        let kept = [writable, command.root] + (try mounted()) + sources
        let view = RuntimeView(bundle: bundle, config: copy, kept: kept)
        return try view.enter(userNamespace: namespaces.user) { () throws(StartFailure) in try create(streams, console) }
    }

    /// What the engine has mounted for the container: the cover of the bundle's directory would hide it.
    private func mounted() throws(StartFailure) -> [String] {
        let directory = bundle + "/mounts"
        guard access(directory, F_OK) == 0 else { return [] }
        return try explaining("list \(directory)") { () throws(SystemCallError) in
            try FileDescriptor.directory(directory).names().map { "\(directory)/\($0)" }
        }
    }

    private func create(
        _ streams: borrowing StandardStreams.ContainerEnds?, _ console: String?
    ) throws(StartFailure) -> Int32 {
        var call = try explaining("run \(command.program)") { () throws(SystemCallError) in
            try RuntimeCall.prepare(command)
        }
        // crun makes the container's user the owner of its streams: of the host's /dev/null, were it one. A pipe that nobody
        // writes to is as empty.
        let empty = try explaining("make the standard streams") { () throws(SystemCallError) in
            try Pipe().keepingReading()
        }
        switch streams {
        case .some(let ends):
            call.spawn.pass(number: openStdin ? ends.input.number : empty.number, as: StandardDescriptor.input)
            call.spawn.pass(ends.output, as: StandardDescriptor.output)
            call.spawn.pass(ends.error, as: StandardDescriptor.error)
        case .none: break
        }
        let pidFile = writable + "/pid"
        let words =
            ["create", "--bundle", bundle, "--pid-file", pidFile] + (console.map { ["--console-socket", $0] } ?? [])
        try run(&call, words)
        withExtendedLifetime(empty) {}
        return try explaining("read \(pidFile)") { () throws(SystemCallError) in
            let text = try FileDescriptor.contents(of: pidFile, limit: 64)
            let digits = String(decoding: text.prefix { $0 > 0x20 }, as: UTF8.self)
            guard let pid = Int32(digits), pid > 0 else {
                throw SystemCallError("read", on: pidFile, .invalidArgument)
            }
            return pid
        }
    }

    func start() throws(StartFailure) {
        try run(["start"])
    }

    func delete() throws(StartFailure) {
        try run(["delete", "--force"])
    }

    private func run(_ words: [String]) throws(StartFailure) {
        var call = try explaining("run \(command.program)") { () throws(SystemCallError) in
            try RuntimeCall.prepare(command)
        }
        try run(&call, words)
    }

    private func run(_ call: inout RuntimeCall, _ words: [String]) throws(StartFailure) {
        let status: ExitStatus
        do throws(SystemCallError) { status = try call.start(words, container: id).wait() } catch {
            throw StartFailure(.system, "cannot run \(command.program): \(error)")
        }
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
