import Linux

/// The process that has a port of the host.
public struct PortOwner: Hashable, Sendable {
    public let processID: Int32
    /// The process's name in the kernel, at most 15 bytes, fit to be shown: `nginx`.
    public let name: String

    /// Looks for the process that has a socket on the port which is in the way of `address`. It takes milliseconds: only for
    /// an error's sentence.
    static func find(port: UInt16, _ transport: TransportProtocol, at address: IPAddress) -> PortOwner? {
        let sockets = all(port: port, transport).filter { isInTheWay($0.address, of: address) }
        return DiagnosedSocket.process(havingOneOf: sockets).map { PortOwner(processID: $0, name: name(of: $0)) }
    }

    /// Whether nothing is on the port but what remains of closed connections.
    static func isHeldByRemains(port: UInt16, _ transport: TransportProtocol) -> Bool {
        let sockets = transport == .tcp ? all(port: port, transport) : []
        return !sockets.isEmpty && sockets.allSatisfy { $0.inode == 0 }
    }

    /// A kernel that can't tell is one that knows of none.
    private static func all(port: UInt16, _ transport: TransportProtocol) -> [DiagnosedSocket] {
        [IPFamily.ipv4, .ipv6].flatMap { (try? DiagnosedSocket.bound(to: port, transport, $0)) ?? [] }
    }

    private static func isInTheWay(_ other: IPAddress, of address: IPAddress) -> Bool {
        // An IPv6 socket on :: takes IPv4 too, unless it is told not to.
        other == address || other.isUnspecified || (address.isUnspecified && other.family == address.family)
    }

    private static func name(of process: Int32) -> String {
        // It may have ended since.
        let bytes = try? FileDescriptor.contents(of: "/proc/\(process)/comm", limit: 64)
        return bytes.flatMap { PathBytes($0.prefix { $0 != UInt8(ascii: "\n") }) }?.description ?? "?"
    }
}
