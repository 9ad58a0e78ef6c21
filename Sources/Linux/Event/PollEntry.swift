import Glibc

/// One descriptor to wait for with poll(2), which also takes regular files, always ready, where epoll refuses them.
public struct PollEntry: Sendable {
    public struct Interest: OptionSet, Sendable {
        public let rawValue: Int16
        public init(rawValue: Int16) { self.rawValue = rawValue }

        public static let readable = Interest(rawValue: Int16(POLLIN))
        public static let writable = Interest(rawValue: Int16(POLLOUT))
        public static let hangUp = Interest(rawValue: Int16(POLLHUP))
        public static let failed = Interest(rawValue: Int16(POLLERR | POLLNVAL))
    }

    /// A negative number is skipped.
    public var number: CInt
    public var interest: Interest
    /// What is there, after ``wait(_:timeoutMilliseconds:)``; hang-up and failure are told unasked.
    public internal(set) var ready: Interest = []

    public init(_ number: CInt, _ interest: Interest) {
        self.number = number
        self.interest = interest
    }

    /// Waits until something is ready for one of `entries`, and notes it there. Returns for how many; 0 after the time.
    /// A signal's handler does not end the wait, but the time starts anew.
    @discardableResult
    public static func wait(
        _ entries: inout [PollEntry], timeoutMilliseconds: CInt? = nil
    ) throws(SystemCallError) -> Int {
        var polled = entries.map { pollfd(fd: $0.number, events: $0.interest.rawValue, revents: 0) }
        let count = try retryingErrno("poll", on: "\(polled.count) descriptors") {
            poll(&polled, nfds_t(polled.count), timeoutMilliseconds ?? -1)
        }
        for index in entries.indices { entries[index].ready = Interest(rawValue: polled[index].revents) }
        return Int(count)
    }
}
