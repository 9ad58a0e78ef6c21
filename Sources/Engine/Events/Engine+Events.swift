import Glibc
import Linux
import Metadata
import MonitorProtocol
import OCI

/// Which events are wanted.
public struct EventQuery: Sendable {
    /// Nanoseconds since 1970. Without a beginning, only what happens from now on.
    public var since: Int64?
    /// Without an end, whatever comes.
    public var until: Int64?

    public init() {}
}

extension Engine {
    /// Notes something that was done, for ``events(_:_:)``. Cheap: a line of the journal, which the next one to open the store
    /// takes over. Where it can't be written, what was done is done all the same.
    func note(_ action: String, of actor: String, type: String = "container", _ attributes: [String: String] = [:]) {
        note([.note(type: type, action: action, attributes: attributes)], of: actor)
    }

    /// Several of one actor, with one write.
    func note(_ events: [JournalRecord.Event], of actor: String) {
        let now = Timestamp(nanoseconds: RealTime.now)
        write(events.flatMap { JournalRecord(time: now, id: actor, event: $0).line })
    }

    /// Adds lines to the journal; those that can't be written are left out.
    func write(_ lines: [UInt8]) {
        guard !lines.isEmpty else { return }
        do throws(SystemCallError) {
            if !isJournalOpen {
                journal = try FileDescriptor.open(
                    runtimePaths.journal, flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
            }
            try journal?.writeAll(lines)
        } catch { return }
    }

    private var isJournalOpen: Bool {
        switch journal {
        case .some: true
        case .none: false
        }
    }

    /// Held by who waits for events: monitors tell of their probes only then.
    private func listening() throws(EngineError) -> FileDescriptor {
        try watchingJournal { () throws(SystemCallError) in
            let file = try FileDescriptor.open(runtimePaths.journal, flags: O_RDWR | O_CREAT | O_APPEND, mode: 0o600)
            try RecordLock.acquireShared(byte: JournalRecord.listenersByte, of: file)
            return file
        }
    }

    /// Hands on the events of a time, in their order, until its end or `body` returns false.
    public func events(_ query: EventQuery, _ body: (Metadata.Event) -> Bool) throws(EngineError) {
        let began = RealTime.now
        let listener = try listening()
        defer { withExtendedLifetime(listener) {} }
        // Watched before anything is looked at: nothing falls between.
        let watch = try watchingJournal { () throws(SystemCallError) in try DirectoryWatch(paths.runRoot) }
        let store = try watchingJournal { () throws(SystemCallError) in try DirectoryWatch(paths.root) }
        var last: Int64 = 0
        while true {
            try watchingJournal { () throws(SystemCallError) in
                try watch.clear()
                try store.clear()
            }
            try foldJournal()
            let (found, isSettled) = try newEvents(after: last)
            for event in found.map(\.event) {
                guard event.time >= query.since ?? began else { continue }
                if let until = query.until, event.time > until { return }
                if !body(event) { return }
            }
            last = found.last?.number ?? last
            guard try waits(query, isSettled ? nil : 1000, watch.number, store.number) else { return }
        }
    }

    /// - Returns: `isSettled` is false where somebody stands still while writing, whose events nobody would tell of.
    private func newEvents(after last: Int64) throws(EngineError) -> (events: [NumberedEvent], isSettled: Bool) {
        try onDatabase("read the events") { database throws(MetadataError) in
            do throws(MetadataError) { return (try database.settledEvents(after: last), true) } catch {
                guard error.isBusy else { throw error }
                return (try database.events(after: last), false)
            }
        }
    }

    /// Until something has changed, or so many milliseconds are over; false when the time is over that was asked for.
    private func waits(_ query: EventQuery, _ limit: CInt?, _ numbers: CInt...) throws(EngineError) -> Bool {
        var rest = limit
        if let until = query.until {
            let milliseconds = (until - RealTime.now) / 1_000_000
            guard milliseconds >= 0 else { return false }
            rest = min(limit ?? .max, CInt(clamping: milliseconds + 1))
        }
        var entries = numbers.map { PollEntry($0, .readable) }
        try watchingJournal { () throws(SystemCallError) in _ = try PollEntry.wait(&entries, timeoutMilliseconds: rest) }
        return true
    }

    private func watchingJournal<Result: ~Copyable>(
        _ body: () throws(SystemCallError) -> Result
    ) throws(EngineError) -> Result {
        do throws(SystemCallError) { return try body() } catch {
            throw EngineError(.system, cannot: "wait for events", because: "\(error)", cause: error)
        }
    }
}
