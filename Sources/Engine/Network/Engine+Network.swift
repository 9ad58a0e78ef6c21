import Linux
import Metadata
import ContainerNetwork
import OCI

/// A container's place in the default network, and the ports of the host that were taken for it.
final class NetworkEndpoint {
    let bridge: BridgeState
    let endpoint: ContainerNetwork.Endpoint
    let ports: [ContainerNetwork.PublishedPort]
    private let reservation: PortReservation

    init(_ endpoint: ContainerNetwork.Endpoint, on bridge: BridgeState, _ reservation: consuming PortReservation) {
        self.endpoint = endpoint
        self.bridge = bridge
        ports = reservation.ports
        self.reservation = reservation
    }

    var addresses: [IPAddress] { [endpoint.ipv4] + (endpoint.ipv6.map { [$0] } ?? []) }
    var gateways: [IPAddress] { [bridge.ipv4Gateway] + (bridge.ipv6Gateway.map { [$0] } ?? []) }
    /// Open sockets, which the monitor keeps so that no other program takes the ports.
    var portDescriptors: [CInt] { reservation.descriptors }
}

extension Engine {
    static let defaultNetwork = "bridge"
    static let networkLock = "/run/hako-network.lock"

    private func bridgeSettings(_ record: NetworkRecord?) -> BridgeSettings {
        // One lock for all stores of the host: two that look for a free subnet at once would find the same.
        var settings = BridgeSettings(
            name: paths.bridgeName, table: paths.nftTable, lockPath: Self.networkLock,
            ipv4Subnet: record?.subnet4.flatMap(IPPrefix.init))
        // A network keeps what it once had, so that containers find their addresses again after a reboot.
        if let record {
            settings.ipv6 = record.subnet6.flatMap(IPPrefix.init).map { .subnet($0) } ?? .off
        } else {
            settings.addChoices(of: configuration)
        }
        return settings
    }

    /// The default bridge, made if it isn't there, and its record.
    func ensureBridge() throws(EngineError) -> (state: BridgeState, record: NetworkRecord) {
        let known = try defaultNetworkRecord()
        let state: BridgeState
        do throws(NetworkError) {
            state = try Bridge.ensure(bridgeSettings(known))
        } catch { throw EngineError(error, cannot: "make the bridge \(paths.bridgeName)") }
        for obstacle in state.obstacles { warnings.append(Self.warning(obstacle)) }
        let record: NetworkRecord
        if let known { record = known } else { record = try insertNetwork(state) }
        if state.hasNewRules { try republish(on: state, network: record.id) }
        return (state, record)
    }

    /// What of this host's firewall drops what containers send or get, with what helps; empty where nothing is found.
    func firewallWarnings() throws(EngineError) -> [String] {
        let known = try knownDefaultNetwork()
        let families: Set<IPFamily> = known?.subnet6 == nil ? [.ipv4] : [.ipv4, .ipv6]
        do throws(NetworkError) {
            return try Firewall.obstacles(to: paths.bridgeName, families: families, besides: paths.nftTable).map(Self.warning)
        } catch { throw EngineError(error, cannot: "read the host's firewall") }
    }

    func knownDefaultNetwork() throws(EngineError) -> NetworkRecord? {
        try onDatabase("find the default network") { database throws(MetadataError) in
            try database.network(named: Self.defaultNetwork)
        }
    }

    private static func warning(_ obstacle: FirewallObstacle) -> String {
        "the host's firewall drops what containers send or get (\(obstacle.place)). Let them through with: "
            + obstacle.remedies.joined(separator: "; ")
    }

    private func insertNetwork(_ state: BridgeState) throws(EngineError) -> NetworkRecord {
        let record = NetworkRecord(
            id: RandomID.make(), name: Self.defaultNetwork, driver: "bridge", bridge: state.name,
            subnet4: "\(state.ipv4Subnet)", gateway4: "\(state.ipv4Gateway)",
            subnet6: state.ipv6Subnet.map { "\($0)" }, gateway6: state.ipv6Gateway.map { "\($0)" },
            created: RealTime.now)
        return try onDatabase("enter the default network") { database throws(MetadataError) in
            try database.network(named: Self.defaultNetwork, orInsert: record)
        }
    }

