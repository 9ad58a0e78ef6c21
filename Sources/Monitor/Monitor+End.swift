import Glibc
import Linux
import MonitorProtocol
import OCI

extension Monitor {
    /// The container has ended: everyone is told, then everything is cleaned up. Nothing that takes long comes before.
    func end(_ status: ExitStatus?) {
        guard hasStarted else {
            let code = status.map { "\($0.shellCode)" } ?? "unknown"
            tell(StartFailure(.system, "the container's process ended before it was started (\(code))"))
            cleanUp()
            return
        }
        _ = tellEnd(status, isRestarting: false)
        finishAll()
    }

    /// Everybody hears of the end, once it is written down.
    func tellEnd(_ status: ExitStatus?, isRestarting: Bool) -> ContainerExit {
        Timings.span("drain") { drain() }
        stopHealthChecks()
        stopUsage()
        let exit = ContainerExit(
            exitCode: status?.shellCode ?? 255, oomKilled: memory.hasKilled, isKnown: status != nil)
        do throws(SystemCallError) {
            let errors = [status == nil ? ContainerExit.unknown : nil, log?.failure].compactMap { $0 }
            try recorder.recordExit(exit, isRestarting: isRestarting, error: errors.joined(separator: "; "))
        } catch {
            // On a full disk the state can't be written; whoever listens is told all the same, others see it as unknown.
            cleanUpFailures.append("cannot write the state: \(error)")
        }
        if !isRestarting { admitRemovers() }
        control?.send(.exited(exit))
        clients.sendEnd(exit)
        return exit
    }

    /// Whoever removes the container need not wait for what is left to do here, only who starts it again. Before anyone is told of
    /// the end: they come at once.
    func admitRemovers() {
        guard let slot = settings.slot else { return }
        switch lock {
        case .some(let lock):
            // Where that byte is taken, another container had the slot before, and its monitor is still at work.
            guard (try? RecordLock.acquire(byte: LockByte.cleanUp(slot), of: lock)) == true else { return }
            try? RecordLock.release(byte: slot, of: lock)
        case .none: break
        }
    }

    /// Nothing of the container is to stay but its files.
    func finishAll() {
        cleanUp { self.control?.send(.released) }
        flushClients(until: Timings.monotonicNanoseconds() + 10_000_000_000)
        finish()
    }

    /// What is still in the pipes. Nobody is waited for: what a process that outlives the container's first one goes on
    /// writing (it shares a PID namespace) has a limit.
    private func drain() {
        for stream in [LogStream.stdout, .stderr] {
            var rounds = 128
            while rounds > 0, pump(stream) > 0 {
                rounds -= 1
                log?.wait()
            }
        }
        log?.finish()
    }

    /// The container can't be created or started.
    func fail(_ failure: StartFailure) {
        let isEngineGone = control.isClosed
        tell(failure)
        container.kill()
        container.waitForEnd()
        cleanUp()
        if isEngineGone { runExitCommand() }
    }

    func tell(_ failure: StartFailure) { control?.send(.failed(failure)) }

    /// The engine went away before it said `start`: it was killed, and nobody knows of the container.
    func abandon() {
        container.kill()
        container.waitForEnd()
        cleanUp()
        runExitCommand()
    }

    /// In reverse order of how it came. The lock goes last: whoever has it may start the container anew.
    ///
    /// - Parameter tell: Called when nothing is left but what is seen by nobody else: our own mounts, and the bundle.
    private func cleanUp(_ tell: () -> Void = {}) {
        Timings.span("clean-up") {
            if runtime.hasLeftovers { attempt("delete the runtime's state") { try runtime.delete() } }
            earlyCgroup = nil
            tell()
            log?.close()
            // The network goes with its last descriptor, and the ports of the host are bound by whoever comes next. Before the
            // mounts: unmounting waits for the disk, and the container may be removed meanwhile, its address another's.
            networkNamespace = nil
            for number in kept { _ = FileDescriptor(adopting: number) }
            kept = []
            if let mounts = mounts.take() {
                do throws(SystemCallError) {
                    try mounts.drop()
                    ObjectLog.removed("mount \(bundle)/rootfs, with the mount namespace of the monitor")
                } catch {
                    cleanUpFailures.append("cannot unmount the root: \(error)")
                }
            }
            attempt("remove the bundle") { try Directory.removeTree(bundle) }
            if hasStarted, !cleanUpFailures.isEmpty { try? recorder.add(error: cleanUpFailures.joined(separator: "; ")) }
            lock = nil
            ObjectLog.removed("lock of container \(settings.id)")
        }
    }

    /// Each step of a clean-up is tried, whatever became of the one before. There is nobody to tell but the state's readers.
    func attempt(_ step: String, _ body: () throws -> Void) {
        do { try body() } catch { cleanUpFailures.append("cannot \(step): \(error)") }
    }

    /// Clients that read slowly get the rest; they had the time that ``AttachServer`` gives anyone.
    private func flushClients(until deadline: UInt64) {
        var events: [EventQueue.Event] = []
        while !clients.hasRoom {
            let now = Timings.monotonicNanoseconds()
            guard now < deadline else { return }
            do throws(SystemCallError) {
                try clients.updateInterests(queue, acceptsInput: false)
                try queue.wait(into: &events, timeoutMilliseconds: CInt(clamping: (deadline - now) / 1_000_000 + 1))
            } catch { return }
            for event in events where event.token >= AttachServer.firstToken {
                clients.serve(event, buffer: &buffer) { _ in }
            }
        }
    }

    /// An engine that stays with its container removes by itself what was made with `--rm`, but for the files: these keep
    /// nobody waiting here. Failing, they are what `system check` finds.
    private func finish() {
        guard !settings.exitCommand.isEmpty else { return }
        if control.waitUntilRemoved() { try? Directory.removeTree(settings.directory) } else { runExitCommand() }
    }

    private func runExitCommand() {
        guard let program = settings.exitCommand.first else { return }
        var command = Spawn(
            program, settings.exitCommand,
            environment: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
        command.startsSession = true
        // It is its own business; where it can't be started, the next command of the engine finds what is left.
        _ = try? command.start().pid
    }
}

extension Optional where Wrapped == OOMCounter {
    var hasKilled: Bool {
        switch self {
        case .some(let counter): counter.hasKilled()
        case .none: false
        }
    }
}

extension Optional where Wrapped == ControlSocket {
    /// Whether nobody is at the other end any more.
    var isClosed: Bool {
        switch self {
        case .some(let control):
            var entries = [PollEntry(control.socket.number, [])]
            return (try? PollEntry.wait(&entries, timeoutMilliseconds: 0)) != 0
        case .none: return true
        }
    }

    /// Waits for the engine to have written the bundle; false if it goes away.
    func waitUntilBundled() -> Bool { wait(for: .bundled) }

    /// Waits for the engine that runs the container in the foreground to be done with it; whether it has removed it.
    func waitUntilRemoved() -> Bool { wait(for: .removed) }

    private func wait(for expected: ControlMessage) -> Bool {
        switch self {
        case .some(let control):
            while true {
                var entries = [PollEntry(control.socket.number, .readable)]
                guard (try? PollEntry.wait(&entries)) != nil else { return false }
                switch control.receive() {
                case .message(expected): return true
                case .closed: return false
                case .message, .nothing: continue
                }
            }
        case .none: return false
        }
    }
}
