import Linux
import MonitorProtocol
import OCI

/// Both outputs of a container on their way into its log.
final class ContainerLog {
    private let log: RotatingLog
    private var stdout = LineSplitter()
    private var stderr = LineSplitter()

    init(_ settings: MonitorSettings.LogFile) throws(SystemCallError) { log = try RotatingLog(settings) }

    /// Takes what was read at once; whole lines are in the file when this returns.
    func write(_ bytes: ArraySlice<UInt8>, of stream: LogStream, at time: Timestamp) {
        switch stream {
        case .stdout: stdout.append(bytes, at: time) { log.append($0, of: .stdout, at: $1) }
        case .stderr: stderr.append(bytes, at: time) { log.append($0, of: .stderr, at: $1) }
        }
        log.flush()
    }

    /// The container has ended: the last lines need no end.
    func finish() {
        stdout.finish { log.append($0, of: .stdout, at: $1) }
        stderr.finish { log.append($0, of: .stderr, at: $1) }
        log.flush()
    }

    /// What went wrong with it, in words; nil if nothing did.
    var failure: String? {
        guard let errno = log.lastFailure else { return nil }
        return log.losses > 0 ? "\(log.losses) log records were lost: \(errno)" : "the log could not be rotated: \(errno)"
    }
}
