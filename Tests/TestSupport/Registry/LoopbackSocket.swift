import Glibc
import Linux

/// A listening TCP socket on this machine, as bare as a test needs it.
public struct LoopbackSocket: ~Copyable, Sendable {
    public let socket: FileDescriptor
    /// Chosen by the kernel.
    public let port: UInt16

    /// - Parameter listens: Without, it only holds its port: nobody is given it but who asks for it with SO_REUSEADDR. socket(7)
    public init(on address: String = "127.0.0.1", listens: Bool = true) throws {
        let socket = Self.stream()
        var name = Self.name(address, port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let number = socket.number
        var one: CInt = 1
        if !listens { setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, 4) }
        let isReady = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(number, address, length) == 0 && (!listens || listen(number, 64) == 0)
                    && getsockname(number, address, &length) == 0
            }
        }
        guard isReady else { throw SystemCallError("bind", on: address, Errno(rawValue: errno)) }
        self.socket = socket
        port = UInt16(bigEndian: name.sin_port)
    }

    /// Waits for the next client; nil when the socket was shut down.
    public borrowing func accept() throws -> FileDescriptor? {
        let accepted = Glibc.accept(socket.number, nil, nil)
        guard accepted >= 0 else { return nil }
        let client = FileDescriptor(adopting: accepted)
        try client.setCloseOnExec(true)
        return client
    }

    /// Whether something answers there.
    public static func accepts(port: UInt16) -> Bool {
        let socket = stream()
        var name = name("127.0.0.1", port: port)
        let number = socket.number
        return withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func stream() -> FileDescriptor {
        FileDescriptor(adopting: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
    }

    private static func name(_ address: String, port: UInt16) -> sockaddr_in {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = inet_addr(address)
        name.sin_port = port.bigEndian
        return name
    }
}
