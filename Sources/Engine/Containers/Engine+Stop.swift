import Glibc
import Linux
import Metadata
import MonitorProtocol
import RuntimeClient

extension Engine {
    /// Sends the container its stop signal, and SIGKILL when it is still there after the time it has, or at once if it never
    /// gets that signal (``DeafProcess``); then ``warnings`` says so.
    ///
    /// - Parameters:
    ///   - timeout: In seconds, negative for ever; nil takes the container's own, which is ten unless it was set.
    ///   - signal: Nil takes the container's own, which is SIGTERM unless it or its image says otherwise.
    ///   - isStrict: Whether to wait, as Docker does, for one that never gets it.
    /// - Returns: False where it was not running.
    @discardableResult
    public func stop(
        _ name: String, timeout: Int64? = nil, signal: String? = nil, isStrict: Bool = false
    ) throws(EngineError) -> Bool {
        let record = try container(name)
        guard record.state.isUp else { return false }
        let spec = try storedSpec(of: record)
        let number = try Self.signalNumber(signal ?? spec.config.stopSignal ?? "TERM")
        let seconds = timeout ?? spec.config.stopTimeout ?? 10
        try noteStopped(record, spec)
        guard try end(record, signal: number, timeout: seconds, isStrict: isStrict) else {
            throw unending(record, "stop")
        }
        note("stop", of: record.id)
        return true
    }

    /// Stops the container as ``stop(_:timeout:signal:isStrict:)`` does, if it runs, and starts it.
    public func restart(
        _ name: String, timeout: Int64? = nil, signal: String? = nil, isStrict: Bool = false
    ) throws(EngineError) {
        let record = try container(name)
        guard !record.autoRemove || !record.state.isUp else {
            throw EngineError(
                .conflict, cannot: "restart container \(record.name)", because: "it was made with --rm, and goes when it stops",
                hint: "Run it again.")
        }
        try stop(record.id, timeout: timeout, signal: signal, isStrict: isStrict)
        // Its end stands in the journal, and not yet in the row that the start looks at.
        try foldJournal()
        _ = try start(record.id)
        note("restart", of: record.id)
    }

    /// Sends a signal to the container's first process.
    public func kill(_ name: String, signal: String = "KILL") throws(EngineError) {
        let record: ContainerRecord
        do throws(EngineError) { record = try container(name) } catch {
            throw EngineError(error.kind, "cannot kill container: \(name): \(error.reason)", hint: error.hint)
        }
        let number = try Self.signalNumber(signal)
        guard record.state.isUp else { throw Self.notRunning(record, name) }
        let spec = try storedSpec(of: record)
        if number == SIGKILL {
            try noteStopped(record, spec)
            guard try end(record, signal: SIGKILL, timeout: 10) else { throw unending(record, "kill") }
            return
        }
        // Its stop signal means to stop it, whoever sends it.
        let endsAll = try Self.signalNumber(spec.config.stopSignal ?? "TERM") == number
        if endsAll { try noteStopped(record, spec) }
        guard let monitor = try connection(to: record) else { throw Self.notRunning(record, name) }
        let isThere = try calling("signal container \(record.name)") { () throws(RuntimeClientError) in
            try Self.send(number, to: monitor, endsAll: endsAll)
        }
        guard isThere else { throw Self.notRunning(record, name) }
        note("kill", of: record.id, ["signal": String(number)])
    }

    private static func notRunning(_ record: ContainerRecord, _ name: String) -> EngineError {
        EngineError(.conflict, "cannot kill container: \(name): container \(record.id) is not running")
    }

    /// Its restart policy is not to start it again, not after a reboot either.
    private func noteStopped(_ record: ContainerRecord, _ spec: StoredSpec) throws(EngineError) {
        guard spec.host.restartPolicy.condition != .never else { return }
        try onDatabase("note that container \(record.name) is stopped") { database throws(MetadataError) in
            try database.setStopped(true, of: record.id)
        }
    }

    /// Waits until the container doesn't run. Returns its exit code.
    public func wait(_ name: String) throws(EngineError) -> Int64 {
        var record = try container(name)
        while record.state.isUp, let monitor = try connection(to: record) {
            do throws(RuntimeClientError) { return Int64(try monitor.waitExit().exitCode) } catch {
                guard case .monitorLost = error else { throw EngineError(error, cannot: "wait for container \(record.name)") }
            }
            // It has told the end before it heard of us, and was gone then; or it was killed, and the next one is asked.
            record = try container(record.id)
        }
        return try container(record.id).state.exitCode
    }

    static func signalNumber(_ text: String) throws(EngineError) -> CInt {
        guard let number = Signals.number(of: text) else {
            throw EngineError(.invalidArgument, "Invalid signal: \(text)", hint: "signal(7) lists them.")
        }
        return number
    }

