import Cgroups
import Glibc
import Linux
import OCI

extension Runtime {
    /// Starts a container that another process created with ``CreateOptions/startsLater``; returns when its program is
    /// executed.
    ///
    /// - Throws: ``RuntimeError``: `wrongState` unless it is created and not started yet; `programNotFound`, …
    public func start(_ id: String) throws(RuntimeError) {
        let directory = try StateDirectory.open(try ContainerID(id), in: root)
        let record = try directory.read()
        guard let socket = try connectToStart(directory) else {
            let status = try status(of: record, directory)
            throw RuntimeError(.wrongState, cannot: "start container \(id)", because: "it is \(status.rawValue)")
        }
        let started = StartedProgram(
            arguments: record.process.args, directory: record.process.cwd, poststart: record.hooks.poststart,
            state: state(of: record, .running))
        try started.start(over: InitConnection(socket))
        try started.runPoststartHooks()
    }

    /// Nil if nobody waits for a start: the first to take the socket's name away is the one that starts it.
    private func connectToStart(_ directory: borrowing StateDirectory) throws(RuntimeError) -> FileDescriptor? {
        do throws(SystemCallError) {
            let socket = try UnixSocket.connect(.stream, to: StateDirectory.startSocket, in: directory.descriptor)
            try directory.descriptor.unlink(StateDirectory.startSocket)
            return socket
        } catch {
            guard error.errno == .noSuchFile || error.errno == .connectionRefused else {
                throw RuntimeError(.system, cannot: "reach the container's process", because: error.description)
            }
            return nil
        }
    }

    /// - Throws: ``RuntimeError``: `noSuchContainer`.
    public func state(_ id: String) throws(RuntimeError) -> RuntimeState {
        let directory = try StateDirectory.open(try ContainerID(id), in: root)
        let record = try directory.read()
        return state(of: record, try status(of: record, directory))
    }

    /// The containers of this root; one that vanishes meanwhile is left out.
    public func list() throws(RuntimeError) -> [RuntimeState] {
        let names: [PathBytes]
        do throws(SystemCallError) { names = try FileDescriptor.directory(root).names() } catch {
            if error.errno == .noSuchFile { return [] }
            throw RuntimeError(.system, cannot: "list containers", because: error.description)
        }
        var states: [RuntimeState] = []
        for name in names.map({ String(decoding: $0.bytes, as: UTF8.self) }).sorted() {
            do throws(RuntimeError) { states.append(try state(name)) } catch {
                guard error.kind == .system else { continue }
                throw error
            }
        }
        return states
    }

    /// The processes of a container, by their numbers in this process's PID namespace.
    public func processes(of id: String) throws(RuntimeError) -> [Int32] {
        let record = try StateDirectory.open(try ContainerID(id), in: root).read()
        return try withCgroup(of: record, "list the processes of container \(id)") { cgroup throws(CgroupError) in
            try cgroup.processes()
        }
    }

    /// Sends a signal to a container's first process, or to all of its processes.
    ///
    /// - Throws: ``RuntimeError``: `wrongState` if it has ended.
    public func kill(_ id: String, signal: CInt, all: Bool = false) throws(RuntimeError) {
        let directory = try StateDirectory.open(try ContainerID(id), in: root)
        let record = try directory.read()
        let action = "send signal \(signal) to container \(id)"
        if all {
            return try withCgroup(of: record, action) { cgroup throws(CgroupError) in
                if signal == SIGKILL { return try cgroup.kill() }
                for process in try cgroup.processes() { try Self.send(signal, to: process) }
            }
        }
        let sent = try attempt(action) { () throws(SystemCallError) in
            // Through a pidfd, whose process is the one that was recorded: a number may be a stranger's by now.
            guard let process = try record.identity.open() else { return false }
            try ProcessHandle.send(signal, to: process)
            return true
        }
        guard sent else { throw RuntimeError(.wrongState, cannot: action, because: "it is stopped") }
    }

