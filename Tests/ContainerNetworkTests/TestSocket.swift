import Glibc
import Linux

@testable import ContainerNetwork

/// A server that tells each client its own name and the client's address.
final class TestServer: Sendable {
    private let socket: CInt
    private let transport: TransportProtocol
    private let name: String

    /// Listens when it returns.
    init(
        _ name: String, on machine: Machine, at address: IPAddress = .unspecified(.ipv4), port: UInt16,
        _ transport: TransportProtocol = .tcp
    ) throws {
        self.name = name
        self.transport = transport
        socket = try machine.here {
            let number = try TestSocket.open(address.family, transport)
            var one: CInt = 1
            setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, 4)
            if address.family == .ipv6 { setsockopt(number, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &one, 4) }
            let bound = TestSocket.withName(address, port) { Glibc.bind(number, $0, $1) }
            guard bound == 0, transport == .udp || listen(number, 64) == 0 else {
                throw SystemCallError("bind", on: "\(address) port \(port)", Errno(rawValue: errno))
            }
            return number
        }
        TestThread.start { [self] in serve() }
    }

    /// Ends the thread, which then lets go of the socket.
    func stop() { shutdown(socket, CInt(SHUT_RDWR)) }

    private func serve() {
        defer { close(socket) }
        while true {
            var peer = sockaddr_storage()
            var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
            var byte: UInt8 = 0
            let result = withUnsafeMutablePointer(to: &peer) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    transport == .udp ? CInt(recvfrom(socket, &byte, 1, 0, $0, &size)) : accept(socket, $0, &size)
                }
            }
            guard result > (transport == .udp ? 0 : -1) else { return }
            let answer = Array("\(name) \(TestSocket.address(peer))".utf8)
            if transport == .tcp {
                send(result, answer, answer.count, CInt(MSG_NOSIGNAL))
                close(result)
            } else {
                _ = withUnsafePointer(to: &peer) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        sendto(socket, answer, answer.count, 0, $0, size)
                    }
                }
            }
        }
    }
}

enum TestSocket {
    static func open(_ family: IPFamily, _ transport: TransportProtocol) throws -> CInt {
        let type = transport == .udp ? SOCK_DGRAM : SOCK_STREAM
        let number = socket(CInt(family.rawValue), CInt(type.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemCallError("socket", on: "\(transport)", Errno(rawValue: errno)) }
        return number
    }

    /// What the server there says: its name and this client's address. Nil if nobody answers: refused, or silence.
    ///
    /// - Parameter patience: In milliseconds. What must come may take its time on a busy machine; half a second tells silence.
    static func ask(
        from machine: Machine, _ address: IPAddress, port: UInt16, _ transport: TransportProtocol = .tcp,
        localPort: UInt16? = nil, patience: Int = 10_000
    ) throws -> String? {
        try machine.here {
            let number = try open(address.family, transport)
            defer { close(number) }
            var limit = timeval(tv_sec: patience / 1000, tv_usec: patience % 1000 * 1000)
            for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
                setsockopt(number, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
            }
            if let localPort {
                _ = withName(.unspecified(address.family), localPort) { Glibc.bind(number, $0, $1) }
            }
            guard withName(address, port, { connect(number, $0, $1) }) == 0 else { return nil }
            if transport == .udp { send(number, "x", 1, CInt(MSG_NOSIGNAL)) }
            var buffer = [UInt8](repeating: 0, count: 200)
            let count = recv(number, &buffer, buffer.count, 0)
            return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
        }
    }

    static func withName<Result>(
        _ address: IPAddress, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var name = sockaddr_storage()
        return withUnsafeMutableBytes(of: &name) { bytes in
            bytes.storeBytes(of: sa_family_t(address.family.rawValue), as: sa_family_t.self)
            bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
            bytes[(address.family == .ipv4 ? 4 : 8)...].copyBytes(from: address.bytes)
            let size = address.family == .ipv4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
            return bytes.withMemoryRebound(to: sockaddr.self) { names in
                // A variable has an address.
                body(UnsafePointer(names.baseAddress.unsafelyUnwrapped), socklen_t(size))
            }
        }
    }

    static func address(_ name: sockaddr_storage) -> String {
        withUnsafeBytes(of: name) { bytes -> String in
            let isIPv4 = name.ss_family == sa_family_t(AF_INET)
            let raw = isIPv4 ? bytes[4..<8] : bytes[8..<24]
            return IPAddress(bytes: Array(raw))?.description ?? "?"
        }
    }
}

/// A thread of its own: one that blocks must not be one of those that tests run on.
enum TestThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    static func start(_ body: @escaping @Sendable () -> Void) { pthread_detach(make(body)) }

    /// Runs the body `count` times at once, and returns when all have ended.
    static func concurrently(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let threads = (0..<count).map { index in make { body(index) } }
        for thread in threads { pthread_join(thread, nil) }
    }

    private static func make(_ body: @escaping @Sendable () -> Void) -> pthread_t {
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(Body(body)).toOpaque()
        let result = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, argument)
        precondition(result == 0, "no thread")
        return thread
    }
}