    /// Signals, waits, and kills what is left. Returns whether the container has ended.
    ///
    /// - Parameter isStrict: Whether to wait for one that never gets the signal.
    func end(
        _ record: ContainerRecord, signal: CInt, timeout: Int64, isStrict: Bool = false
    ) throws(EngineError) -> Bool {
        while true {
            var found: AttachConnection?
            do throws(EngineError) { found = try connection(to: record) } catch { return try endWithoutMonitor(record, error) }
            guard let monitor = found.take() else { return true }
            guard try end(record, signal: signal, timeout: timeout, isStrict: isStrict, by: monitor) else { return false }
            // A monitor that is killed meanwhile tells no end: the next one is asked.
            guard isAlive(record) else { return true }
        }
    }

    /// Where no monitor can be had, only a kill is sure: nobody but a monitor sees the end of what it was asked for.
    private func endWithoutMonitor(_ record: ContainerRecord, _ error: EngineError) throws(EngineError) -> Bool {
        guard let process = firstProcess(of: record) else { return true }
        warnings.append("container \(record.name) was killed at once, as nobody can tell its end: \(error.reason)")
        note("kill", of: record.id, ["signal": String(SIGKILL)])
        let runtime = try runtimeCommand(storedSpec(of: record).host.runtime)
        try calling("kill container \(record.name)") { () throws(RuntimeClientError) in try runtime.killAll(record.id) }
        if record.state.status == .paused { try? thaw(record) }
        let number = process.number
        let hasEnded = try explaining("wait for container \(record.name)") { () throws(SystemCallError) in
            var entries = [PollEntry(number, .readable)]
            return try PollEntry.wait(&entries, timeoutMilliseconds: 10_000) > 0
        }
        withExtendedLifetime(process) {}
        if hasEnded { try lookAfter(record) }
        return hasEnded
    }

    private func end(
        _ record: ContainerRecord, signal: CInt, timeout: Int64, isStrict: Bool, by monitor: borrowing AttachConnection
    ) throws(EngineError) -> Bool {
        let action = "stop container \(record.name)"
        let before = signal == SIGKILL ? nil : SignalReception(of: record.state.pid)
        note("kill", of: record.id, ["signal": String(signal)])
        let isThere = try calling(action) { () throws(RuntimeClientError) in try Self.send(signal, to: monitor) }
        guard isThere else { return true }
        // What is sent takes effect when the processes go on. Those that SIGKILL has ended all the same can't: that is no failure.
        if record.state.status == .paused { try? thaw(record) }
        return try calling(action) { () throws(RuntimeClientError) in
            if signal != SIGKILL {
                var attributes = ["signal": String(SIGKILL)]
                if let before, before.isDeaf(to: signal), timeout > 0, !isStrict,
                    try !Self.isWorthWaiting(record, signal, before, monitor)
                {
                    warnings.append(Self.reason(record, signal, timeout))
                    // Beyond Docker's: it is known afterwards, too, why nobody waited.
                    attributes["unheard"] = String(signal)
                } else if try Self.hasEnded(monitor, within: timeout < 0 ? nil : timeout.milliseconds) {
                    return true
                }
                note("kill", of: record.id, attributes)
                guard try Self.send(SIGKILL, to: monitor) else { return true }
            }
            return try Self.hasEnded(monitor, within: 10_000)
        }
    }

    /// False where the process has already ended.
    static func send(
        _ signal: CInt, to monitor: borrowing AttachConnection, endsAll: Bool = true
    ) throws(RuntimeClientError) -> Bool {
        do throws(RuntimeClientError) {
            try monitor.signal(signal, endsAll: endsAll)
            return true
        } catch {
            if case .system(let error) = error, error.errno == .noSuchProcess { return false }
            if case .monitorLost = error { return false }
            throw error
        }
    }

    /// A connection to a container's monitor; nil where the container has ended. Where its monitor was killed, it gets another one.
    ///
    /// - Parameter request: Without one, only the end is told.
    func connection(
        to record: ContainerRecord, _ request: AttachRequest = AttachRequest(stdin: false, stdout: false, stderr: false)
    ) throws(EngineError) -> AttachConnection? {
        let action = "reach the monitor of container \(record.name)"
        for _ in 0..<10_000 {
            do throws(RuntimeClientError) {
                return try AttachConnection.connect(bundle: runtimePaths.bundle(record.id), request)
            } catch { guard error.isNobody else { throw EngineError(error, cannot: action) } }
            guard isAlive(record) else { return nil }
            // Where somebody else is at it, it is there in a moment.
            try lookAfter(record)
            usleep(1000)
        }
        throw EngineError(.unavailable, cannot: action, because: "somebody holds its lock, and nobody answers")
    }
}
