import SQLite

/// How far the monitors' journal has been taken over.
public struct JournalPosition: Hashable, Sendable {
    /// Tells one journal from the next, which begins at 0 again: after a reboot the run directory is empty.
    public var bootID: String
    /// In bytes.
    public var offset: Int64

    public init(bootID: String, offset: Int64) {
        self.bootID = bootID
        self.offset = offset
    }
}

/// What a monitor wrote of its container.
public struct ContainerChange: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case started(pid: Int64, restarts: Int64 = 0)
        /// - Parameters:
        ///   - isRestarting: Whether it is started again in a moment.
        ///   - error: Why that is not known; empty where it is.
        case died(exitCode: Int64, oomKilled: Bool, isRestarting: Bool = false, error: String = "")
        /// It isn't started again after all.
        case stayed
        /// Its health check has found that.
        case checked(health: String)
    }

    public var id: String
    /// Nanoseconds since 1970.
    public var time: Int64
    public var kind: Kind

    public init(id: String, time: Int64, kind: Kind) {
        self.id = id
        self.time = time
        self.kind = kind
    }
}

extension Database {
    /// Nil before the first journal.
    public func journalPosition() throws(MetadataError) -> JournalPosition? {
        try read { session throws(MetadataError) in try session.journalPosition() }
    }

    /// Takes over what stands in the journal between two positions, in one transaction.
    ///
    /// - Parameter from: Where the caller began to read, as ``journalPosition()`` said.
    /// - Parameter deleting: A container that goes at the same time.
    /// - Returns: False, and nothing happened, if another process was faster: ask for the position again.
    @discardableResult
    public func foldJournal(
        from: JournalPosition?, to: JournalPosition, changes: [ContainerChange], events: [Event] = [],
        deleting: ContainerDeletion? = nil
    ) throws(MetadataError) -> Bool {
        // On a full disk, too: before anything is listed or removed, what has ended must be known.
        try writeFreeing { session throws(MetadataError) in
            guard try session.journalPosition() == from else { return false }
            for change in changes { try session.apply(change) }
            if let deleting {
                try session.delete(deleting, after: events)
            } else {
                try session.record(events)
            }
            try session.set(to)
            return true
        }
    }

    /// Compiles and reads what ``foldJournal(from:to:changes:events:deleting:)`` will need to delete a container: for who
    /// has nothing else to do, and will be waited for then. Nothing changes.
    public func prepareDeletion(of id: String) throws(MetadataError) {
        try read { session throws(MetadataError) in
            try session.connection.rehearse { () throws(MetadataError) in
                _ = try session.journalPosition()
                let end = Event(time: 0, type: "container", action: "die", actor: id)
                try session.delete(ContainerDeletion(id: id, time: 0), after: [end])
                try session.set(JournalPosition(bootID: "", offset: 0))
            }
        }
    }
}

extension Session {
    fileprivate func journalPosition() throws(MetadataError) -> JournalPosition? {
        guard let boot = try setting("journal.bootID"), let digits = try setting("journal.offset") else { return nil }
        guard let offset = Int64(digits) else { throw .malformed(column: "settings journal.offset", value: digits) }
        return JournalPosition(bootID: boot, offset: offset)
    }

    fileprivate func set(_ position: JournalPosition) throws(MetadataError) {
        try set("journal.bootID", to: position.bootID)
        try set("journal.offset", to: String(position.offset))
    }

    /// A container that is gone, or going, stays so.
    fileprivate func apply(_ change: ContainerChange) throws(MetadataError) {
        switch change.kind {
        case .started(let pid, let restarts):
            try run(
                """
                UPDATE containers SET status='running', pid=?, started=?, restarts=?, exitCode=0, oomKilled=0, error=''
                WHERE id=? AND status NOT IN ('removing', 'dead')
                """, [.integer(pid), .integer(change.time), .integer(restarts), .text(change.id)])
        case .died(let exitCode, let oomKilled, let isRestarting, let error):
            try run(
                """
                UPDATE containers SET status=?, pid=0, finished=?, exitCode=?, oomKilled=?, health=iif(health='', '', 'unhealthy'),
                error=iif(?='', error, ?) WHERE id=? AND status NOT IN ('removing', 'dead')
                """,
                [
                    .text(isRestarting ? "restarting" : "exited"), .integer(change.time), .integer(exitCode), Value(oomKilled),
                    .text(error), .text(error), .text(change.id),
                ])
        case .checked(let health):
            try run("UPDATE containers SET health=? WHERE id=?", [.text(health), .text(change.id)])
        case .stayed:
            try run("UPDATE containers SET status='exited' WHERE id=? AND status='restarting'", [.text(change.id)])
        }
    }
}
