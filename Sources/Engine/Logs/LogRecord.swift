import OCI

/// One record of a container's log, in Docker's json-file format.
public struct LogRecord: Sendable {
    public enum Stream: String, Sendable { case stdout, stderr }

    public let stream: Stream
    public let time: Timestamp
    /// As the container wrote it, mostly with its line end.
    public let bytes: [UInt8]

    /// Nil for a line that is no record: a torn one after a crash, or one that a person added.
    init?(line: [UInt8]) {
        guard let json = try? JSON(parsing: line), let text = json["log"]?.string,
            let time = json["time"]?.string.flatMap(Timestamp.init(parsing:))
        else { return nil }
        stream = json["stream"]?.string == "stderr" ? .stderr : .stdout
        self.time = time
        // Hako's own addition: what is not UTF-8 is in `log` only in part.
        bytes = json["raw"]?.string.flatMap { Base64.decode($0) } ?? Array(text.utf8)
    }
}

/// Which records of a log are wanted.
public struct LogQuery: Sendable {
    /// The last so many records; nil for all.
    public var tail: Int?
    public var since: Timestamp?
    public var until: Timestamp?
    /// Whether to go on while the container runs.
    public var follows = false

    public init() {}

    func takes(_ record: LogRecord) -> Bool {
        since.map { record.time >= $0 } ?? true && until.map { record.time <= $0 } ?? true
    }
}
