import CLinux
import Glibc

/// A protocol with ports, with the kernel's number.
public enum TransportProtocol: UInt8, Hashable, Sendable, CustomStringConvertible {
    case tcp = 6
    case udp = 17
    case sctp = 132

    public init?(_ name: String) {
        switch name {
        case "tcp": self = .tcp
        case "udp": self = .udp
        case "sctp": self = .sctp
        default: return nil
        }
    }

    /// `tcp`
    public var description: String {
        switch self {
        case .tcp: "tcp"
        case .udp: "udp"
        case .sctp: "sctp"
        }
    }
}

/// A port of the host that is taken: a bound socket on which nobody listens. No other program can bind it, and none can
/// connect to it. It is free again once all descriptors of the socket are closed.
public struct BoundPort: ~Copyable, Sendable {
    public let descriptor: FileDescriptor
    /// The port, also where the kernel chose it.
    public let port: UInt16

    /// Takes a port of the calling thread's network namespace.
    ///
    /// - Parameters:
    ///   - address: One of the host's addresses, or the unspecified one for all of its family.
    ///   - port: 0 lets the kernel choose one of its ephemeral range.
    ///   - sharing: Take it also where the only others are sockets that let it be shared, which remains of closed
    ///     connections do (TIME-WAIT). For a second try, when nobody is found who holds the port.
    /// - Throws: ``SystemCallError`` for `bind`, `EADDRINUSE` if somebody has it, `EADDRNOTAVAIL` if the address isn't the
    ///   host's; `EPROTONOSUPPORT` where the kernel has no such protocol.
    public init(
        _ address: IPAddress, port: UInt16, _ transport: TransportProtocol, sharing: Bool = false
    ) throws(SystemCallError) {
        let type = transport == .udp ? SOCK_DGRAM : SOCK_STREAM
        let operand = "\(address) port \(port)/\(transport)"
        let number = try retryingInterrupts("bind", on: operand) {
            hako_bound_socket(
                CInt(address.family.rawValue), CInt(type.rawValue), CInt(transport.rawValue), address.bytes, port,
                sharing ? 1 : 0)
        }
        let descriptor = FileDescriptor(adopting: number)
        self.port = UInt16(
            truncatingIfNeeded: try retryingInterrupts("getsockname", on: operand) { hako_bound_port(number) })
        self.descriptor = descriptor
    }
}
