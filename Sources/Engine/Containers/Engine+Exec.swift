import Glibc
import Linux
import Metadata
import MonitorProtocol
import OCI
import OCIRuntime
import RuntimeClient

/// A program to run beside a container's own.
public struct ExecSpec: Sendable {
    public var command: [String]
    public var environment: [String] = []
    /// `user[:group]`; empty is the container's own.
    public var user = ""
    public var workingDirectory = ""
    public var isPrivileged = false
    public var terminal = false
    public var openStdin = false
    public var terminalSize: WindowSize?

    public init(command: [String]) { self.command = command }
}

extension Engine {
    /// Runs a program in a running container, connected by pipes or a terminal of its own, until it ends or is left.
    public func exec(
        _ name: String, _ spec: ExecSpec, _ options: RelayOptions, signals: consuming SignalDescriptor
    ) throws(EngineError) -> RelayEnd {
        let record = try running(name)
        let (command, request) = try execRequest(record, spec)
        let action = "run \(spec.command.first ?? "") in container \(record.name)"
        let exec = RandomID.make()
        noteExec(exec, of: record.id, ExecNote.start(spec.command))
        let session = try calling(action) { () throws(RuntimeClientError) in
            try command.exec(record.id, request, bundle: runtimePaths.bundle(record.id))
        }
        let file = runtimePaths.exec(exec, of: record.id)
        // Only for `inspect`: without it, it runs all the same.
        try? FileDescriptor.open(file, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600).writeAll("\(session.pid)")
        defer { try? FileDescriptor.removeIfThere(file) }
        let end: RelayEnd
        do throws(RuntimeClientError) { end = try session.relay(options, signals: signals) } catch {
            throw EngineError(error, cannot: action)
        }
        switch end {
        case .exited(let exit):
            noteExec(exec, of: record.id, [ExecNote.end], ["exitCode": String(exit.exitCode)])
        case .detached: noteExec(exec, of: record.id, [ExecNote.detach])
        case .outputClosed, .interrupted, .monitorLost: break
        }
        return end
    }

    /// Starts a program in a running container and leaves it to itself. A process stays with it, to tell its end.
    public func execDetached(_ name: String, _ spec: ExecSpec) throws(EngineError) {
        let record = try running(name)
        let (command, request) = try execRequest(record, spec)
        let exec = RandomID.make()
        noteExec(exec, of: record.id, ExecNote.start(spec.command))
        let watch = RuntimeCommand.ExecWatch(
            program: programs.runtime, journal: runtimePaths.journal, exec: exec,
            file: runtimePaths.exec(exec, of: record.id))
        try calling("run \(spec.command.first ?? "") in container \(record.name)") { () throws(RuntimeClientError) in
            try command.execDetached(record.id, request, watch)
        }
    }

    private func noteExec(_ exec: String, of id: String, _ actions: [String], _ more: [String: String] = [:]) {
        let attributes = more.merging(["execID": exec]) { $1 }
        note(actions.map { .note(type: "container", action: $0, attributes: attributes) }, of: id)
    }

    /// The programs that run beside a container's own, by their ids.
    func execs(of record: ContainerRecord) -> [String] {
        let bundle = runtimePaths.bundle(record.id)
        // What can't be listed, or is gone when it is looked at, runs no more.
        guard record.state.isUp, let names = try? FileDescriptor.directory(bundle).names() else { return [] }
        return names.map(\.description).compactMap { name in
            guard let exec = RuntimePaths.exec(ofFile: name),
                let pid = try? FileDescriptor.contents(of: "\(bundle)/\(name)", limit: 32)
            else { return nil }
            // Who has the number now is told by its command line, which names the container.
            let words = try? FileDescriptor.contents(of: "/proc/\(String(decoding: pid, as: UTF8.self))/cmdline", limit: 65536)
            return words.map { String(decoding: $0, as: UTF8.self).contains(record.id) } == true ? exec : nil
        }.sorted()
    }

    /// - Throws: ``EngineError`` that says why no program can be started in it.
    public func requireRunning(_ name: String) throws(EngineError) { _ = try running(name) }

    private func running(_ name: String) throws(EngineError) -> ContainerRecord {
        let record = try container(name)
        guard record.state.status != .paused else {
            throw EngineError(.conflict, "Container \(name) is paused, unpause the container before exec")
        }
        guard record.state.status == .running else {
            throw EngineError(
                .conflict, "container \(record.id) is not running", hint: "Start it with `hako start \(record.name)`.")
        }
        return record
    }

    private func execRequest(
        _ record: ContainerRecord, _ spec: ExecSpec
    ) throws(EngineError) -> (RuntimeCommand, RuntimeCommand.ExecRequest) {
        let stored = try configured(storedSpec(of: record))
        var process = try execProcess(record, stored, spec)
        process.terminal = spec.terminal
        if let size = spec.terminalSize { process.consoleSize = .init(height: size.rows, width: size.columns) }
        var request = RuntimeCommand.ExecRequest(process: process.json)
        request.terminal = spec.terminal
        request.openStdin = spec.openStdin
        return (try runtimeCommand(stored.host.runtime), request)
    }

    /// Environment, user, capabilities and limits as the container's own process has them, with the caller's wishes on top.
    private func execProcess(
        _ record: ContainerRecord, _ stored: StoredSpec, _ spec: ExecSpec
    ) throws(EngineError) -> RuntimeSpec.Process {
        var config = stored.config
        config.environment = Environment.merged(config.environment, with: spec.environment)
        config.entrypoint = nil
        guard spec.command.first?.isEmpty == false else {
            throw EngineError(.commandNotFound, "cannot execute \"\": executable file not found in $PATH")
        }
        guard spec.workingDirectory.isEmpty || spec.workingDirectory.hasPrefix("/") else {
            throw EngineError(
                .invalidArgument, "the working directory '\(spec.workingDirectory)' is invalid, it needs to be an absolute path")
        }
        config.command = spec.command
        config.tty = spec.terminal
        if !spec.workingDirectory.isEmpty { config.workingDirectory = spec.workingDirectory }
        var host = stored.host
        if spec.isPrivileged { host.privileged = true }
        let builder = RuntimeSpecBuilder(
            id: record.id, config: config, host: host, mounts: [],
            firstHostID: record.idSlot.map { StorePaths.hostID(ofSlot: $0) }, accountFiles: [], initProgram: nil,
            hostName: HostInfo.nodeName, imageArchitecture: stored.imageArchitecture, cgroupsPath: "")
        var process = try builder.process()
        let user = try resolveUser(record, spec.user.isEmpty ? config.user : spec.user, host.groupAdd)
        process.user = .init(uid: user.userID, gid: user.groupID, additionalGids: user.groups)
        process.env = Environment.merged(["HOME=\(user.home)"], with: process.env)
        return process
    }

    /// Looks a user up in the files of the running container, through its own root.
    private func resolveUser(
        _ record: ContainerRecord, _ user: String, _ groupAdd: [String]
    ) throws(EngineError) -> ContainerUser {
        let root: FileDescriptor
        do throws(SystemCallError) {
            root = try FileDescriptor.directory("/proc/\(record.state.pid)/root")
        } catch {
            throw EngineError(.conflict, "container \(record.id) is not running", hint: nil)
        }
        do throws(AccountError) {
            return try ContainerUser(
                resolving: user, groupAdd: groupAdd, in: root,
                idCount: record.idSlot == nil ? 1 << 32 : UInt64(StorePaths.idsPerContainer))
        } catch { throw EngineError(.invalidArgument, "\(error)") }
    }
}
