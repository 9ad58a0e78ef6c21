import SQLite

/// A network that containers can be connected to.
public struct NetworkRecord: Hashable, Sendable {
    public var id: String
    public var name: String
    /// `bridge`, `host` or `none`.
    public var driver: String
    /// The link on the host.
    public var bridge: String?
    /// `172.18.0.0/16`
    public var subnet4: String?
    public var gateway4: String?
    public var subnet6: String?
    public var gateway6: String?
    /// A JSON object.
    public var options: String
    /// Nanoseconds since 1970.
    public var created: Int64

    public init(
        id: String, name: String, driver: String, bridge: String? = nil, subnet4: String? = nil,
        gateway4: String? = nil, subnet6: String? = nil, gateway6: String? = nil, options: String = "{}", created: Int64
    ) {
        self.id = id
        self.name = name
        self.driver = driver
        self.bridge = bridge
        self.subnet4 = subnet4
        self.gateway4 = gateway4
        self.subnet6 = subnet6
        self.gateway6 = gateway6
        self.options = options
        self.created = created
    }

    static let columns = "id, name, driver, bridge, subnet4, gateway4, subnet6, gateway6, options, created"

    init(_ row: Row) {
        self.init(
            id: row.text(0), name: row.text(1), driver: row.text(2), bridge: row.optionalText(3),
            subnet4: row.optionalText(4), gateway4: row.optionalText(5), subnet6: row.optionalText(6),
            gateway6: row.optionalText(7), options: row.text(8), created: row.integer(9))
    }

    var values: [Value] {
        [
            .text(id), .text(name), .text(driver), Value(bridge), Value(subnet4), Value(gateway4), Value(subnet6),
            Value(gateway6), .text(options), .integer(created),
        ]
    }
}

/// A container's place in a network.
public struct Endpoint: Hashable, Sendable {
    public var container: String
    /// The network's id.
    public var network: String
    /// In host byte order: 172.18.0.2 is 0xAC120002.
    public var ipv4: UInt32?
    public var ipv6: String?
    /// `02:42:ac:12:00:02`
    public var mac: String?

    public init(container: String, network: String, ipv4: UInt32? = nil, ipv6: String? = nil, mac: String? = nil) {
        self.container = container
        self.network = network
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.mac = mac
    }

    static let columns = "container, network, ipv4, ipv6, mac"

    init(_ row: Row) {
        self.init(
            container: row.text(0), network: row.text(1),
            ipv4: row.optionalInteger(2).map(UInt32.init(truncatingIfNeeded:)), ipv6: row.optionalText(3),
            mac: row.optionalText(4))
    }

    var values: [Value] {
        [.text(container), .text(network), Value(ipv4.map(Int64.init)), Value(ipv6), Value(mac)]
    }
}

/// A port of the host that leads to a container's.
public struct PublishedPort: Hashable, Sendable, CustomStringConvertible {
    public enum Family: Int64, Hashable, Sendable { case ipv4 = 4, ipv6 = 6 }

    public var family: Family
    /// The host's address it is bound to; `0.0.0.0` and `::` are all of its family.
    public var hostAddress: String
    public var hostPort: UInt16
    /// `tcp`, `udp` or `sctp`.
    public var proto: String
    public var containerPort: UInt16

    public init(family: Family, hostAddress: String, hostPort: UInt16, proto: String, containerPort: UInt16) {
        self.family = family
        self.hostAddress = hostAddress
        self.hostPort = hostPort
        self.proto = proto
        self.containerPort = containerPort
    }

    public var description: String {
        let address = family == .ipv6 ? "[\(hostAddress)]" : hostAddress
        return "\(address):\(hostPort)/\(proto)"
    }

    /// The address that stands for all of the family.
    var wildcard: String { family == .ipv4 ? "0.0.0.0" : "::" }

    static let columns = "family, hostAddress, hostPort, protocol, containerPort"

    init(_ row: Row, from first: Int32 = 0) throws(MetadataError) {
        guard let family = Family(rawValue: row.integer(first)) else {
            throw .malformed(column: "published_ports.family", value: "\(row.integer(first))")
        }
        self.init(
            family: family, hostAddress: row.text(first + 1),
            hostPort: UInt16(truncatingIfNeeded: row.integer(first + 2)), proto: row.text(first + 3),
            containerPort: UInt16(truncatingIfNeeded: row.integer(first + 4)))
    }

    var values: [Value] {
        [
            .integer(family.rawValue), .text(hostAddress), .integer(Int64(hostPort)), .text(proto),
            .integer(Int64(containerPort)),
        ]
    }
}
