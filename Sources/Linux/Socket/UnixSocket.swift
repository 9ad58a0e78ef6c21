import CLinux
import Glibc

/// Sockets between processes of this host, by path or in pairs. unix(7). None is ever abstract: whoever shares the network
/// namespace could reach that (CVE-2020-15257).
public enum UnixSocket {
    public enum Kind: Sendable {
        /// A stream of bytes.
        case stream
        /// Messages, whole and in order; an empty read is the end.
        case messages
        /// Messages to one receiver, which does not see who sends.
        case datagrams

        var type: CInt {
            switch self {
            case .stream: CInt(SOCK_STREAM.rawValue)
            case .messages: CInt(SOCK_SEQPACKET.rawValue)
            case .datagrams: CInt(SOCK_DGRAM.rawValue)
            }
        }
    }

    /// Two connected sockets, closed on exec.
    @frozen public struct Pair: ~Copyable, Sendable {
        public var first: FileDescriptor
        public var second: FileDescriptor

        public init(_ kind: Kind) throws(SystemCallError) {
            var (first, second): (CInt, CInt) = (-1, -1)
            _ = try retryingInterrupts("socketpair", on: "two sockets") { hako_socketpair(kind.type, &first, &second) }
            self.first = FileDescriptor(adopting: first)
            self.second = FileDescriptor(adopting: second)
        }

        /// Keeps one; the other is closed.
        public consuming func intoFirst() -> FileDescriptor { first }
    }

    /// A listening socket at `name` in a directory, however long that directory's path is: the kernel is given
    /// `/proc/self/fd/N/name`, as a socket's address holds 107 bytes. Accepting does not block.
    public static func listen(
        _ kind: Kind, at name: String, in directory: borrowing FileDescriptor, backlog: CInt = 128
    ) throws(SystemCallError) -> FileDescriptor {
        let path = "\(directory.procPath)/\(name)"
        let socket = FileDescriptor(
            adopting: try retryingInterrupts("bind", on: name) { hako_unix_listen(kind.type, path, backlog) })
        try socket.setNonBlocking(true)
        ObjectLog.made("socket \(directory.location())/\(name)")
        return socket
    }

    /// A socket connected to what listens at `name` in a directory.
    ///
    /// - Throws: `ECONNREFUSED` where the listener is gone and its name isn't, `ENOENT` where there is no such name.
    public static func connect(
        _ kind: Kind, to name: String, in directory: borrowing FileDescriptor
    ) throws(SystemCallError) -> FileDescriptor {
        let path = "\(directory.procPath)/\(name)"
        return FileDescriptor(
            adopting: try retryingInterrupts("connect", on: name) { hako_unix_connect(kind.type, path) })
    }
}

/// Who is at the other end of a socket: the ids it had when it connected, as seen from this process's namespaces.
public struct PeerCredentials: Hashable, Sendable {
    public let pid: CInt
    public let userID: UInt32
    public let groupID: UInt32
}

extension FileDescriptor {
    /// The next connection of a listener; nil if none waits.
    public borrowing func accept(nonBlocking: Bool = true) throws(SystemCallError) -> FileDescriptor? {
        let number = self.number
        let flags = nonBlocking ? CInt(SOCK_NONBLOCK.rawValue) : 0
        do throws(SystemCallError) {
            return FileDescriptor(
                adopting: try retryingInterrupts("accept4", on: "descriptor \(number)") { hako_accept(number, flags) })
        } catch {
            // A client that has gone again before it was accepted is none.
            if error.errno == .wouldBlock || error.errno.rawValue == ECONNABORTED { return nil }
            throw error
        }
    }

    /// SO_PEERCRED of a connected socket.
    public borrowing func peerCredentials() throws(SystemCallError) -> PeerCredentials {
        let number = self.number
        var pid: CInt = 0
        var (user, group): (UInt32, UInt32) = (0, 0)
        _ = try retryingInterrupts("getsockopt", on: "descriptor \(number)") {
            hako_peer_credentials(number, &pid, &user, &group)
        }
        return PeerCredentials(pid: pid, userID: user, groupID: group)
    }

    /// Sends bytes, or one message, and never raises SIGPIPE. Returns how many bytes were taken.
    public borrowing func send(_ bytes: ArraySlice<UInt8>) throws(SystemCallError) -> Int {
        let number = self.number
        return try retryingInterrupts("send", on: "descriptor \(number)") {
            bytes.withUnsafeBytes { hako_send(number, $0.baseAddress, $0.count, 0) }
        }
    }

    /// The same with a descriptor that the receiver gets a duplicate of (SCM_RIGHTS); `bytes` must not be empty.
    public borrowing func send(
        _ bytes: ArraySlice<UInt8>, with descriptor: borrowing FileDescriptor
    ) throws(SystemCallError) -> Int {
        try send(bytes, withNumber: descriptor.number)
    }

    /// The same for a descriptor that somebody else owns.
    public borrowing func send(
        _ bytes: ArraySlice<UInt8>, withNumber passed: CInt
    ) throws(SystemCallError) -> Int {
        let number = self.number
        return try retryingInterrupts("sendmsg", on: "descriptor \(number)") {
            bytes.withUnsafeBytes { hako_send_descriptor(number, $0.baseAddress, $0.count, passed) }
        }
    }

    /// One message, or what a stream has now; no bytes are the end. A descriptor that came with it is ours now; only one is
    /// taken, others are closed.
    ///
    /// - Throws: `EMSGSIZE` for a message of more than `limit` bytes, which is lost.
    public borrowing func receive(limit: Int = 4096) throws(SystemCallError) -> ReceivedMessage {
        let number = self.number
        var passed: CInt = -1
        var failure: SystemCallError?
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
            do throws(SystemCallError) {
                filled = try retryingInterrupts("recvmsg", on: "descriptor \(number)") {
                    hako_receive(number, buffer.baseAddress, limit, 0, &passed)
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
        return ReceivedMessage(bytes: bytes, descriptor: passed >= 0 ? FileDescriptor(adopting: passed) : nil)
    }

    /// Tells the other end that nothing more is sent, while it may still send. shutdown(2), SHUT_WR.
    public borrowing func shutdownWriting() throws(SystemCallError) {
        let number = self.number
        _ = try retryingErrno("shutdown", on: "descriptor \(number)") { Glibc.shutdown(number, CInt(SHUT_WR)) }
    }
}

/// What came in one message.
@frozen public struct ReceivedMessage: ~Copyable, Sendable {
    public let bytes: [UInt8]
    public var descriptor: FileDescriptor?
}
