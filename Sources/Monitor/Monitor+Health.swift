import Glibc
import Linux
import MonitorProtocol
import OCI
import OCIRuntime
import Runtime

/// A health check under way.
struct HealthWatch: ~Copyable {
    let check: HealthCheck
    /// What a program runs as: `process` of the container's own configuration, with other words. Nil where none is run.
    let process: JSON?
    /// When the next probe is to begin; while one runs, when it has taken too long.
    let timer: Timer
    var report = HealthReport()
    /// One of the two while a probe is under way.
    var probe: HealthProbe?
    var connection: ConnectionProbe?
    /// The id of the probe under way, where somebody waits for events.
    var exec: String?

    init(_ check: HealthCheck, _ process: JSON?) throws(SystemCallError) {
        self.check = check
        self.process = process
        timer = try Timer()
    }
}

// Asks from time to time how the container is. What it finds stands in a file, and where the answer changes, in the journal.
extension Monitor {
    /// To be called when the container's program runs.
    ///
    /// - Parameter report: What a monitor before this one has found of the same run.
    func startHealthChecks(after report: HealthReport? = nil) {
        guard let check = settings.health else { return }
        do throws(SystemCallError) {
            var watch = try HealthWatch(check, healthProcess)
            if let report { watch.report = report }
            try queue.add(watch.timer.descriptor, .readable, token: Token.healthTimer)
            health = consume watch
            if report == nil { try recorder.recordHealth(.starting) }
            writeHealth()
            try waitForProbe()
        } catch { cleanUpFailures.append("cannot check the container's health: \(error)") }
    }

    /// At the container's end. What was found is kept with its files.
    func stopHealthChecks() {
        guard let watch = health.take() else { return }
        switch watch.probe {
        case .some(let probe): probe.kill()
        case .none: break
        }
        try? FileDescriptor.replaceContents(
            of: "\(settings.directory)/\(HealthReport.file)", with: watch.report.json.bytes())
    }

    /// Time for a probe, or for one to be over.
    func handleHealthTimer() {
        try? health?.timer.set(milliseconds: 0)
        guard let timeout = health?.check.timeout else { return }
        if let probe = health?.probe.take() {
            probe.kill()
            noteTimeout(probe.timeoutResult(timeout), probe.start)
        } else if let connection = health?.connection.take() {
            noteTimeout(connection.timeoutResult(timeout), connection.start)
        } else {
            startProbe()
        }
    }

    func readProbe() {
        // The end of it is the program's, or will come with it.
        if health?.probe?.read(into: &buffer) == false, let number = health?.probe?.output.number {
            try? queue.remove(number: number)
        }
    }

    func finishProbe() {
        guard let result = health?.probe?.result(&buffer), let start = health?.probe?.start else { return }
        health?.probe = nil
        note(result, start)
    }

    func serveConnection() {
        guard let start = health?.connection?.start else { return }
        if let result = health?.connection?.serve(&buffer) {
            health?.connection = nil
            note(result, start)
        } else if let connection = health?.connection.take() {
            try? queue.change(connection.connection.descriptor, connection.interest, token: Token.connection)
            health?.connection = consume connection
        }
    }

    private func startProbe() {
        guard let check = health?.check else { return }
        // Nothing runs in it; how it is, is found out when it goes on.
        guard !runtime.isPaused else { return rest() }
        let start = ProbeStart(age: age)
        do throws(SystemCallError) {
            switch check.probe {
            case .command: try startProgram(start)
            case .connection(let address, let port, let request): try connect(address, port, request, start)
            }
            try health?.timer.set(milliseconds: max(check.timeout / 1_000_000, 1))
        } catch {
            note(start.failure("\(error)"), start)
        }
    }

    private func startProgram(_ start: ProbeStart) throws(SystemCallError) {
        guard let process = health?.process else { return }
        // The number of the one before may be another process's by now.
        try? bundleDirectory.unlink("health.pid")
        let probe = try HealthProbe(
            process, in: settings.id, runtime: RuntimeCommand(program: settings.runtime, root: settings.runtimeRoot),
            pidFile: bundle + "/health.pid", start)
        try queue.add(probe.output, .readable, token: Token.probeOutput)
        try queue.add(probe.child.pidfd, .readable, token: Token.probe)
        health?.probe = consume probe
        // Like any line of the journal: where it can't be written, nobody hears of it.
        if case .command(let words) = health?.check.probe { health?.exec = try? recorder.recordProbe(words) }
    }

    private func connect(_ address: String, _ port: UInt16, _ request: String?, _ start: ProbeStart) throws(SystemCallError) {
        guard let address = IPAddress(address) else { return }
        let connection = try inNetwork { () throws(SystemCallError) in
            try ConnectionProbe(to: address, port: port, request: request, start)
        }
        try queue.add(connection.connection.descriptor, connection.interest, token: Token.connection)
        health?.connection = consume connection
    }

    /// In the container's network namespace, which is the host's where none was handed over.
    private func inNetwork<Result: ~Copyable>(
        _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        switch networkNamespace {
        case .some(let namespace): try NamespaceVisit.run(in: namespace, .network, body)
        case .none: try body()
        }
    }

    /// Nothing answers while the container is paused, and a probe stands still with it: that says nothing of its health.
    private func noteTimeout(_ result: HealthReport.Result, _ start: ProbeStart) {
        guard !runtime.isPaused else { return rest() }
        note(result, start)
    }

    private func note(_ result: HealthReport.Result, _ start: ProbeStart) {
        guard let check = health?.check else { return }
        if let exec = health?.exec {
            health?.exec = nil
            // One that took too long was killed.
            try? recorder.recordProbeEnd(exec, exitCode: result.exitCode < 0 ? 128 + Int64(SIGKILL) : result.exitCode)
        }
        if health?.report.note(result, check, age: start.age) == true, let status = health?.report.status {
            // Like any line of the journal: where it can't be written, nobody hears of it.
            try? recorder.recordHealth(status)
            // It doesn't answer: nothing that it is asked for first would help.
            if status == .unhealthy, plan.policy.condition == .unhealthy { container.kill() }
        }
        writeHealth()
        rest()
    }

    /// How long ago the container was started, in nanoseconds.
    private var age: Int64 { Int64(clamping: Timings.monotonicNanoseconds() &- startedAt) }

    private func rest() {
        // Without a clock there is no further probe, and the last answer stands.
        try? waitForProbe()
    }

    private func waitForProbe() throws(SystemCallError) {
        guard let check = health?.check, let status = health?.report.status else { return }
        try health?.timer.set(milliseconds: max(check.delay(status, age: age) / 1_000_000, 1))
    }

    /// Beside the bundle, in memory: it is written with each probe.
    private func writeHealth() {
        guard let report = health?.report else { return }
        try? FileDescriptor.replaceContents(of: "\(bundle)/\(HealthReport.file)", with: report.json.bytes())
    }
}
