import Glibc
import Linux
import MonitorProtocol
import OCI

/// Writes down what becomes of the container: `state.json`, and a line in the journal.
struct StateRecorder {
    private let path: String
    private let journal: String
    private let id: String
    private let bootID: String
    private var startedAt: Timestamp?
    private var ended: ContainerState?

    init(_ settings: MonitorSettings) {
        path = settings.directory + "/state.json"
        journal = settings.journal
        id = settings.id
        // Without it a reader takes the state for one of another boot, and looks at the lock.
        let text = (try? FileDescriptor.contents(of: "/proc/sys/kernel/random/boot_id", limit: 4096)) ?? []
        bootID = String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    mutating func recordStart(pid: Int32) throws(SystemCallError) {
        let now = Clock.now()
        startedAt = now
        try write(ContainerState(status: .running, pid: pid, startedAt: now, bootID: bootID))
        try append(JournalRecord(time: now, id: id, event: .start(pid: pid)))
    }

    mutating func recordExit(_ exit: ContainerExit, error: String) throws(SystemCallError) {
        let now = Clock.now()
        let state = ContainerState(
            status: .exited, startedAt: startedAt, finishedAt: now, exitCode: exit.exitCode,
            oomKilled: exit.oomKilled, error: error, bootID: bootID)
        ended = state
        // Where the disk is full the journal, which lies in memory, still takes the end: without it the container would
        // seem to run for as long as we clean up.
        let written = Result { () throws(SystemCallError) in try write(state) }
        try append(JournalRecord(time: now, id: id, event: .die(exit)))
        try written.get()
    }

    /// Adds what went wrong after the container's end to its state.
    func add(error: String) throws(SystemCallError) {
        guard var state = ended else { return }
        state.error = state.error.isEmpty ? error : "\(state.error); \(error)"
        try write(state)
    }

    private func write(_ state: ContainerState) throws(SystemCallError) {
        try FileDescriptor.replaceContents(of: path, with: state.json.bytes())
    }

    /// One write to a file opened with O_APPEND: lines of other monitors come before or after it.
    private func append(_ record: JournalRecord) throws(SystemCallError) {
        let file = try FileDescriptor.open(journal, flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
        try file.writeAll(record.line)
    }
}
