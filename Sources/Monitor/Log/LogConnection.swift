import Glibc
import Linux
import MonitorProtocol

/// Sockets to who takes log records.
enum LogConnection {
    /// A socket that doesn't block. With TCP it may not be connected yet: then it is writable when it is, or can't be.
    static func open(_ address: LogAddress) throws(SystemCallError) -> FileDescriptor {
        switch address.transport {
        case .unix: return try unixSocket(.stream, address.host)
        case .unixgram: return try unixSocket(.datagrams, address.host)
        case .udp: return try UDPSocket.connect(to: try ip(address), port: address.port)
        case .tcp: return try TCPConnection(to: try ip(address), port: address.port).intoDescriptor()
        }
    }

    private static func unixSocket(_ kind: UnixSocket.Kind, _ path: String) throws(SystemCallError) -> FileDescriptor {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let directory = try FileDescriptor.directory(slash == path.startIndex ? "/" : String(path[..<slash]))
        let socket = try UnixSocket.connect(kind, to: String(path[path.index(after: slash)...]), in: directory)
        try socket.setNonBlocking(true)
        return socket
    }

    private static func ip(_ address: LogAddress) throws(SystemCallError) -> IPAddress {
        guard let ip = IPAddress(address.host) else {
            throw SystemCallError("connect", on: address.host, .invalidArgument)
        }
        return ip
    }
}

extension LogAddress {
    /// Whether the receiver sees bytes, and not messages.
    var isStream: Bool { transport == .unix || transport == .tcp }
}
