import Glibc
import Linux
import MonitorProtocol
import OCI

/// A log that somebody else keeps: systemd's journal, or syslog. Each record is a message.
///
/// A receiver that is slow has the container wait; or, with a bounded buffer, loses the newest records. One that is gone is
/// looked for again, at most once a second: what comes meanwhile is lost. Losses are told to it when it is back.
final class SocketLog: LogSink {
    private let address: LogAddress
    private let bufferSize: Int64?
    private let unreachable: String
    private var connection: FileDescriptor?
    /// It is being made, and writable once it is there or can't be.
    private var isConnecting = false
    /// It has not taken what it was sent last, and is writable when it takes more.
    private var isBlocked = false
    private var isWatched = false
    private var queue: MessageQueue
    private var nextAttempt: UInt64 = 0
    private var losses = LogLosses()

    private static let pause: UInt64 = 1_000_000_000
    private static let longPause: UInt64 = 30_000_000_000
    private static let patienceMilliseconds: CInt = 2_000
    private static let connectMilliseconds: CInt = 10_000

    /// It connects with the first record, and while that fails looks for the receiver again.
    init(reconnecting settings: LogDestination.LogSocket) {
        address = settings.address
        bufferSize = settings.bufferSize
        unreachable = "no connection to \(settings.address)"
        queue = MessageQueue(LogMessageEncoder(settings.kind))
    }

    /// - Throws: Where nobody takes records.
    convenience init(_ settings: LogDestination.LogSocket) throws(StartFailure) {
        self.init(reconnecting: settings)
        do throws(SystemCallError) {
            try connect()
            if isConnecting { try waitUntilConnected() }
        } catch {
            if case .journal = settings.kind {
                throw StartFailure(
                    .invalid, "failed to initialize logging driver: journald is not enabled on this host (\(error))")
            }
            throw StartFailure(.invalid, "failed to initialize logging driver: dial \(address): \(error.errno)")
        }
    }

    func append(_ text: ArraySlice<UInt8>, of stream: LogStream, at time: Timestamp) {
        var rest = text
        while !rest.isEmpty {
            let record = rest[..<rest.endOfLine]
            append(record: record, of: stream, at: time)
            rest = rest[record.endIndex...]
        }
    }

    private func append(record piece: ArraySlice<UInt8>, of stream: LogStream, at time: Timestamp) {
        guard reconnectIfLost() else {
            losses.note(1, because: unreachable)
            return
        }
        tellLosses()
        // As in Docker, one that is larger than the whole buffer goes alone.
        if isFull(piece.count) { flush() }
        if isFull(piece.count) {
            losses.note(1, because: "the buffer was full")
        } else {
            queue.append(piece, of: stream, at: time)
        }
    }

    private func isFull(_ more: Int) -> Bool {
        bufferSize.map { !queue.isEmpty && Int64(queue.byteCount + more) > $0 } ?? false
    }

    private func tellLosses() {
        guard losses.untold > 0, hasSpace, let line = losses.tell() else { return }
        queue.append(line.text[...], of: .stderr, at: Clock.now())
    }

    /// Whether the buffer is at most half full.
    private var hasSpace: Bool { bufferSize.map { Int64(queue.byteCount) <= $0 / 2 } ?? queue.isEmpty }

    func flush() {
        guard !isConnecting, !isBlocked else { return }
        var retries = 1
        while let message = queue.next() {
            guard connection != nil else { return }
            do throws(SystemCallError) {
                queue.advance(by: try send(message), isStream: address.isStream)
                retries = 1
            } catch {
                isBlocked = error.errno == .wouldBlock
                if isBlocked { return }
                if error.errno.rawValue == EMSGSIZE {
                    queue.removeFirst()
                    losses.note(1, because: "\(error.errno)")
                } else if retries > 0, recover(from: error) {
                    retries -= 1
                    if isConnecting { return }
                } else {
                    lose("\(error.errno)")
                    return
                }
            }
        }
    }

    private func send(_ message: ArraySlice<UInt8>) throws(SystemCallError) -> Int {
        switch connection {
        case .some(let connection): try connection.send(message)
        case .none: throw SystemCallError("send", on: address.description, Errno(rawValue: ENOTCONN))
        }
    }

    // MARK: The connection

    private func connect() throws(SystemCallError) {
        nextAttempt = Timings.monotonicNanoseconds() &+ Self.pause
        let new = try LogConnection.open(address)
        isConnecting = address.transport == .tcp
        (isWatched, isBlocked) = (false, false)
        connection = consume new
    }

