import Glibc
import Linux

extension Bridge {
    /// Sends connections to these ports of the host to the endpoint: one map element for each, all in one transaction. It is
    /// no error if they are published for this endpoint already.
    ///
    /// - Throws: ``NetworkError/portInUse(_:owner:)`` if a port leads to another endpoint of the bridge,
    ///   ``NetworkError/noAddress(_:port:)``. Nothing is published then.
    public static func publish(
        _ ports: [PublishedPort], to endpoint: Endpoint, of bridge: BridgeState
    ) throws(NetworkError) {
        guard !ports.isEmpty else { return }
        var transaction = NftablesTransaction(table: bridge.table)
        for port in ports {
            for element in try elements(port, endpoint, bridge) {
                transaction.addElement(element.map, key: element.key, value: element.value)
            }
        }
        do {
            var netfilter = try NetfilterSocket()
            try netfilter.commit(transaction)
            // A client that sends without pause keeps its connection to the host's own port, where nobody listened.
            for port in ports where port.transport == .udp {
                for family in bridge.families where port.isReached(on: family) {
                    try netfilter.forgetConnections(.to(port: port.hostPort, .udp, family))
                }
            }
        } catch {
            guard error.isDifferentElement, let port = ports.first else { throw .netlink(error) }
            throw .portInUse(try firstTaken(ports, endpoint, bridge) ?? port, owner: nil)
        }
    }

    /// Undoes ``publish(_:to:of:)`` and ends the connections that it let in. It is no error if nothing is published, and what
    /// is published for another endpoint stays. The kernel takes milliseconds for it: call it after the answer.
    public static func unpublish(
        _ ports: [PublishedPort], from endpoint: Endpoint, of bridge: BridgeState
    ) throws(NetworkError) {
        try networking {
            var netfilter = try NetfilterSocket()
            let elements = try ports.flatMap { try self.elements($0, endpoint, bridge) }
            if !elements.isEmpty { try withdraw(elements, bridge.table, &netfilter) }
            // After the elements: no new connection can begin.
            try forgetConnections(of: endpoint.addresses, &netfilter)
        }
    }

    /// Ends the connections of an endpoint's addresses, to which no ports lead any more. A later container that has them must not get
    /// packets that were meant for this one.
    public static func forgetConnections(of addresses: [IPAddress]) throws(NetworkError) {
        try networking {
            var netfilter = try NetfilterSocket()
            try forgetConnections(of: addresses, &netfilter)
        }
    }

    private static func forgetConnections(of addresses: [IPAddress], _ netfilter: inout NetfilterSocket) throws(NetlinkError) {
        for address in addresses {
            try netfilter.forgetConnections(.from(address))
            try netfilter.forgetConnections(.answered(by: address))
        }
    }

    struct MapElement: Hashable {
        let map: String
        let key: [UInt8]
        let value: [UInt8]
    }

    /// The elements that make a port lead to the endpoint.
    static func elements(
        _ port: PublishedPort, _ endpoint: Endpoint, _ bridge: BridgeState
    ) throws(NetworkError) -> [MapElement] {
        if port.hostAddress == .ipv6Loopback { throw .loopbackIPv6(port) }
        var elements: [MapElement] = []
        for family in [IPFamily.ipv4, .ipv6] where port.isReached(on: family) {
            guard bridge.families.contains(family), let address = endpoint.address(family) else {
                // All of the host's addresses means all that can be had; one of them, that one.
                if port.hostAddress == nil { continue }
                throw .noAddress(family, port: port)
            }
            let bound = port.hostAddress.flatMap { $0.isUnspecified ? nil : $0 }
            elements.append(
                MapElement(
                    map: BridgeRules.map(family, isBound: bound != nil),
                    key: (bound?.bytes ?? []) + [port.transport.rawValue, 0, 0, 0] + field(port.hostPort),
                    value: address.bytes + field(port.containerPort)))
        }
        return elements
    }

    /// A port in network byte order, in a word of its own.
    private static func field(_ port: UInt16) -> [UInt8] {
        [UInt8(truncatingIfNeeded: port >> 8), UInt8(truncatingIfNeeded: port), 0, 0]
    }

    private static func withdraw(
        _ elements: [MapElement], _ table: String, _ netfilter: inout NetfilterSocket
    ) throws(NetlinkError) {
        do { try netfilter.commit(withdrawal(of: elements, table)) } catch {
            if error.errno == .noSuchFile { return }  // the table is gone, and the elements with it
            guard error.isDifferentElement, elements.count > 1 else {
                if error.isDifferentElement { return }
                throw error
            }
            // One of them is another endpoint's by now: each alone.
            for element in elements { try withdraw([element], table, &netfilter) }
        }
    }

    /// Adds each element before it deletes it: this changes nothing where it is there, makes the deletion succeed where it is
    /// not, and fails where the port leads elsewhere.
    private static func withdrawal(of elements: [MapElement], _ table: String) -> NftablesTransaction {
        var transaction = NftablesTransaction(table: table)
        for element in elements {
            transaction.addElement(element.map, key: element.key, value: element.value)
            transaction.deleteElement(element.map, key: element.key)
        }
        return transaction
    }

    /// The first port that leads to another endpoint: found by a transaction of its own for each.
    private static func firstTaken(
        _ ports: [PublishedPort], _ endpoint: Endpoint, _ bridge: BridgeState
    ) throws(NetworkError) -> PublishedPort? {
        for port in ports {
            do throws(NetworkError) {
                let elements = try elements(port, endpoint, bridge)
                try networking {
                    var netfilter = try NetfilterSocket()
                    try netfilter.commit(withdrawal(of: elements, bridge.table))
                }
            } catch {
                guard case .netlink(let cause) = error, cause.isDifferentElement else { throw error }
                return port
            }
        }
        return nil
    }
}

extension NetlinkError {
    /// Whether a map has the key with another value: EEXIST, or EBUSY on older kernels.
    fileprivate var isDifferentElement: Bool { errno == .exists || errno == .busy }
}
