import CLinux
import Glibc

/// A TCP connection that is being made, and is used, without waiting.
public struct TCPConnection: ~Copyable, Sendable {
    /// Writable when the connection is there, or can't be.
    public let descriptor: FileDescriptor
    private let operand: String

    /// Begins to connect to a port, in the calling thread's network namespace.
    ///
    /// - Throws: What is known at once: `ECONNREFUSED` from this host, `ENETUNREACH`.
    public init(to address: IPAddress, port: UInt16) throws(SystemCallError) {
        let operand = "\(address) port \(port)"
        descriptor = FileDescriptor(
            adopting: try retryingInterrupts("connect", on: operand) {
                hako_connecting_socket(CInt(SOCK_STREAM.rawValue), CInt(address.family.rawValue), address.bytes, port)
            })
        self.operand = operand
    }

    /// To be called when it is writable.
    ///
    /// - Throws: `ECONNREFUSED`, `ETIMEDOUT`, …: there is no connection.
    public borrowing func finish() throws(SystemCallError) {
        try descriptor.checkConnected(operand)
    }

    /// Only the socket.
    public consuming func intoDescriptor() -> FileDescriptor { descriptor }
}

/// Datagrams to one receiver. udp(7).
public enum UDPSocket {
    /// A socket that sends to a port, without blocking. That nobody listens there is told by a later send, where it is told at all.
    public static func connect(to address: IPAddress, port: UInt16) throws(SystemCallError) -> FileDescriptor {
        FileDescriptor(
            adopting: try retryingInterrupts("connect", on: "\(address) port \(port)") {
                hako_connecting_socket(CInt(SOCK_DGRAM.rawValue), CInt(address.family.rawValue), address.bytes, port)
            })
    }
}

extension FileDescriptor {
    /// What became of a connection that was begun; to be called when the socket is writable. SO_ERROR, socket(7).
    public borrowing func checkConnected(_ operand: String) throws(SystemCallError) {
        let number = self.number
        _ = try retryingInterrupts("connect", on: operand) { hako_socket_error(number) }
    }
}