    private func waitUntilConnected() throws(SystemCallError) {
        var entries = [PollEntry(number, .writable)]
        guard try PollEntry.wait(&entries, timeoutMilliseconds: Self.connectMilliseconds) > 0 else {
            throw SystemCallError("connect", on: address.description, Errno(rawValue: ETIMEDOUT))
        }
        try finishConnecting()
    }

    private func finishConnecting() throws(SystemCallError) {
        isConnecting = false
        switch connection {
        case .some(let connection): try connection.checkConnected(address.description)
        case .none: break
        }
    }

    /// A receiver that was started anew is found again; an error that is told of an earlier datagram is over.
    private func recover(from error: SystemCallError) -> Bool {
        if address.transport == .udp, error.errno == .connectionRefused { return true }
        do throws(SystemCallError) { try connect() } catch { return false }
        // Half of a message that the old one has is no message for the new one.
        queue.restartFirst()
        return true
    }

    private func reconnectIfLost() -> Bool {
        guard connection == nil else { return true }
        guard Timings.monotonicNanoseconds() >= nextAttempt else { return false }
        do throws(SystemCallError) { try connect() } catch { return false }
        return true
    }

    private func lose(_ reason: String) {
        losses.note(queue.count, because: reason)
        queue.removeAll()
        connection = nil
        (isConnecting, isWatched, isBlocked) = (false, false, false)
    }

    private var number: CInt {
        switch connection {
        case .some(let connection): connection.number
        case .none: -1
        }
    }

    // MARK: Waiting

    var hasRoom: Bool { bufferSize != nil || queue.isEmpty }
    var child: CInt? { nil }

    func watch(_ events: borrowing EventQueue) throws(SystemCallError) {
        let isWaiting = number >= 0 && (isConnecting || !queue.isEmpty)
        guard isWaiting != isWatched else { return }
        if isWaiting {
            try events.add(number: number, .writable, token: Monitor.Token.logSocket)
        } else if number >= 0 {
            try events.remove(number: number)
        }
        isWatched = isWaiting
    }

    func serve() {
        isBlocked = false
        if isConnecting {
            do throws(SystemCallError) { try finishConnecting() } catch { return lose("\(error.errno)") }
        }
        flush()
    }

    func wait() {
        if !queue.isEmpty { finish() }
    }

    func finish() {
        while !queue.isEmpty || isConnecting {
            var entries = [PollEntry(number, .writable)]
            guard let ready = try? PollEntry.wait(&entries, timeoutMilliseconds: Self.patienceMilliseconds), ready > 0
            else {
                lose("the receiver takes nothing")
                // Else each of the last reads of a container's output would wait as long.
                nextAttempt = Timings.monotonicNanoseconds() &+ Self.longPause
                return
            }
            serve()
        }
    }

    func close() {}

    var failure: String? { losses.failure }
}

/// Records that wait, packed; the first of them is a message already, and maybe sent in part.
private struct MessageQueue {
    private var encoder: LogMessageEncoder
    private var records: [UInt8] = []
    private var head = 0
    private var message: [UInt8] = []
    private var sent = 0

    init(_ encoder: LogMessageEncoder) { self.encoder = encoder }

    var isEmpty: Bool { head == records.count }
    var byteCount: Int { records.count - head }

    var count: Int { LocalLogRecord.count(in: records[head...]) }

    mutating func append(_ piece: ArraySlice<UInt8>, of stream: LogStream, at time: Timestamp) {
        LocalLogRecord.append(piece, isError: stream == .stderr, time: time, details: [], to: &records)
    }

    /// What is to be sent next; nil for nothing.
    mutating func next() -> ArraySlice<UInt8>? {
        if message.isEmpty {
            guard let record = LocalLogRecord(records[head...]) else { return nil }
            message = encoder.message(record.text, of: record.isError ? .stderr : .stdout, at: record.time)
        }
        return message[sent...]
    }

    /// - Parameter isStream: Whether a message may be taken in part.
    mutating func advance(by count: Int, isStream: Bool) {
        sent += count
        if !isStream || sent >= message.count { removeFirst() }
    }

    mutating func removeFirst() {
        head += LocalLogRecord.length(at: head, in: records[...]).map(LocalLogRecord.size) ?? 0
        restartFirst()
        message = []
        if head == records.count { removeAll() } else if head >= 64 << 10 { compact() }
    }

    private mutating func compact() {
        records.removeFirst(head)
        head = 0
    }

    mutating func restartFirst() { sent = 0 }

    mutating func removeAll() {
        records.removeAll(keepingCapacity: records.capacity <= 64 << 10)
        message = []
        (head, sent) = (0, 0)
    }
}