    /// Stops all processes of a container where they are, and lets them go on again.
    ///
    /// - Throws: ``RuntimeError``: `wrongState` unless it runs.
    public func setPaused(_ isPaused: Bool, _ id: String) throws(RuntimeError) {
        let directory = try StateDirectory.open(try ContainerID(id), in: root)
        let record = try directory.read()
        let action = "\(isPaused ? "pause" : "resume") container \(id)"
        let status = try status(of: record, directory)
        guard status == .running || status == .created else {
            throw RuntimeError(.wrongState, cannot: action, because: "it is \(status.rawValue)")
        }
        try withCgroup(of: record, action) { cgroup throws(CgroupError) in
            if isPaused { try cgroup.freeze() } else { try cgroup.thaw() }
        }
    }

    /// Whether all processes of a container are stopped by ``setPaused(_:_:)``.
    public func isPaused(_ id: String) throws(RuntimeError) -> Bool {
        let record = try StateDirectory.open(try ContainerID(id), in: root).read()
        var isFrozen = false
        try withCgroup(of: record, "look at container \(id)") { cgroup throws(CgroupError) in isFrozen = try cgroup.isFrozen() }
        return isFrozen
    }

    private static func send(_ signal: CInt, to process: Int32) throws(CgroupError) {
        do throws(SystemCallError) { try ProcessSignal.send(signal, toProcess: process) } catch {
            guard error.errno == .noSuchProcess else { throw .system(error) }
        }
    }

    /// Removes what the runtime has of a container: its cgroup and its state.
    ///
    /// - Parameter force: Also if it runs, which kills it, or is only half made, or isn't there at all.
    /// - Throws: ``RuntimeError``: `wrongState` if it runs.
    public func delete(_ id: String, force: Bool = false) throws(RuntimeError) {
        let id = try ContainerID(id)
        let record: ContainerRecord
        do throws(RuntimeError) {
            let directory = try StateDirectory.open(id, in: root)
            record = try directory.read()
            let status = try status(of: record, directory)
            guard force || status == .stopped else {
                throw RuntimeError(
                    .wrongState, cannot: "delete container \(id)", because: "it is \(status.rawValue)",
                    hint: "Kill it first, or force the deletion")
            }
        } catch {
            guard force, error.kind == .noSuchContainer || error.reason == StateDirectory.incomplete else { throw error }
            try StateDirectory.remove(id, in: root)
            return
        }
        try end(record)
        try withCgroup(of: record, "remove the cgroup of container \(id)") { cgroup throws(CgroupError) in
            try cgroup.kill()
            try cgroup.delete()
        }
        try StateDirectory.remove(id, in: root)
        try HookRunner(state: state(of: record, .stopped)).run(record.hooks.poststop, named: "poststop")
    }

    private func end(_ record: ContainerRecord) throws(RuntimeError) {
        try attempt("kill container \(record.id)") { () throws(SystemCallError) in
            guard let process = try record.identity.open() else { return }
            try ProcessHandle.send(SIGKILL, to: process)
            var entries = [PollEntry(process.number, .readable)]
            try PollEntry.wait(&entries)
        }
    }

    private func withCgroup<Result>(
        of record: ContainerRecord, _ action: String, _ body: (any Cgroup) throws(CgroupError) -> Result
    ) throws(RuntimeError) -> Result {
        try attemptCgroup(action) { () throws(CgroupError) in
            try body(try CgroupMounts.detect().cgroup(at: try CgroupPath(parsing: record.cgroup)))
        }
    }

    func status(
        of record: ContainerRecord, _ directory: borrowing StateDirectory
    ) throws(RuntimeError) -> RuntimeState.Status {
        let lives = try attempt("look for the process of container \(record.id)") { () throws(SystemCallError) in
            try record.identity.open() != nil
        }
        guard lives else { return .stopped }
        return directory.waitsForStart ? .created : .running
    }

    func state(of record: ContainerRecord, _ status: RuntimeState.Status) -> RuntimeState {
        RuntimeState(
            id: record.id.text, status: status, pid: status == .stopped ? nil : record.identity.pid,
            bundle: record.bundle, annotations: record.annotations)
    }
}
