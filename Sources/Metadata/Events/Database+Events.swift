import OCI
import SQLite

/// Something that happened, as `events` tells it.
public struct Event: Hashable, Sendable {
    /// Nanoseconds since 1970.
    public var time: Int64
    /// `container`, `image`, `network`, `volume`.
    public var type: String
    /// `start`, `die`, `pull`.
    public var action: String
    /// The id of what it happened to.
    public var actor: String
    /// A JSON object of strings.
    public var attributes: String

    public init(time: Int64, type: String, action: String, actor: String, attributes: String = "{}") {
        self.time = time
        self.type = type
        self.action = action
        self.actor = actor
        self.attributes = attributes
    }
}

/// An event in its place among the others.
public struct NumberedEvent: Hashable, Sendable {
    public let number: Int64
    public let event: Event
}

extension Database {
    /// How many events are kept, at least: older ones go now and then.
    public static let eventsKept: Int64 = 1000

    public func record(_ events: [Event]) throws(MetadataError) {
        try write { session throws(MetadataError) in try session.record(events) }
    }

    /// The events that were recorded after another, by its number, in their order; all that are kept after 0.
    public func events(after number: Int64) throws(MetadataError) -> [NumberedEvent] {
        try read { session throws(MetadataError) in try session.events(after: number) }
    }

    /// The same, once nobody is writing. Who is told of a write to the log (inotify) is told before readers see what was written:
    /// the log's index is changed after it, and nobody tells of that. <https://sqlite.org/walformat.html>
    ///
    /// - Throws: ``MetadataError/isBusy`` where somebody writes for longer than the busy timeout.
    public func settledEvents(after number: Int64) throws(MetadataError) -> [NumberedEvent] {
        // A transaction that changes nothing writes nothing.
        try write { session throws(MetadataError) in try session.events(after: number) }
    }

    /// The events from `time` on (nanoseconds since 1970), in the order in which they were recorded.
    public func events(since time: Int64 = 0) throws(MetadataError) -> [Event] {
        try read { session throws(MetadataError) in
            try session.all(
                "SELECT time, type, action, actor, attributes FROM events WHERE time>=? ORDER BY number",
                [.integer(time)]
            ) { row in
                Event(
                    time: row.integer(0), type: row.text(1), action: row.text(2), actor: row.text(3),
                    attributes: row.text(4))
            }
        }
    }

    public func setting(_ key: String) throws(MetadataError) -> String? {
        try read { session throws(MetadataError) in try session.setting(key) }
    }

    /// Nil removes it.
    public func set(_ key: String, to value: String?) throws(MetadataError) {
        try write { session throws(MetadataError) in try session.set(key, to: value) }
    }
}

extension Session {
    fileprivate func events(after number: Int64) throws(MetadataError) -> [NumberedEvent] {
        try all(
            "SELECT number, time, type, action, actor, attributes FROM events WHERE number>? ORDER BY number", [.integer(number)]
        ) { row in
            NumberedEvent(
                number: row.integer(0),
                event: Event(
                    time: row.integer(1), type: row.text(2), action: row.text(3), actor: row.text(4), attributes: row.text(5)))
        }
    }

    /// - Parameter known: The descriptions of containers that the caller has looked up.
    func record(_ events: [Event], known: [String: ContainerDescription] = [:]) throws(MetadataError) {
        guard !events.isEmpty else { return }
        var known = known
        var count: Int64 = 0
        for event in events {
            count += 1
            guard event.type == "container" else {
                try insert(event, event.attributes)
                continue
            }
            if known[event.actor] == nil { known[event.actor] = try description(of: event.actor) }
            let description = known[event.actor]
            for companion in try companions(of: event, description) {
                try insert(companion, companion.attributes)
                count += 1
            }
            try insert(event, description?.attributes(with: event) ?? event.attributes)
        }
        // A hundred at a time, so that few writers pay for it.
        let last = connection.lastInsertedRowID
        guard last % 100 < count else { return }
        try run("DELETE FROM events WHERE number<=?", [.integer(last - Database.eventsKept)])
    }

    private func insert(_ event: Event, _ attributes: String) throws(MetadataError) {
        try run(
            "INSERT INTO events(time, type, action, actor, attributes) VALUES(?, ?, ?, ?, ?)",
            [.integer(event.time), .text(event.type), .text(event.action), .text(event.actor), .text(attributes)])
    }

    func setting(_ key: String) throws(MetadataError) -> String? {
        try first("SELECT value FROM settings WHERE key=?", [.text(key)]) { $0.text(0) }
    }

    func set(_ key: String, to value: String?) throws(MetadataError) {
        guard let value else {
            try run("DELETE FROM settings WHERE key=?", [.text(key)])
            return
        }
        try run("INSERT OR REPLACE INTO settings(key, value) VALUES(?, ?)", [.text(key), .text(value)])
    }
}
