import Linux
import OCI

/// Where records end up.
protocol LogSink: AnyObject {
    /// Adds output: whole lines, each a record, or a piece of one.
    func append(_ text: ArraySlice<UInt8>, of stream: LogStream, at time: Timestamp)
    /// Brings on its way what was added.
    func flush()
    /// Whether more of the container's output may come; where not, it waits, and the container with it once its FIFOs are full.
    var hasRoom: Bool { get }
    /// Tells the queue what it waits for now.
    func watch(_ queue: borrowing EventQueue) throws(SystemCallError)
    /// Something that it waited for is there.
    func serve()
    /// Waits for room, for a time.
    func wait()
    /// The container has ended, for now: what was added is to be where it belongs.
    func finish()
    /// The monitor ends: nothing of it is to stay.
    func close()
    /// A child of the monitor's that it waits for.
    var child: CInt? { get }
    /// What went wrong with it, in words; nil if nothing did.
    var failure: String? { get }
}

/// Records that were lost.
struct LogLosses {
    private(set) var count = 0
    /// Of ``count``, those that nobody was told of yet.
    private(set) var untold = 0
    private(set) var reason = ""

    mutating func note(_ more: Int, because reason: String) {
        guard more > 0 else { return }
        count += more
        untold += more
        self.reason = reason
    }

    /// A line that tells of them, to be taken back by ``untell(_:)`` where it is lost too; nil if there is nothing to tell.
    mutating func tell() -> (text: [UInt8], count: Int)? {
        guard untold > 0 else { return nil }
        defer { untold = 0 }
        return (Array("[hako: \(untold) log records were lost: \(reason)]\n".utf8), untold)
    }

    mutating func untell(_ count: Int) { untold += count }

    var failure: String? { count > 0 ? "\(count) log records were lost: \(reason)" : nil }
}
