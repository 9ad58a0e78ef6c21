import Glibc
import Linux
import Metadata
import MonitorProtocol
import OCI
import RuntimeClient

// What monitors know becomes what the database knows: folded in from the journal by whoever opens the store next.
extension Engine {
    var runtimePaths: RuntimePaths { RuntimePaths(root: paths.root, runRoot: paths.runRoot) }

    /// Takes over what monitors appended to the journal since the last time. Two processes may do it at once: the position
    /// moves in the same transaction, and the slower one finds nothing left to do.
    ///
    /// - Parameter deletion: Of a container that has ended, in the same transaction.
    func foldJournal(deleting deletion: ContainerDeletion? = nil) throws(EngineError) {
        let boot = try bootID()
        while true {
            let position = try onDatabase("read the journal's position") { database throws(MetadataError) in
                try database.journalPosition()
            }
            if let position, position.bootID != boot { try settleAfterReboot() }
            let start = position?.bootID == boot ? position?.offset ?? 0 : 0
            guard let batch = try journal(from: start, isKnown: position?.bootID == boot) else {
                if let deletion { try deleteRow(deletion) }
                return
            }
            let changes = batch.records.filter { $0.id != deletion?.id }.compactMap(ContainerChange.init)
            let events = batch.records.flatMap(\.storedEvents)
            let next = JournalPosition(bootID: boot, offset: batch.nextOffset)
            let isFolded = try onDatabase("take over the journal") { database throws(MetadataError) in
                try database.foldJournal(
                    from: position, to: next, changes: changes, events: events, deleting: batch.hasMore ? nil : deletion)
            }
            if isFolded { giveBackJournal(from: start, to: batch.nextOffset) }
            guard isFolded, !batch.hasMore else { continue }
            if let deletion { ObjectLog.removed("container \(deletion.id), with its id range") }
            return
        }
    }

    /// What is taken over is of no more use, and lies in memory: it goes, a mebibyte at a time. Offsets stay as they are. Whoever
    /// reads there just now has lost the race for it, and begins anew.
    private func giveBackJournal(from start: Int64, to end: Int64) {
        let unit = Int64(1) << 20
        guard start / unit != end / unit else { return }
        // Failing, it only stays longer.
        _ = try? FileDescriptor.open(runtimePaths.journal, flags: O_WRONLY).punchHole(before: end / unit * unit)
    }

    /// What the journal has from there on; nil if that is nothing.
    ///
    /// - Parameter isKnown: Whether this boot's journal was read before.
    private func journal(from start: Int64, isKnown: Bool) throws(EngineError) -> JournalReader.Batch? {
        do throws(RuntimeClientError) {
            let reader = JournalReader(path: runtimePaths.journal)
            if isKnown, try reader.length() == start { return nil }
            return try reader.read(from: start)
        } catch { throw EngineError(.system, cannot: "read the journal", because: "\(error)", cause: error) }
    }

    /// A container that runs in another boot doesn't run.
    private func bootID() throws(EngineError) -> String {
        do throws(SystemCallError) {
            return try BootID.current()
        } catch { throw EngineError(.system, cannot: "tell this boot from others", because: "\(error)", cause: error) }
    }

    /// After a reboot the journal is gone and nothing runs: what each container came to stands in its `state.json`.
    private func settleAfterReboot() throws(EngineError) {
        let records = try onDatabase("list the containers") { database throws(MetadataError) in try database.containers() }
        var states: [(id: String, state: Metadata.ContainerState)] = []
        for record in records where record.state.isUp || wasStarted(record) {
            states.append((record.id, settled(record)))
        }
        try onDatabase("settle the containers") { database throws(MetadataError) in try database.setStates(states) }
    }

    /// Whether a container was started and nobody has read so before the reboot: a start writes its account files, nobody else
    /// does. One whose start failed is what it was, with the reason.
    private func wasStarted(_ record: ContainerRecord) -> Bool {
        guard record.state.status == .created, record.state.error.isEmpty else { return false }
        let directory = runtimePaths.directory(record.id)
        return ContainerDirectory.accountFiles.contains { access("\(directory)/\($0)", F_OK) == 0 }
    }

    /// What is known of a container that the database takes for running and that no monitor watches.
    func settled(_ record: ContainerRecord) -> Metadata.ContainerState {
        var state = record.state
        (state.status, state.pid) = (.exited, 0)
        // A file that can't be read is no better than none.
        if let file = try? MonitorProtocol.ContainerState.read(directory: runtimePaths.directory(record.id)) {
            state.exitCode = Int64(file.exitCode)
            state.started = file.startedAt?.nanoseconds ?? state.started ?? record.created
            state.finished = file.finishedAt.nanoseconds
            state.oomKilled = file.oomKilled
        } else {
            state.exitCode = 255
            state.finished = RealTime.now
            state.started = state.started ?? record.created
            state.error = "how it ended is unknown: nobody was watching"
        }
        return state
    }

    /// Runs a step of the runtime's client; its facts become an error in words.
    func calling<Result: ~Copyable>(
        _ action: @autoclosure () -> String, _ body: () throws(RuntimeClientError) -> Result
    ) throws(EngineError) -> Result {
        do throws(RuntimeClientError) {
            return try body()
        } catch { throw EngineError(error, cannot: action()) }
    }
}

extension EngineError {
    init(_ error: RuntimeClientError, cannot action: String) {
        guard case .start(let failure) = error else {
            self.init(.system, cannot: action, because: "\(error)", cause: error)
            return
        }
        let kind: Kind =
            switch failure.kind {
            case .notFound: .commandNotFound
            case .notExecutable: .commandNotExecutable
            case .invalid: .invalidArgument
            case .system: .system
            }
        self.init(kind, cannot: action, because: failure.message, cause: error)
    }
}
