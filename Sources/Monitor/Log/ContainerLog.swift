import Linux
import MonitorProtocol
import OCI

/// Both outputs of a container on their way into its log.
final class ContainerLog {
    private let sink: any LogSink
    private var stdout = LineSplitter()
    private var stderr = LineSplitter()

    /// Opens the files, or connects to who takes the records.
    ///
    /// - Parameter goesOn: Whether the container runs already: then who takes the records is looked for until it is there.
    init(_ destination: LogDestination, goesOn: Bool = false) throws(StartFailure) {
        switch destination {
        case .file(let file):
            sink = try explaining("open the log") { () throws(SystemCallError) in try RotatingLog(file) }
        case .socket(let socket): sink = goesOn ? SocketLog(reconnecting: socket) : try SocketLog(socket)
        }
    }

    /// Takes what was read at once; of files, whole lines are in them when this returns.
    func write(_ bytes: ArraySlice<UInt8>, of stream: LogStream, at time: Timestamp) {
        switch stream {
        case .stdout: stdout.append(bytes, at: time) { sink.append($0, of: .stdout, at: $1) }
        case .stderr: stderr.append(bytes, at: time) { sink.append($0, of: .stderr, at: $1) }
        }
        sink.flush()
    }

    /// The container has ended: the last lines need no end.
    func finish() {
        stdout.finish { sink.append($0, of: .stdout, at: $1) }
        stderr.finish { sink.append($0, of: .stderr, at: $1) }
        sink.finish()
    }

    var hasRoom: Bool { sink.hasRoom }
    func watch(_ queue: borrowing EventQueue) throws(SystemCallError) { try sink.watch(queue) }
    func serve() { sink.serve() }
    func wait() { sink.wait() }
    func close() { sink.close() }
    /// The pid of what compresses its files now.
    var compressor: CInt? { sink.child }
    /// What went wrong with it, in words; nil if nothing did.
    var failure: String? { sink.failure }
}
