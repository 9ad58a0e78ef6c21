/// Why a container is not running, or not well.
public struct Diagnosis: Sendable {
    public var id: String
    public var name: String
    public var image: String
    /// `running`, `exited`, …
    public var status: String
    public var exitCode: Int64
    /// Nanoseconds since 1970; nil if it never did.
    public var started: Int64?
    /// Nil while it runs.
    public var finished: Int64?
    public var restarts: Int64
    /// The gravest first; empty for a container that runs and is well.
    public var findings: [Finding]
    /// The last records of its log.
    public var log: [LogRecord]
    /// Nil where it has not run for long enough.
    public var usage: RecentUsage?

    /// Whether nothing has to be done.
    public var isWell: Bool { findings.allSatisfy(\.isHarmless) }
}
