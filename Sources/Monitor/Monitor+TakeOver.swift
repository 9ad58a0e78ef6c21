import Glibc
import Linux
import MonitorProtocol
import OCI

// A container that runs, and whose monitor was killed: from here on everything is as if this one had started it. What can't be had
// again it does without, which is told (``BundleFile/takenOver``); nothing of it ends the container.
extension Monitor {
    /// - Parameter number: Of a pidfd of the container's first process.
    func takeOver(_ running: MonitorSettings.RunningContainer, _ number: CInt?) throws(StartFailure) {
        guard let number else { throw StartFailure(.invalid, "the container's process was not handed over") }
        container = FirstProcess(stranger: running.pid, pidfd: FileDescriptor(adopting: number))
        try explaining("wait for events") { () throws(SystemCallError) in
            try queue.add(number: number, .readable, token: Token.container)
            if let control = control?.socket.number { try queue.add(number: control, .readable, token: Token.control) }
        }
        memory = OOMCounter(of: running.pid, named: settings.id)
        recorder.resume(startedAt: running.startedAt)
        plan = RestartPlan(settings.restart, count: running.restarts, isCancelled: running.isLast)
        // A clock that was set back meanwhile has let no time pass.
        let age = max(0, Clock.now().nanoseconds - running.startedAt.nanoseconds)
        startedAt = Timings.monotonicNanoseconds() &- UInt64(age)
        losses = []
        reopenStreams()
        reopenLog()
        resumeHealthChecks(running.pid)
        (phase, hasStarted) = (.running, true)
        scheduleUsage()
        tellLosses()
        control?.send(.started(pid: running.pid))
    }

    private func reopenStreams() {
        if settings.terminal {
            losses?.append("its terminal, which the kernel hung up (SIGHUP)")
        } else {
            do throws(SystemCallError) {
                try streams.reopenFIFOs(in: bundleDirectory, openStdin: settings.openStdin && !settings.stdinOnce)
            } catch { losses?.append("its output: \(error)") }
            if settings.openStdin { losses?.append("its input, which has ended once") }
        }
        // What nobody can read isn't taken.
        if streams.input.number < 0 { input.end() }
    }

    private func reopenLog() {
        guard let destination = settings.log else { return }
        do throws(StartFailure) { log = try ContainerLog(destination, goesOn: true) } catch {
            losses?.append("its log: \(error)")
        }
    }

    private func resumeHealthChecks(_ pid: Int32) {
        guard let check = settings.health else { return }
        do throws(StartFailure) {
            if case .command(let words) = check.probe { healthProcess = try probeProcess(running: words, pid) }
        } catch {
            losses?.append("its health checks: \(error)")
            return
        }
        // Without a report of its predecessor's it begins anew.
        let report = try? FileDescriptor.contents(of: "\(bundle)/\(HealthReport.file)", limit: 1 << 20)
        startHealthChecks(after: report.flatMap { try? HealthReport(json: JSON(parsing: $0)) })
    }

    /// Its user is looked up in the root that the container has, as `exec` does: there is no other.
    private func probeProcess(running words: [String], _ pid: Int32) throws(StartFailure) -> JSON? {
        var config = try BundleConfig(bundle: bundle)
        if let user = settings.user {
            let root = try explaining("open the container's root") { () throws(SystemCallError) in
                try RootPreparation(root: "/proc/\(pid)/root", idMap: settings.idMap)
            }
            config.set(try root.resolve(user, groupAdd: settings.groupAdd))
        }
        return config.process(running: words)
    }

    private func tellLosses() {
        let text = (losses ?? []).map { $0 + "\n" }.joined()
        // For people; without it the container is no worse.
        try? FileDescriptor.replaceContents(of: "\(bundle)/\(BundleFile.takenOver)", with: text.utf8)
    }
}
