import Glibc
import Linux

/// Ports of the host that are taken for a container: no other program can bind them while one of these sockets is open.
///
/// The container's monitor keeps them for as long as it lives: hand it ``descriptors``. They are closed here when this value
/// goes.
public struct PortReservation: ~Copyable, Sendable {
    /// What was asked for, with the host ports that were found, in the same order.
    public let ports: [PublishedPort]
    private let sockets: [Socket]

    /// The numbers of the sockets, closed on exec, valid while this value lives.
    public var descriptors: [CInt] { sockets.map { $0.bound.descriptor.number } }

    private final class Socket: Sendable {
        let bound: BoundPort
        init(_ bound: consuming BoundPort) { self.bound = bound }
    }

    /// Takes a port for each request, of the calling thread's network namespace.
    ///
    /// - Parameters:
    ///   - families: Those in which the container has an address. A request without an address takes its port in all of them.
    ///   - taken: Ports that are given to other containers, which aren't tried where there is a choice.
    /// - Throws: ``NetworkError/portInUse(_:owner:)``, ``NetworkError/noFreePort(_:_:)``,
    ///   ``NetworkError/addressNotOnHost(_:)``, ``NetworkError/noAddress(_:port:)``, ``NetworkError/loopbackIPv6(_:)``.
    ///   Nothing stays taken.
    public init(
        _ requests: [PortRequest], families: Set<IPFamily>, avoiding taken: Set<UInt16> = []
    ) throws(NetworkError) {
        var sockets: [Socket] = []
        var ports: [PublishedPort] = []
        for request in requests {
            let (port, own) = try Self.take(request, families, avoiding: taken)
            ports.append(port)
            sockets += own
        }
        self.ports = ports
        self.sockets = sockets
    }

    private static func take(
        _ request: PortRequest, _ families: Set<IPFamily>, avoiding taken: Set<UInt16>
    ) throws(NetworkError) -> (PublishedPort, [Socket]) {
        guard let range = request.hostPorts else { return try takeAny(request, families, avoiding: taken) }
        guard range.count > 1 else { return try take(request, port: range.lowerBound, families) }
        for port in range where !taken.contains(port) {
            if let found = try takeIfFree(request, port: port, families) { return found }
        }
        throw .noFreePort(range, request.transport)
    }

    /// Lets the kernel choose a port in the first family, and takes it if the others have it free too.
    private static func takeAny(
        _ request: PortRequest, _ families: Set<IPFamily>, avoiding taken: Set<UInt16>
    ) throws(NetworkError) -> (PublishedPort, [Socket]) {
        let probe = request.published(port: 0)
        guard let address = try addresses(of: probe, families).first else { throw .noAddress(.ipv4, port: probe) }
        for _ in 0..<256 {
            // Closed again at once: the kernel's choice is taken in earnest below.
            let port = try bind(address, probe).bound.port
            guard !taken.contains(port) else { continue }
            if let found = try takeIfFree(request, port: port, families) { return found }
        }
        throw .noFreePort(1...UInt16.max, request.transport)
    }

    private static func takeIfFree(
        _ request: PortRequest, port: UInt16, _ families: Set<IPFamily>
    ) throws(NetworkError) -> (PublishedPort, [Socket])? {
        do throws(NetworkError) { return try take(request, port: port, families) } catch {
            guard case .portInUse = error else { throw error }
            return nil
        }
    }

    private static func take(
        _ request: PortRequest, port: UInt16, _ families: Set<IPFamily>
    ) throws(NetworkError) -> (PublishedPort, [Socket]) {
        let published = request.published(port: port)
        var sockets: [Socket] = []
        for address in try addresses(of: published, families) {
            do throws(NetworkError) { sockets.append(try bind(address, published)) } catch {
                // Where the kernel has no such protocol (SCTP), no program can take its ports either.
                guard case .system(let cause) = error, cause.errno.rawValue == EPROTONOSUPPORT else { throw error }
            }
        }
        return (published, sockets)
    }

    private static func bind(_ address: IPAddress, _ published: PublishedPort) throws(NetworkError) -> Socket {
        let (port, transport) = (published.hostPort, published.transport)
        do throws(SystemCallError) {
            return Socket(try BoundPort(address, port: port, transport))
        } catch {
            if error.errno.rawValue == EADDRNOTAVAIL { throw .addressNotOnHost(address) }
            guard error.errno == .addressInUse else { throw .system(error) }
        }
        // What remains of closed connections (TIME-WAIT) keeps the port from a first bind for a minute.
        if PortOwner.isHeldByRemains(port: port, transport),
            let bound = try? BoundPort(address, port: port, transport, sharing: true)
        {
            return Socket(bound)
        }
        throw .portInUse(published, owner: PortOwner.find(port: port, transport, at: address))
    }

    /// The addresses to bind: of a request without one, all in each family of the container.
    private static func addresses(
        of port: PublishedPort, _ families: Set<IPFamily>
    ) throws(NetworkError) -> [IPAddress] {
        guard let address = port.hostAddress else {
            return families.sorted { $0.rawValue < $1.rawValue }.map { .unspecified($0) }
        }
        guard families.contains(address.family) else { throw .noAddress(address.family, port: port) }
        if address == .ipv6Loopback { throw .loopbackIPv6(port) }
        return [address]
    }
}

extension PortRequest {
    fileprivate func published(port: UInt16) -> PublishedPort {
        PublishedPort(
            hostAddress: hostAddress, hostPort: port, containerPort: containerPort, transport: transport)
    }
}
