import Glibc
import Linux

/// A container's end of a network: a pair of virtual interfaces, one of them in the bridge and the other in the container's
/// network namespace.
public struct Endpoint: Hashable, Sendable {
    /// The name of the interface in the bridge, at most 15 bytes, that no other container has: `veth3f2a`.
    public let hostInterface: String
    /// The name of the container's own: `eth0`.
    public let containerInterface: String
    public let ipv4: IPAddress
    /// Nil on a network without IPv6.
    public let ipv6: IPAddress?
    public let macAddress: MACAddress

    /// - Parameter macAddress: Nil: the one that goes with the IPv4 address.
    public init(
        hostInterface: String, containerInterface: String = "eth0", ipv4: IPAddress, ipv6: IPAddress? = nil,
        macAddress: MACAddress? = nil
    ) {
        self.hostInterface = hostInterface
        self.containerInterface = containerInterface
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.macAddress = macAddress ?? MACAddress(for: ipv4)
    }

    public var addresses: [IPAddress] { [ipv4] + (ipv6.map { [$0] } ?? []) }

    func address(_ family: IPFamily) -> IPAddress? { family == .ipv4 ? ipv4 : ipv6 }
}

extension Bridge {
    /// Connects a network namespace with the bridge: makes the pair of interfaces, sets addresses and default routes, sets
    /// the loopback interface up. Both ends go when the namespace goes.
    ///
    /// - Parameter namespace: A network namespace without links of these names. The calling thread enters it for the time of
    ///   the call, so it must not be the thread's own.
    /// - Throws: ``NetworkError``. What was made is gone again.
    public static func attach(
        _ endpoint: Endpoint, to bridge: BridgeState, namespace: borrowing FileDescriptor
    ) throws(NetworkError) {
        try BridgeSettings.validate(linkName: endpoint.hostInterface, what: "interface name")
        try BridgeSettings.validate(linkName: endpoint.containerInterface, what: "interface name")
        var route = try networking { try RouteSocket() }
        do throws(NetlinkError) { try makePair(endpoint, in: bridge, namespace, &route) } catch {
            if error.errno == Errno(rawValue: EXFULL) { throw .bridgeFull(name: bridge.name) }
            guard error.errno == .exists else { throw .netlink(error) }
            // The pair of an earlier run: namespaces are taken down after the last process's end, and it may take a while.
            deletePair(endpoint, &route)
            do { try makePair(endpoint, in: bridge, namespace, &route) } catch { throw .netlink(error) }
        }
        do throws(NetworkError) {
            try configure(endpoint, bridge, namespace)
            // Else the container's first packet may be lost, and the next try comes a second later.
            try networking {
                try route.settleCarrier(of: endpoint.hostInterface)
                try route.settleCarrier(of: bridge.name)
            }
        } catch {
            deletePair(endpoint, &route)
            throw error
        }
    }

    /// Removes the endpoint's interfaces, whether they are there or not. Not needed where the namespace goes.
    public static func detach(_ endpoint: Endpoint) throws(NetworkError) {
        try networking {
            var route = try RouteSocket()
            guard try route.link(named: endpoint.hostInterface) != nil else { return }
            deletePair(endpoint, &route)
        }
    }

    /// Sets the loopback interface of a network namespace up, and nothing else: `--network none`.
    public static func raiseLoopback(in namespace: borrowing FileDescriptor) throws(NetworkError) {
        try networking {
            var route = try NetworkNamespace.run(in: namespace) { try RouteSocket() }
            var batch = RouteBatch()
            batch.raise("lo")
            try route.apply(batch)
        }
    }

    private static func makePair(
        _ endpoint: Endpoint, in bridge: BridgeState, _ namespace: borrowing FileDescriptor, _ route: inout RouteSocket
    ) throws(NetlinkError) {
        var batch = RouteBatch()
        batch.addPair(
            endpoint.hostInterface, master: bridge.linkIndex, mtu: bridge.mtu, peer: endpoint.containerInterface,
            peerMACAddress: endpoint.macAddress, in: namespace)
        // A container that uses its own published port is answered by the port that it came in by, where bridged frames
        // pass the host's firewall (bridge-nf-call-iptables). The port itself needs no address.
        batch.raiseBridgePort(endpoint.hostInterface, hairpin: true, generating: .none)
        do throws(NetlinkError) { try route.apply(batch) } catch {
            if error.errno != .exists { deletePair(endpoint, &route) }
            throw error
        }
    }

    /// Leaves nothing behind that could be left, on the way to another error or another try.
    private static func deletePair(_ endpoint: Endpoint, _ route: inout RouteSocket) {
        var batch = RouteBatch()
        batch.deleteLink(endpoint.hostInterface)
        // It is gone already where the namespace went meanwhile.
        try? route.apply(batch)
    }

    private static func configure(
        _ endpoint: Endpoint, _ bridge: BridgeState, _ namespace: borrowing FileDescriptor
    ) throws(NetworkError) {
        let name = endpoint.containerInterface
        try networking {
            var route = try NetworkNamespace.run(in: namespace) {
                // No address but those that are given out, whoever on the bridge plays the router (CVE-2020-13401). Both
                // before the link is up.
                if endpoint.ipv6 == nil {
                    try KernelSetting.set([.ofLink(name, "ipv6", "disable_ipv6")], 1)
                } else {
                    // Its own search for a duplicate would come back to it by the port that it left by (hairpin).
                    try KernelSetting.set(["accept_ra", "accept_dad"].map { .ofLink(name, "ipv6", $0) }, 0)
                }
                return try RouteSocket()
            }
            guard let link = try route.link(named: name) else {
                throw NetlinkError("RTM_GETLINK", on: name, .noSuchFile)
            }
            try route.apply(configuration(endpoint, bridge, link: link.index))
            try route.settleCarrier(of: name)
        }
    }

    private static func configuration(_ endpoint: Endpoint, _ bridge: BridgeState, link: Int32) -> RouteBatch {
        var batch = RouteBatch()
        batch.raise("lo")
        // Up before it has addresses: the kernel makes a route to the gateway's network for each.
        batch.raise(endpoint.containerInterface)
        for subnet in [bridge.ipv4Subnet, bridge.ipv6Subnet].compactMap({ $0 }) {
            guard let address = endpoint.address(subnet.family) else { continue }
            batch.addAddress(address, prefixLength: subnet.length, link: link)
            batch.addDefaultRoute(through: AddressPlan.gateway(of: subnet), link: link)
        }
        return batch
    }
}
