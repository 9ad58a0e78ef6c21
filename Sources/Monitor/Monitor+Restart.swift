import Linux
import MonitorProtocol

// A container that is started again by its policy: in the namespaces, behind the ports and with the files that it had.
extension Monitor {
    /// Whether the container, which has ended with this, is to be started again; then that is arranged.
    func restarts(after status: ExitStatus?) -> Bool {
        guard hasStarted else { return false }
        let ran = (Timings.monotonicNanoseconds() &- startedAt) / 1_000_000
        guard let delay = plan.next(afterExitCode: status?.shellCode ?? 255, ranMilliseconds: ran) else { return false }
        // Without a clock nobody would wake us.
        guard (try? restartTimer?.set(milliseconds: delay)) != nil else { return false }
        let exit = tellEnd(status, isRestarting: true)
        // Whoever waited for this one's end has heard of it; the next one is nobody's foreground.
        control = nil
        tidyUp()
        phase = .resting(exit)
        return true
    }

    /// Makes the clock by which the container is started again.
    func watchRestarts() throws(SystemCallError) {
        switch restartTimer {
        case .some: return
        case .none: break
        }
        let timer = try Timer()
        try queue.add(timer.descriptor, .readable, token: Token.restart)
        restartTimer = consume timer
    }

    /// Follows another policy from now on. Returns the errno, or 0.
    func change(_ policy: RestartPolicy) -> UInt8 {
        do throws(SystemCallError) {
            if policy.condition != .never { try watchRestarts() }
        } catch { return UInt8(truncatingIfNeeded: error.errno.rawValue) }
        plan.policy = policy
        return 0
    }

    /// What was the ended process's own goes; namespaces, mounts, ports and the lock stay.
    private func tidyUp() {
        if runtime.hasLeftovers { attempt("delete the runtime's state") { try runtime.delete() } }
        try? watchOutputs(false)
        streams = StandardStreams()
        for name in ["stdin", "stdout", "stderr"] { try? bundleDirectory.unlink(name) }
        input = InputQueue()
        watched = WatchedStreams()
        container = nil
        memory = nil
        hasStarted = false
        losses = nil
        try? bundleDirectory.unlink(BundleFile.takenOver)
    }

    /// The time has come.
    func startAgain() throws(StartFailure) {
        guard case .resting(let former) = phase else { return }
        do throws(StartFailure) {
            // One that was taken over had its own while it ran, on the same writable layer.
            if !hasMounts { try mountRoot() }
            try makeContainer(try readConfig())
            try startProgram()
        } catch {
            // It can't be started any more: what it came to before is what it came to, and why it is not there.
            container.kill()
            container.waitForEnd()
            try? recorder.add(error: error.message)
            stay(former)
        }
    }

    private var hasMounts: Bool {
        switch mounts {
        case .some: true
        case .none: false
        }
    }

    /// It is not started again: that is told to whoever waits for it.
    func stay(_ exit: ContainerExit) {
        try? recorder.recordStay()
        admitRemovers()
        clients.sendEnd(exit)
        phase = .over
    }
}
