import OCI

/// One record of a container's log.
public struct LogRecord: Sendable {
    public enum Stream: String, Sendable { case stdout, stderr }

    public let stream: Stream
    public let time: Timestamp
    /// As the container wrote it, mostly with its line end.
    public let bytes: [UInt8]
    /// What log options add to it: `name=value,…`, sorted.
    public let details: [UInt8]

    init(_ stream: Stream, _ time: Timestamp, _ bytes: [UInt8], details: [UInt8] = []) {
        self.stream = stream
        self.time = time
        self.bytes = bytes
        self.details = details
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
        since.map { record.time >= $0 } ?? true && !isPast(record)
    }

    /// Whether it is too late. A clock that is set back brings earlier ones after it.
    func isPast(_ record: LogRecord) -> Bool { until.map { record.time > $0 } ?? false }
}
