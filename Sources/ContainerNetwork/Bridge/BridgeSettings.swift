import Linux

/// What a bridge shall be. Names and subnets are the caller's: several stores on one host have a bridge and a table each.
public struct BridgeSettings: Hashable, Sendable {
    /// The link's name, at most 15 bytes: `hako0`.
    public var name: String
    /// The name of the nftables table of family `inet` that has the bridge's rules and published ports: `hako`.
    public var table: String
    /// A file that is locked while the bridge is made or removed; it is made if it is missing, its directory is not.
    public var lockPath: String
    /// Nil: the first private one that has nothing in common with the host's networks. What was chosen once should be given
    /// here from then on, so that a container finds its address again after a reboot.
    public var ipv4Subnet: IPPrefix?
    /// Where an IPv4 subnet that is not given is looked for; empty: where Docker looks for it.
    public var ipv4Pools: [Pool] = []
    public var ipv6: IPv6Choice
    /// In bytes; nil: that of the link which the host's default route uses.
    public var mtu: UInt32?
    /// Subnets of other networks, which may have no link right now.
    public var otherSubnets: [IPPrefix]

    public enum IPv6Choice: Hashable, Sendable {
        case off
        /// A random unique local network (RFC 4193), if the host itself has an IPv6 address beyond its links.
        case automatic
        /// The same, whatever the host has.
        case required
        case subnet(IPPrefix)
    }

    /// A network of which a bridge can have a piece.
    public struct Pool: Hashable, Sendable {
        public let base: IPPrefix
        /// Of a piece, in bits.
        public let prefixLength: Int

        public init(base: IPPrefix, prefixLength: Int) {
            self.base = base
            self.prefixLength = prefixLength
        }

        /// The pieces, from the first address on.
        var pieces: some Sequence<IPPrefix> {
            let count = max(0, min(prefixLength - base.length, 24))
            let bits = UInt128(base.family.bitCount - prefixLength)
            return (0..<(UInt128(1) << UInt128(count))).lazy.compactMap { [base, prefixLength] index in
                base.at(index << bits).flatMap { IPPrefix(containing: $0, length: prefixLength) }
            }
        }
    }

    public init(
        name: String, table: String, lockPath: String, ipv4Subnet: IPPrefix? = nil, ipv6: IPv6Choice = .automatic,
        mtu: UInt32? = nil, otherSubnets: [IPPrefix] = []
    ) {
        self.name = name
        self.table = table
        self.lockPath = lockPath
        self.ipv4Subnet = ipv4Subnet
        self.ipv6 = ipv6
        self.mtu = mtu
        self.otherSubnets = otherSubnets
    }

    /// - Throws: ``NetworkError/invalid(what:value:reason:)`` for names that the kernel would refuse or read as a path.
    func validate() throws(NetworkError) {
        try Self.validate(linkName: name, what: "bridge name")
        guard (1...64).contains(table.utf8.count), table.utf8.allSatisfy(Self.isNameByte) else {
            throw .invalid(what: "table name", value: table, reason: "use letters, digits, - and _, at most 64")
        }
        for subnet in [ipv4Subnet].compactMap({ $0 }) where subnet.family != .ipv4 || subnet.length > 30 {
            throw .invalid(what: "subnet", value: "\(subnet)", reason: "it is no IPv4 network with room for a container")
        }
        if case .subnet(let subnet) = ipv6, subnet.family != .ipv6 || subnet.length > 126 {
            throw .invalid(what: "subnet", value: "\(subnet)", reason: "it is no IPv6 network with room for a container")
        }
    }

    /// The name of a link is part of paths below `/proc/sys/net`.
    static func validate(linkName name: String, what: String) throws(NetworkError) {
        guard (1...15).contains(name.utf8.count), name.utf8.allSatisfy(isNameByte) else {
            throw .invalid(what: what, value: name, reason: "use letters, digits, - and _, at most 15")
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// A bridge that is there, with its rules.
public struct BridgeState: Hashable, Sendable {
    public let name: String
    public let table: String
    public let linkIndex: Int32
    /// In bytes.
    public let mtu: UInt32
    public let ipv4Subnet: IPPrefix
    public let ipv6Subnet: IPPrefix?
    /// Whether the rules have just been made, with no port published: what runs already has to be published again.
    public let hasNewRules: Bool
    /// Who drops what the bridge's containers send or get. Only looked for when the bridge or its rules are made; see
    /// ``Firewall/obstacles(to:)``.
    public let obstacles: [FirewallObstacle]

    /// The bridge's own address, the containers' gateway and `host-gateway`.
    public var ipv4Gateway: IPAddress { AddressPlan.gateway(of: ipv4Subnet) }
    public var ipv6Gateway: IPAddress? { ipv6Subnet.map { AddressPlan.gateway(of: $0) } }
    /// The families in which its containers have addresses.
    public var families: Set<IPFamily> { ipv6Subnet == nil ? [.ipv4] : [.ipv4, .ipv6] }
}

/// What a bridge's table says about itself in its comment, so that one request tells whether the rules are there and are
/// those of this version: `hako 2 hako0 172.17.0.0/16 fd4b:…::/64`.
struct BridgeLabel: Hashable {
    /// Grows when the rules change: a table of another version is made anew.
    static let version = 2

    let bridge: String
    let ipv4Subnet: IPPrefix
    let ipv6Subnet: IPPrefix?

    init(bridge: String, ipv4Subnet: IPPrefix, ipv6Subnet: IPPrefix?) {
        self.bridge = bridge
        self.ipv4Subnet = ipv4Subnet
        self.ipv6Subnet = ipv6Subnet
    }

    var text: String {
        "hako \(Self.version) \(bridge) \(ipv4Subnet)" + (ipv6Subnet.map { " \($0)" } ?? "")
    }

    /// Nil if the text is not one of this version.
    init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 4 || words.count == 5, words[0] == "hako", words[1] == "\(Self.version)",
            let ipv4Subnet = IPPrefix(String(words[3]))
        else { return nil }
        var ipv6Subnet: IPPrefix?
        if words.count == 5 {
            guard let subnet = IPPrefix(String(words[4])) else { return nil }
            ipv6Subnet = subnet
        }
        self.init(bridge: String(words[2]), ipv4Subnet: ipv4Subnet, ipv6Subnet: ipv6Subnet)
    }

    /// Whether these are the subnets that were asked for.
    func fits(_ settings: BridgeSettings) -> Bool {
        guard bridge == settings.name, settings.ipv4Subnet == nil || settings.ipv4Subnet == ipv4Subnet else {
            return false
        }
        return switch settings.ipv6 {
        case .off: ipv6Subnet == nil
        case .automatic: true
        case .required: ipv6Subnet != nil
        case .subnet(let subnet): ipv6Subnet == subnet
        }
    }
}
