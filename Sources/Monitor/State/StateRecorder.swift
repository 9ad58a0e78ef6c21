import Glibc
import Linux
import MonitorProtocol
import OCI

/// Writes down what becomes of the container: a line in the journal, and at its end `state.json`, which a reboot leaves.
struct StateRecorder {
    private let path: String
    private let newPath: String
    private let journal: String
    private let id: String
    private var startedAt: Timestamp?
    private var ended: ContainerState?

    init(_ settings: MonitorSettings) {
        path = "\(settings.directory)/\(ContainerDirectory.state)"
        newPath = "\(settings.directory)/\(ContainerDirectory.newState)"
        journal = settings.journal
        id = settings.id
    }

    mutating func recordStart(pid: Int32, restarts: Int64) throws(SystemCallError) {
        let now = Clock.now()
        startedAt = now
        // The end of an earlier run is none of this one, whoever may be killed now.
        try FileDescriptor.removeIfThere(path)
        try append(JournalRecord(time: now, id: id, event: .start(pid: pid, restarts: restarts)))
    }

    /// Of a container that was started under another monitor.
    mutating func resume(startedAt: Timestamp) { self.startedAt = startedAt }

    mutating func recordExit(_ exit: ContainerExit, isRestarting: Bool, error: String) throws(SystemCallError) {
        let now = Clock.now()
        let state = ContainerState(
            startedAt: startedAt, finishedAt: now, exitCode: exit.exitCode, oomKilled: exit.oomKilled, error: error)
        ended = state
        // Where the disk is full the journal, which lies in memory, still takes the end: without it the container would
        // seem to run for as long as we clean up.
        let written = Result { () throws(SystemCallError) in try write(state) }
        try append(JournalRecord(time: now, id: id, event: .die(exit, isRestarting: isRestarting, ran: seconds(until: now))))
        try written.get()
    }

    /// Since the start. A clock that was set back meanwhile has let no time pass.
    private func seconds(until now: Timestamp) -> Int64 {
        startedAt.map { max(0, (now.nanoseconds - $0.nanoseconds) / 1_000_000_000) } ?? 0
    }

    func recordHealth(_ status: HealthReport.Status) throws(SystemCallError) {
        try append(JournalRecord(time: Clock.now(), id: id, event: .health(status)))
    }

    /// Tells whoever waits for events of a probe that begins, as Docker does of any exec. Its id; nil where nobody waits.
    func recordProbe(_ command: [String]) throws(SystemCallError) -> String? {
        let file = try FileDescriptor.open(journal, flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
        guard try RecordLock.isHeldElsewhere(byte: JournalRecord.listenersByte, of: file) else { return nil }
        let exec = RandomID.make()
        let now = Clock.now()
        try file.writeAll(
            ExecNote.start(command).flatMap { action in
                JournalRecord(time: now, id: id, event: .note(type: "container", action: action, attributes: ["execID": exec])).line
            })
        return exec
    }

    func recordProbeEnd(_ exec: String, exitCode: Int64) throws(SystemCallError) {
        let attributes = ["execID": exec, "exitCode": String(exitCode)]
        try append(
            JournalRecord(
                time: Clock.now(), id: id,
                event: .note(type: "container", action: ExecNote.end, attributes: attributes)))
    }

    /// The container that waited for its restart isn't started again.
    func recordStay() throws(SystemCallError) { try append(JournalRecord(time: Clock.now(), id: id, event: .stay)) }

    /// Adds what went wrong after the container's end to its state.
    func add(error: String) throws(SystemCallError) {
        guard var state = ended else { return }
        state.error = state.error.isEmpty ? error : "\(state.error); \(error)"
        try write(state)
    }

    /// In a new file, which takes the place of the old one when it is whole.
    private func write(_ state: ContainerState) throws(SystemCallError) {
        try FileDescriptor.replaceContents(of: path, with: state.json.bytes(), by: newPath)
    }

    /// One write to a file opened with O_APPEND: lines of other monitors come before or after it.
    private func append(_ record: JournalRecord) throws(SystemCallError) {
        let file = try FileDescriptor.open(journal, flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
        try file.writeAll(record.line)
    }
}
