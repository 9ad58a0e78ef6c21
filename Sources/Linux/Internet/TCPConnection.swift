import CLinux

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
                hako_connecting_socket(CInt(address.family.rawValue), address.bytes, port)
            })
        self.operand = operand
    }

    /// To be called when it is writable.
    ///
    /// - Throws: `ECONNREFUSED`, `ETIMEDOUT`, …: there is no connection.
    public borrowing func finish() throws(SystemCallError) {
        let number = descriptor.number
        _ = try retryingInterrupts("connect", on: operand) { hako_socket_error(number) }
    }
}
