import CLinux
import Glibc

/// A socket of the network namespace, as sock_diag(7) tells it.
public struct DiagnosedSocket: Hashable, Sendable {
    public let address: IPAddress
    /// The number by which `/proc/<pid>/fd` names it (`socket:[…]`); 0 for what remains of a closed connection (TIME-WAIT).
    public let inode: UInt32
    /// The host user that made it.
    public let userID: UInt32

    /// From an `inet_diag_msg`.
    init?(_ payload: ArraySlice<UInt8>) {
        guard let first = payload.first, let family = IPFamily(rawValue: first),
            let user = payload.hostOrder(UInt32.self, at: 64), let inode = payload.hostOrder(UInt32.self, at: 68),
            let address = IPAddress(bytes: payload.dropFirst(8).prefix(family.bitCount / 8))
        else { return nil }
        self.address = address
        self.inode = inode
        self.userID = user
    }

    /// The sockets that are bound to a local port, in the calling thread's network namespace. Sockets that are bound and
    /// don't listen are told since Linux 6.8.
    public static func bound(
        to port: UInt16, _ transport: TransportProtocol, _ family: IPFamily
    ) throws(NetlinkError) -> [DiagnosedSocket] {
        var socket = try NetlinkSocket(protocol: NETLINK_SOCK_DIAG, named: "sock_diag")
        // inet_diag_req_v2: family, protocol, extensions, padding, states, and an inet_diag_sockid of 48 bytes.
        var header = [family.rawValue, transport.rawValue, 0, 0]
        // Every state, and TCPF_BOUND_INACTIVE (1 << 13).
        header.appendHostOrder(UInt32(0xfff | 1 << 13))
        header.appendHostOrder(port.bigEndian)
        header += [UInt8](repeating: 0, count: 46)
        let message = NetlinkMessage(
            "SOCK_DIAG_BY_FAMILY", SOCK_DIAG_BY_FAMILY, on: "port \(port)/\(transport)", flags: NLM_F_DUMP,
            header: header)
        var sockets: [DiagnosedSocket] = []
        try socket.query(message) { _, payload in
            guard payload.hostOrder(UInt16.self, at: 4) == port.bigEndian else { return }
            if let socket = DiagnosedSocket(payload) { sockets.append(socket) }
        }
        return sockets
    }
}

extension DiagnosedSocket {
    /// The first process found that has a descriptor of one of these sockets. It reads the descriptors of every process that
    /// the caller may look into.
    public static func process(havingOneOf sockets: [DiagnosedSocket]) -> Int32? {
        let targets = Set(sockets.filter { $0.inode != 0 }.map { "socket:[\($0.inode)]" })
        // A process that has just ended, or may not be looked into, is one that isn't found.
        guard !targets.isEmpty, let names = try? FileDescriptor.directory("/proc").names() else { return nil }
        for name in names {
            guard let process = Int32(name.description),
                let directory = try? FileDescriptor.directory("/proc/\(process)/fd"),
                let numbers = try? directory.names()
            else { continue }
            if numbers.contains(where: { targets.contains(target(of: $0, in: directory)) }) { return process }
        }
        return nil
    }

    private static func target(of name: PathBytes, in directory: borrowing FileDescriptor) -> String {
        var bytes = [CChar](repeating: 0, count: 64)
        let descriptor = directory.number
        let count = name.withCPath { path in
            bytes.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.map { readlinkat(descriptor, path, $0, buffer.count) } ?? 0
            }
        }
        return String(decoding: bytes.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
