import Glibc
import Linux
import MonitorProtocol
import OCI
import OCIRuntime

/// A program of a health check that runs in the container, by the runtime's `exec`.
struct HealthProbe: ~Copyable {
    let start: ProbeStart
    /// What it writes comes here; it may be written to by what it leaves behind.
    let output: FileDescriptor
    /// The runtime, which stays until the program ends.
    let child: ChildProcess
    private let call: RuntimeCall
    private let pidFile: String
    private var text: [UInt8] = []

    /// - Parameter process: The runtime spec's `process` object.
    init(
        _ process: JSON, in container: String, runtime: RuntimeCommand, pidFile: String, _ start: ProbeStart
    ) throws(SystemCallError) {
        var call = try RuntimeCall.prepare(runtime)
        try call.pass(document: process.bytes(), as: "--process")
        let pipe = try Pipe()
        try pipe.reading.setNonBlocking(true)
        call.spawn.pass(pipe.writing, as: StandardDescriptor.output)
        call.spawn.pass(pipe.writing, as: StandardDescriptor.error)
        let child = try call.start(["exec", "--pid-file", pidFile], container: container)
        self.start = start
        self.child = child
        output = pipe.keepingReading()
        self.call = call
        self.pidFile = pidFile
    }

    /// Reads what it has written; false if there is no more, for now or for good.
    mutating func read(into buffer: inout [UInt8]) -> Bool {
        guard let count = try? output.read(into: &buffer), count > 0 else { return false }
        // The rest is read too: a probe that writes much is not to wait for us.
        text += buffer[..<min(count, HealthReport.outputLimit - text.count)]
        return true
    }

    /// What it found; nil while it runs.
    mutating func result(_ buffer: inout [UInt8]) -> HealthReport.Result? {
        let status: ExitStatus?
        do throws(SystemCallError) { status = try child.statusIfEnded() } catch { status = .exited(code: 255) }
        guard let status else { return nil }
        var rounds = 64
        while rounds > 0, read(into: &buffer) { rounds -= 1 }
        if status.shellCode != 0, call.hasLoggedFailure() {
            return start.failure(call.failure(status).message)
        }
        return start.result(exitCode: Int64(status.shellCode), String(decoding: text, as: UTF8.self))
    }

    /// Ends it, and what it runs.
    borrowing func kill() {
        try? child.send(signal: SIGKILL)
        _ = try? child.wait()
        // The program is this process's child now, or has ended: no other process can have its number.
        guard let digits = try? FileDescriptor.contents(of: pidFile, limit: 32),
            let pid = CInt(String(decoding: digits, as: UTF8.self)), let program = try? ChildProcess(adopting: pid)
        else { return }
        do throws(SystemCallError) {
            if try program.statusIfEnded() == nil { try program.send(signal: SIGKILL) }
        } catch {
            // It is none of ours.
        }
    }

    /// Of one that took too long.
    borrowing func timeoutResult(_ timeout: Int64) -> HealthReport.Result {
        let said = String(decoding: text, as: UTF8.self)
        return start.failure(HealthReport.timeoutText(timeout) + (said.isEmpty ? "" : ": " + said))
    }
}
