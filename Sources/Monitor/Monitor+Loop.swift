import Glibc
import Linux
import MonitorProtocol
import OCI

extension Monitor {
    /// Serves everyone until the container has ended, and then sees to its end.
    func serve() throws(StartFailure) {
        var events: [EventQueue.Event] = []
        // Whether more of the program is mapped than waiting needs.
        var isSpread = true
        while true {
            switch phase {
            case .ended(let status):
                if !restarts(after: status) {
                    end(status)
                    return
                }
            case .over:
                finishAll()
                return
            case .abandoned:
                abandon()
                return
            case .creating, .created, .running, .resting: break
            }
            do throws(SystemCallError) {
                try prepareToWait()
                try queue.wait(into: &events, timeoutMilliseconds: patience(isSpread ? Self.idleMilliseconds : nil))
            } catch { throw StartFailure(.system, "cannot wait for events: \(error)") }
            let hasSampled = noteUsage()
            if events.isEmpty, isSpread || hasSampled { Memory.shrink() }
            isSpread = !events.isEmpty
            for event in events { try handle(event) }
        }
    }

    /// After so long without an event the container is one that runs for a while.
    private static let idleMilliseconds: CInt = 500

    private func handle(_ event: EventQueue.Event) throws(StartFailure) {
        switch event.token {
        case Token.signals: reapOrphans()
        case Token.control: try takeControlMessage()
        case Token.listener:
            // A client that can't be taken, for want of descriptors say, must not stop the container.
            try? clients.acceptNext(queue)
        case Token.container: noteEnd()
        case Token.output: keepPace(pump(.stdout))
        case Token.error: keepPace(pump(.stderr))
        case Token.input: feed()
        case Token.timer: try? timer.set(milliseconds: 0)
        case Token.restart:
            try? restartTimer?.set(milliseconds: 0)
            try startAgain()
        case Token.healthTimer: handleHealthTimer()
        case Token.probeOutput: readProbe()
        case Token.probe: finishProbe()
        case Token.connection: serveConnection()
        case Token.logSocket, Token.logCompressor: log?.serve()
        default: clients.serve(event, buffer: &buffer, grant)
        }
    }

    /// Tells the queue what may come now: output only if everyone has taken the last, input only if there is room.
    func prepareToWait() throws(SystemCallError) {
        feed()
        let next = clients.dropStalled(grant)
        if let next { try timer.set(milliseconds: max(next, 1)) }
        try clients.updateInterests(queue, acceptsInput: input.hasRoom)
        try log?.watch(queue)
        try watchOutputs(clients.hasRoom && hasStarted && log?.hasRoom ?? true)
        try watch(streams.input.number, !input.isEmpty, .writable, Token.input, &watched.input)
    }

    func watchOutputs(_ isOn: Bool) throws(SystemCallError) {
        try watch(streams.output.number, isOn, .readable, Token.output, &watched.output)
        try watch(streams.error.number, isOn, .readable, Token.error, &watched.error)
    }

    private func watch(
        _ number: CInt, _ isOn: Bool, _ interest: EventQueue.Interest, _ token: UInt64, _ isWatched: inout Bool
    ) throws(SystemCallError) {
        guard number >= 0 else {
            isWatched = false
            return
        }
        guard isOn != isWatched else { return }
        if isOn { try queue.add(number: number, interest, token: token) } else { try queue.remove(number: number) }
        isWatched = isOn
    }

    private func keepPace(_ count: Int) {
        if pace.note(count, at: Timings.monotonicNanoseconds()) { Clock.pause() }
    }

    /// Reads once from one output, into the log and to the clients. Returns how many bytes; 0 if there is no more for now.
    func pump(_ stream: LogStream) -> Int {
        let count: Int
        do throws(SystemCallError) {
            count = try read(stream)
        } catch {
            // EIO: nobody has the terminal's other side open.
            if error.errno != .wouldBlock, settings.terminal { streams.closeOutput() }
            return 0
        }
        guard count > 0 else { return 0 }
        let bytes = buffer[..<count]
        log?.write(bytes, of: stream, at: Clock.now())
        clients.broadcast(bytes, of: stream)
        return count
    }

    private func read(_ stream: LogStream) throws(SystemCallError) -> Int {
        let number = stream == .stdout ? streams.output.number : streams.error.number
        guard number >= 0 else { return 0 }
        return try FileDescriptor.read(number: number, into: &buffer)
    }

    /// Writes to the container what it takes of its input.
    private func feed() {
        switch streams.input {
        case .some(let descriptor): input.flush(to: descriptor)
        case .none: return
        }
        if input.isEmpty, input.isEnding { streams.closeInput() }
    }

    private func grant(_ wish: ClientWish) {
        switch wish {
        case .input(let bytes): input.append(bytes)
        case .inputEnd:
            // A terminal's input has no end but the key for it; one that is kept open waits for the next client.
            if settings.stdinOnce, !settings.terminal { input.end() }
        case .resize(let size):
            terminalSize = size
            if settings.terminal { streams.resize(size) }
        case .policy(let policy, let client): client.send(.policy, [change(policy)])
        case .signal(let number, let endsAll, let client): client.send(.signal, [signal(number, endsAll: endsAll)])
        }
    }

    /// Sends a signal to the container's first process. Returns the errno, or 0.
    private func signal(_ number: CInt, endsAll: Bool) -> UInt8 {
        if endsAll { plan.isCancelled = true }
        if endsAll, case .resting(let exit) = phase {
            stay(exit)
            return 0
        }
        do throws(SystemCallError) {
            switch container {
            case .some(let container): try container.send(signal: number)
            case .none: return UInt8(truncatingIfNeeded: ESRCH)
            }
            return 0
        } catch { return UInt8(truncatingIfNeeded: error.errno.rawValue) }
    }

    private func takeControlMessage() throws(StartFailure) {
        guard let arrival = control?.receive() else { return }
        switch arrival {
        case .message(.start):
            if case .created = phase { try startProgram() }
        case .message, .nothing: break
        case .closed:
            control = nil
            if case .created = phase { phase = .abandoned } else if settings.endsWithEngine { container.kill() }
        }
    }

    func startProgram() throws(StartFailure) {
        try Timings.span("start") { () throws(StartFailure) in try runtime.start() }
        let pid = container.pid
        // Before anyone is told, so that whoever hears of it finds it.
        try explaining("write down the start") { () throws(SystemCallError) in 
            try recorder.recordStart(pid: pid, restarts: plan.count)
        }
        phase = .running
        hasStarted = true
        startedAt = Timings.monotonicNanoseconds()
        scheduleUsage()
        startHealthChecks()
        control?.send(.started(pid: pid))
        // While the program runs.
        mounts?.letGoOfLayers()
    }

    private func noteEnd() {
        do throws(SystemCallError) {
            guard let status = try container.statusIfEnded() else { return }
            phase = .ended(status)
        } catch { phase = .ended(nil) }
    }

    private func reapOrphans() {
        // The number of signals says nothing: several become one.
        while let signal = try? signals.next() { _ = signal }
        let others = [container.pid, health?.probe?.child.pid ?? -1, log?.compressor ?? -1]
        while let pid = try? ChildProcess.reapAny(except: others) { _ = pid }
    }
}