    /// Somebody flushed the host's rules: what runs gets its ports again.
    private func republish(on state: BridgeState, network: String) throws(EngineError) {
        let endpoints = try onDatabase("list the endpoints") { database throws(MetadataError) in
            try database.endpoints(in: network)
        }
        for row in endpoints {
            guard let endpoint = ContainerNetwork.Endpoint(row, slotName: "veth") else { continue }
            let ports = try publishedPorts(of: row.container)
            do throws(NetworkError) {
                try Bridge.publish(ports, to: endpoint, of: state)
            } catch { warnings.append("cannot publish the ports of container \(row.container.prefix(12)) again: \(error)") }
        }
    }

    // MARK: One container

    /// Takes an address and the ports of the host; nil for a container that isn't on the default network.
    func allocateNetwork(_ record: ContainerRecord, _ spec: StoredSpec) throws(EngineError) -> NetworkEndpoint? {
        guard spec.host.networkMode == Self.defaultNetwork else { return nil }
        let (bridge, network) = try Timings.span("ensure-bridge") { () throws(EngineError) in try ensureBridge() }
        let row = try connect(record, to: network, bridge, mac: spec.config.macAddress)
        guard let endpoint = ContainerNetwork.Endpoint(row, slotName: Self.linkName(record)) else {
            throw EngineError(.system, cannot: "connect the container", because: "its address in the database is none")
        }
        let requests = try portRequests(spec)
        let reservation: PortReservation
        do throws(EngineError) {
            reservation = try reserve(requests, of: record, exposed: spec.config.exposedPorts, families: bridge.families)
        } catch {
            try disconnect(record.id)
            throw error
        }
        return NetworkEndpoint(endpoint, on: bridge, reservation)
    }

    /// Unique among the containers that run, and short enough for a link.
    static func linkName(_ record: ContainerRecord) -> String { "veth" + record.id.prefix(10) }

    private func connect(
        _ record: ContainerRecord, to network: NetworkRecord, _ bridge: BridgeState, mac: String
    ) throws(EngineError) -> Metadata.Endpoint {
        let first = UInt32(truncatingIfNeeded: bridge.ipv4Subnet.address.value)
        let last = UInt32(truncatingIfNeeded: bridge.ipv4Subnet.last.value)
        let gateway = UInt32(truncatingIfNeeded: bridge.ipv4Gateway.value)
        let connect = { (database: Database) throws(MetadataError) in
            try database.connect(
                record.id, to: network.id, addresses: (first + 1)...(last - 1), reserved: [gateway]
            ) { address in
                let ipv4 = IPAddress(.ipv4, value: UInt128(address))
                // The host part of the IPv4 address is the IPv6 one's: unique in one, unique in the other.
                let ipv6 = bridge.ipv6Subnet?.at(UInt128(address - first))
                return (mac.isEmpty ? ipv4.map { "\(MACAddress(for: $0))" } : mac, ipv6.map { "\($0)" })
            }
        }
        do throws(EngineError) { return try onDatabase("connect the container", connect) } catch {
            // What a remover that was killed has left out of use.
            guard case .noFreeAddress? = error.cause as? MetadataError, try freeRetiredAddresses() else { throw error }
            return try onDatabase("connect the container", connect)
        }
    }

    /// Lays the link into the container's namespace and opens its ports.
    func connect(
        _ network: NetworkEndpoint, _ namespaces: borrowing ContainerNamespaces, _ record: ContainerRecord
    ) throws(EngineError) {
        do throws(NetworkError) {
            try Self.attach(network, namespaces)
            try Bridge.publish(network.ports, to: network.endpoint, of: network.bridge)
        } catch { throw EngineError(error, cannot: "connect container \(record.name) to the network") }
    }

    private static func attach(
        _ network: NetworkEndpoint, _ namespaces: borrowing ContainerNamespaces
    ) throws(NetworkError) {
        switch namespaces.network {
        case .some(let namespace): try Bridge.attach(network.endpoint, to: network.bridge, namespace: namespace)
        case .none: break
        }
    }

    func raiseLoopback(_ namespaces: borrowing ContainerNamespaces) throws(EngineError) {
        do throws(NetworkError) {
            switch namespaces.network {
            case .some(let namespace): try Bridge.raiseLoopback(in: namespace)
            case .none: break
            }
        } catch { throw EngineError(error, cannot: "set up the container's loopback interface") }
    }

