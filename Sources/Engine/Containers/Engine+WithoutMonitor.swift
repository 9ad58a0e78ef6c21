import Glibc
import Linux
import Metadata
import MonitorProtocol
import OCI
import RuntimeClient

// A container whose monitor was killed runs on. Who ends it, or waits for its end, holds its first process meanwhile, and writes
// its end down in the monitor's place.
extension Engine {
    /// Signals, waits, and kills what is left. Returns whether the container has ended.
    func endWithoutMonitor(_ record: ContainerRecord, signal: CInt, timeout: Int64) throws(EngineError) -> Bool {
        guard let process = firstProcess(of: record) else { return true }
        if signal != SIGKILL {
            try signalWithoutMonitor(record, signal)
            if record.state.status == .paused { try? thaw(record) }
            if try wait(for: process, of: record, seconds: timeout) { return true }
        }
        note("kill", of: record.id, ["signal": String(SIGKILL)])
        let runtime = try runtimeCommand(storedSpec(of: record).host.runtime)
        do throws(EngineError) {
            try calling("kill container \(record.name)") { () throws(RuntimeClientError) in try runtime.killAll(record.id) }
        } catch {
            // One that has ended by itself meanwhile may have nothing left to be killed.
            guard !isAlive(record) else { throw error }
        }
        if record.state.status == .paused { try? thaw(record) }
        return try wait(for: process, of: record, seconds: 10)
    }

    func signalWithoutMonitor(_ record: ContainerRecord, _ signal: CInt) throws(EngineError) {
        let runtime = try runtimeCommand(storedSpec(of: record).host.runtime)
        try whileUp(record) { () throws(EngineError) in
            try calling("signal container \(record.name)") { () throws(RuntimeClientError) in
                try runtime.kill(record.id, signal: signal)
            }
        }
        note("kill", of: record.id, ["signal": String(signal)])
    }

    /// Returns when it has ended.
    func waitWithoutMonitor(_ record: ContainerRecord) throws(EngineError) {
        guard let process = firstProcess(of: record) else { return }
        _ = try wait(for: process, of: record, seconds: -1)
    }

    /// Nil where it has ended.
    private func firstProcess(of record: ContainerRecord) -> FileDescriptor? {
        guard let pid = CInt(exactly: record.state.pid), let process = try? ProcessHandle.open(pid) else { return nil }
        // Held first and looked at then: the number may have been another's until it was.
        guard isAlive(record) else { return nil }
        return process
    }

    /// - Parameter seconds: Negative for ever.
    /// - Returns: Whether it has ended; then that is written down.
    private func wait(
        for process: borrowing FileDescriptor, of record: ContainerRecord, seconds: Int64
    ) throws(EngineError) -> Bool {
        let (number, action) = (process.number, "wait for container \(record.name)")
        let hasEnded = try explaining(action) { () throws(SystemCallError) in
            var entries = [PollEntry(number, .readable)]
            let milliseconds = seconds < 0 ? nil : CInt(clamping: min(seconds, 2_000_000) * 1000)
            return try PollEntry.wait(&entries, timeoutMilliseconds: milliseconds) > 0
        }
        guard hasEnded else { return false }
        let code = try explaining(action) { () throws(SystemCallError) in try Self.exitCode(of: process, record.state.pid) }
        append(JournalRecord(
            time: Timestamp(nanoseconds: RealTime.now), id: record.id, event: .die(ContainerExit(exitCode: code, oomKilled: false))))
        try foldJournal()
        cleanUpLost(record.id)
        return true
    }

    /// 255 where the kernel doesn't tell.
    private static func exitCode(of process: borrowing FileDescriptor, _ pid: Int64) throws(SystemCallError) -> Int32 {
        for _ in 0..<1000 {
            if let status = statusOfZombie(process, pid) { return status.shellCode }
            // Reaped by its new parent: Linux still knows since 6.15.
            do throws(SystemCallError) {
                if let status = try ProcessHandle.exitStatus(of: process) { return status.shellCode }
            } catch { guard error.errno == .noSuchProcess else { return 255 } }
            var none: [PollEntry] = []
            try PollEntry.wait(&none, timeoutMilliseconds: 1)
        }
        return 255
    }

    /// Of one that has ended and isn't reaped yet: the last field of `stat`, the 52nd. proc_pid_stat(5).
    private static func statusOfZombie(_ process: borrowing FileDescriptor, _ pid: Int64) -> ExitStatus? {
        guard let fields = stat(of: pid), fields.count > 49, fields[0].elementsEqual([UInt8(ascii: "Z")]),
            let status = CInt(String(decoding: fields[49].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)),
            // It still has its number: what was read is not another's.
            (try? ProcessHandle.send(0, to: process)) != nil
        else { return nil }
        return ExitStatus(waitStatus: status)
    }

    /// What a monitor does at its container's end, for one that was killed before.
    func cleanUpLost(_ id: String) {
        do throws(EngineError) { try cleanUp(id) } catch { warnings.append("\(error)") }
    }
}
