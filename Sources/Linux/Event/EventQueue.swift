import CLinux
import Glibc

/// Waits for many descriptors at once. epoll(7), level-triggered.
public struct EventQueue: ~Copyable {
    public struct Interest: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let readable = Interest(rawValue: EPOLLIN.rawValue)
        public static let writable = Interest(rawValue: EPOLLOUT.rawValue)
        /// The other end is gone. Always told, whether asked for or not.
        public static let hangUp = Interest(rawValue: EPOLLHUP.rawValue)
        /// The other end won't send any more; it may still receive. Told only if asked for.
        public static let peerClosed = Interest(rawValue: EPOLLRDHUP.rawValue)
        /// Always told, whether asked for or not.
        public static let failed = Interest(rawValue: EPOLLERR.rawValue)
    }

    public struct Event: Sendable {
        /// What the descriptor was added with.
        public let token: UInt64
        public let ready: Interest
    }

    private let queue: FileDescriptor

    public init() throws(SystemCallError) {
        queue = FileDescriptor(adopting: try retryingInterrupts("epoll_create1", on: "a queue") { hako_epoll_create() })
    }

    /// Starts to watch a descriptor; it leaves the queue when its last duplicate is closed.
    ///
    /// - Throws: `EPERM` for what can't be waited for: regular files and directories.
    public borrowing func add(
        _ descriptor: borrowing FileDescriptor, _ interest: Interest, token: UInt64
    ) throws(SystemCallError) {
        try control(EPOLL_CTL_ADD, descriptor.number, interest, token)
    }

    /// The same by number, for a descriptor that is held in an optional; -1 is an error.
    public borrowing func add(number: CInt, _ interest: Interest, token: UInt64) throws(SystemCallError) {
        try control(EPOLL_CTL_ADD, number, interest, token)
    }

    public borrowing func remove(number: CInt) throws(SystemCallError) { try control(EPOLL_CTL_DEL, number, [], 0) }

    /// Changes what a watched descriptor is watched for.
    public borrowing func change(
        _ descriptor: borrowing FileDescriptor, _ interest: Interest, token: UInt64
    ) throws(SystemCallError) {
        try control(EPOLL_CTL_MOD, descriptor.number, interest, token)
    }

    public borrowing func remove(_ descriptor: borrowing FileDescriptor) throws(SystemCallError) {
        try control(EPOLL_CTL_DEL, descriptor.number, [], 0)
    }

    private borrowing func control(
        _ operation: CInt, _ number: CInt, _ interest: Interest, _ token: UInt64
    ) throws(SystemCallError) {
        let queue = queue.number
        _ = try retryingInterrupts("epoll_ctl", on: "descriptor \(number)") {
            hako_epoll_ctl(queue, operation, number, interest.rawValue, token)
        }
    }

    /// Waits for at least one event and replaces `events` by what is there, at most 16.
    ///
    /// - Parameter timeoutMilliseconds: Nil waits without end; with a time, `events` may come back empty.
    public borrowing func wait(
        into events: inout [Event], timeoutMilliseconds: CInt? = nil
    ) throws(SystemCallError) {
        let queue = queue.number
        events.removeAll(keepingCapacity: true)
        try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 16) { ready throws(SystemCallError) in
            try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 16) { tokens throws(SystemCallError) in
                let count = try retryingInterrupts("epoll_wait", on: "descriptor \(queue)") {
                    hako_epoll_wait(queue, ready.baseAddress, tokens.baseAddress, 16, timeoutMilliseconds ?? -1)
                }
                for index in 0..<Int(count) {
                    events.append(Event(token: tokens[index], ready: Interest(rawValue: ready[index])))
                }
            }
        }
    }
}