    /// Closes the container's ports and frees its address. What is gone already is no error: this is also how a killed
    /// Hako's leavings are cleaned. The kernel takes milliseconds for it, so it comes after the answer.
    func releaseNetwork(_ id: String) {
        warning { () throws(EngineError) in
            if try withdraw(id) { try disconnect(id) }
        }
    }

    /// The same of a container whose row goes next, and its addresses and ports with it.
    func withdrawNetwork(_ id: String) {
        warning { () throws(EngineError) in _ = try withdraw(id) }
    }

    /// The same for an answer that should come soon: without ports, nobody reaches the container any more, and that the kernel forgets its
    /// connections can wait for ``freeRetiredAddresses()``.
    ///
    /// - Returns: Whether the addresses go out of use with the row.
    func retireNetwork(_ id: String) -> Bool {
        var isRetired = false
        warning { () throws(EngineError) in
            guard try publishedPorts(of: id).isEmpty else {
                _ = try withdraw(id)
                return
            }
            let endpoints = try onDatabase("find the endpoints") { database throws(MetadataError) in
                try database.endpoints(of: id)
            }
            isRetired = !endpoints.isEmpty
        }
        hasRetiredAddresses = hasRetiredAddresses || isRetired
        return isRetired
    }

    /// Has the kernel forget the connections of addresses that went out of use, and gives them back. Whoever does that at the same time
    /// is in nobody's way.
    ///
    /// - Returns: Whether there were any.
    @discardableResult
    func freeRetiredAddresses() throws(EngineError) -> Bool {
        hasRetiredAddresses = false
        let retired = try onDatabase("list retired addresses") { database throws(MetadataError) in try database.retiredAddresses() }
        guard !retired.isEmpty else { return false }
        for address in retired {
            let addresses = [address.ipv4.flatMap { IPAddress(.ipv4, value: UInt128($0)) }, address.ipv6.flatMap { IPAddress($0) }]
            do throws(NetworkError) { try Bridge.forgetConnections(of: addresses.compactMap { $0 }) } catch {
                throw EngineError(error, cannot: "end the connections of a removed container")
            }
        }
        try onDatabase("free addresses") { database throws(MetadataError) in try database.free(retired) }
        return true
    }

    private func warning(_ body: () throws(EngineError) -> Void) {
        do throws(EngineError) { try body() } catch { warnings.append("\(error)") }
    }

    /// - Returns: Whether it has an address that can be freed now.
    private func withdraw(_ id: String) throws(EngineError) -> Bool {
        let rows = try onDatabase("find the endpoints") { database throws(MetadataError) in
            try database.endpoints(of: id)
        }
        guard let row = rows.first else { return false }
        guard let endpoint = ContainerNetwork.Endpoint(row, slotName: "veth" + id.prefix(10)) else { return true }
        let ports = try publishedPorts(of: id)
        let bridge = try ports.isEmpty ? nil : existingBridge()
        do throws(NetworkError) {
            // A bridge that is gone has taken its rules with it.
            if let bridge { try Bridge.unpublish(ports, from: endpoint, of: bridge) } else { try Bridge.forgetConnections(of: endpoint.addresses) }
        } catch { throw EngineError(error, cannot: "unpublish the ports of \(id.prefix(12))") }
        return true
    }

    private func existingBridge() throws(EngineError) -> BridgeState? {
        let settings = bridgeSettings(try knownDefaultNetwork())
        do throws(NetworkError) { return try Bridge.existing(settings) } catch {
            throw EngineError(error, cannot: "find the bridge \(paths.bridgeName)")
        }
    }

    private func disconnect(_ id: String) throws(EngineError) {
        try onDatabase("free the container's address") { database throws(MetadataError) in try database.disconnect(id) }
    }
}

extension ContainerNetwork.Endpoint {
    /// From the database's row; nil where it has no IPv4 address.
    init?(_ row: Metadata.Endpoint, slotName: String) {
        guard let address = row.ipv4, let ipv4 = IPAddress(.ipv4, value: UInt128(address)) else { return nil }
        self.init(
            hostInterface: slotName, ipv4: ipv4, ipv6: row.ipv6.flatMap(IPAddress.init),
            macAddress: row.mac.flatMap(MACAddress.init))
    }
}
