import Linux

/// The rules of a bridge: one table of family `inet`, made in one transaction.
///
/// A port is published by one element of a map; the rules never change while containers come and go.
enum BridgeRules {
    /// Maps from protocol and port, with or without the host's address before them, to a container's address and port.
    static func map(_ family: IPFamily, isBound: Bool) -> String {
        switch (family, isBound) {
        case (.ipv4, false): "ports4"
        case (.ipv4, true): "bound4"
        case (.ipv6, false): "ports6"
        case (.ipv6, true): "bound6"
        }
    }

    /// Replaces the whole table, published ports included.
    static func replace(_ label: BridgeLabel, table: String) -> NftablesTransaction {
        var rules = NftablesTransaction(table: table)
        rules.deleteTableIfThere()
        rules.addTable(comment: label.text)
        let families: [IPFamily] = label.ipv6Subnet == nil ? [.ipv4] : [.ipv4, .ipv6]
        for family in families { addMaps(family, to: &rules) }
        addGuard(to: &rules)
        addDestinationTranslation(families, to: &rules)
        addSourceTranslation(label, to: &rules)
        addForwarding(label.bridge, to: &rules)
        return rules
    }

    /// Replaces what is done with the bridge's own frames.
    ///
    /// A container whose interface comes up says four times which multicast groups of this link it has joined: one for each of
    /// its addresses. A bridge without a querier carries that to every port, where it says nothing to anybody: with 900
    /// containers, most of a start's time. Reports of groups that a router may care about pass (MLDv2, RFC 3810, 5.2).
    /// Containers are known by the hardware address that goes with their IPv4 address, as not every kernel can tell a bridge's
    /// name here (CONFIG_NFT_BRIDGE_META).
    static func replaceForFrames(_ label: BridgeLabel, table: String) -> NftablesTransaction {
        var rules = NftablesTransaction(table: table, family: .bridge)
        rules.deleteTableIfThere()
        guard label.ipv6Subnet != nil else { return rules }
        rules.addTable(comment: label.text)
        rules.addChain("prerouting", .rawPrerouting)
        let sender = MACAddress(for: label.ipv4Subnet.address).bytes.prefix(2 + label.ipv4Subnet.length / 8)
        for count: UInt8 in 1...2 {
            // Of each record that it names no sources, and a group of ff02::/16.
            let records = (0..<UInt32(count)).flatMap { matching(offset: 10 + 20 * $0, [0, 0, 0xFF, 0x02]) }
            rules.addRule(
                "prerouting",
                [
                    .loadMeta(.etherType, to: 0), .match(0, [0x86, 0xDD]),
                    .loadPayload(.linkHeader, offset: 6, length: UInt32(sender.count), to: 0), .match(0, Array(sender)),
                    .loadMeta(.transportProtocol, to: 0), .match(0, [58]),  // ICMPv6
                ] + matching(offset: 0, [143]) + matching(offset: 6, [0, count]) + records + [.verdict(.drop)],
                comment: "reports of groups of this link")
        }
        return rules
    }

    /// Bytes of what follows a packet's IP headers.
    private static func matching(offset: UInt32, _ bytes: [UInt8]) -> [NftablesExpression] {
        [.loadPayload(.transportHeader, offset: offset, length: UInt32(bytes.count), to: 0), .match(0, bytes)]
    }

    private static func addMaps(_ family: IPFamily, to rules: inout NftablesTransaction) {
        let address: NftablesTransaction.Field = family == .ipv4 ? .ipv4Address : .ipv6Address
        rules.addMap(map(family, isBound: false), from: [.transportProtocol, .port], to: [address, .port])
        rules.addMap(map(family, isBound: true), from: [address, .transportProtocol, .port], to: [address, .port])
    }

    /// A port published on 127.0.0.1 needs route_localnet on the bridge. With it, a container could reach whatever listens on
    /// the host's loopback, and a neighbour does where a rule sends it there (CVE-2020-8558, CVE-2025-54388). So nothing that
    /// did not begin on this host may carry such an address, whatever interface it comes from.
    private static func addGuard(to rules: inout NftablesTransaction) {
        rules.addChain("guard", .rawPrerouting)
        for field in [ipv4Destination, ipv4Source] {
            rules.addRule(
                "guard", [.loadMeta(.inputInterfaceName, to: 0), .matchNot(0, interface("lo"))]
                    + matching(.ipv4, field, loopback) + [.verdict(.drop)],
                comment: "127.0.0.0/8 is this host's alone")
        }
    }

    private static func addDestinationTranslation(_ families: [IPFamily], to rules: inout NftablesTransaction) {
        rules.addChain("published")
        for family in families {
            // The address that a port is bound to goes before all addresses.
            for isBound in [true, false] {
                rules.addRule("published", translation(family, isBound: isBound))
            }
        }
        for (chain, hook) in [("prerouting", .translateArriving), ("output", .translateLocal)]
            as [(String, NftablesTransaction.Hook)]
        {
            rules.addChain(chain, hook)
            if chain == "output" && families.contains(.ipv6) {
                // The kernel does not deliver answers to ::1 that come from elsewhere: refused at once is better than silence,
                // and makes clients try 127.0.0.1.
                rules.addRule(
                    chain, matching(.ipv6, ipv6Destination, (IPAddress.ipv6Loopback.bytes)) + [.verdict(.accept)])
            }
            // What goes through this host to another one is not ours, whatever its port (CVE-2025-67499).
            rules.addRule(
                chain,
                [.loadDestinationType(to: 0), .match(0, hostOrder(2)), .verdict(.jump("published"))],  // RTN_LOCAL
                comment: "only what is sent to this host")
        }
    }

    private static func translation(_ family: IPFamily, isBound: Bool) -> [NftablesExpression] {
        let words: UInt8 = family == .ipv4 ? 1 : 4
        let port = isBound ? words + 1 : 1
        // The family of a packet is checked where its header is read; a bare port could be one of the other family.
        var steps: [NftablesExpression] = [.loadMeta(.networkProtocol, to: 0), .match(0, [family.rawValue])]
        if isBound {
            let field = family == .ipv4 ? ipv4Destination : ipv6Destination
            steps.append(.loadPayload(.networkHeader, offset: field.offset, length: field.length, to: 0))
        }
        return steps + [
            .loadMeta(.transportProtocol, to: port - 1),
            .loadPayload(.transportHeader, offset: 2, length: 2, to: port),
            .lookup(map: map(family, isBound: isBound), key: 0, to: 0),
            .translateDestination(family, address: 0, port: words),
        ]
    }

    private static func addSourceTranslation(_ label: BridgeLabel, to rules: inout NftablesTransaction) {
        let name = label.bridge
        rules.addChain("postrouting", .translateLeaving)
        let toBridge: [NftablesExpression] = [.loadMeta(.outputInterfaceName, to: 0), .match(0, interface(name))]
        let elsewhere: [NftablesExpression] = [.loadMeta(.outputInterfaceName, to: 0), .matchNot(0, interface(name))]
        rules.addRule(
            "postrouting", toBridge + matching(.ipv4, ipv4Source, loopback) + [.masquerade],
            comment: "a container can't answer 127.0.0.1")
        for subnet in [label.ipv4Subnet, label.ipv6Subnet].compactMap({ $0 }) {
            let fromSubnet = matching(subnet)
            // The container would get its own address as source, or answer a neighbour on the bridge directly.
            rules.addRule(
                "postrouting", toBridge + fromSubnet + isTranslated + [.masquerade],
                comment: "containers that use a published port")
            rules.addRule("postrouting", elsewhere + fromSubnet + [.masquerade])
        }
    }

    private static func addForwarding(_ bridge: String, to rules: inout NftablesTransaction) {
        rules.addChain("forward", .filterForwarded)
        rules.addChain("arriving")
        rules.addRule(
            "forward",
            [.loadMeta(.outputInterfaceName, to: 0), .match(0, interface(bridge)), .verdict(.jump("arriving"))])
        rules.addRule(
            "arriving",
            [
                .loadConntrack(.state, to: 0), .mask(0, hostOrder(NftablesExpression.establishedOrRelated)),
                .matchNot(0, hostOrder(0)), .verdict(.accept),
            ])
        rules.addRule("arriving", isTranslated + [.verdict(.accept)], comment: "published ports")
        rules.addRule(
            "arriving", [.loadMeta(.inputInterfaceName, to: 0), .match(0, interface(bridge)), .verdict(.accept)],
            comment: "containers among themselves")
        rules.addRule("arriving", [.verdict(.drop)])
    }

    // MARK: - Fields and values

    private struct HeaderField {
        let offset: UInt32
        let length: UInt32
    }

    private static let ipv4Source = HeaderField(offset: 12, length: 4)
    private static let ipv4Destination = HeaderField(offset: 16, length: 4)
    private static let ipv6Source = HeaderField(offset: 8, length: 16)
    private static let ipv6Destination = HeaderField(offset: 24, length: 16)
    /// The first byte of 127.0.0.0/8.
    private static let loopback: [UInt8] = [127]

    private static let isTranslated: [NftablesExpression] = [
        .loadConntrack(.status, to: 0), .mask(0, hostOrder(NftablesExpression.destinationTranslated)),
        .matchNot(0, hostOrder(0)),
    ]

    /// The packet's family and the first bytes of a field of its header.
    private static func matching(
        _ family: IPFamily, _ field: HeaderField, _ bytes: [UInt8]
    ) -> [NftablesExpression] {
        [
            .loadMeta(.networkProtocol, to: 0), .match(0, [family.rawValue]),
            .loadPayload(.networkHeader, offset: field.offset, length: UInt32(bytes.count), to: 0), .match(0, bytes),
        ]
    }

    /// A source address in the subnet.
    private static func matching(_ subnet: IPPrefix) -> [NftablesExpression] {
        let field = subnet.family == .ipv4 ? ipv4Source : ipv6Source
        let bytes = subnet.address.bytes
        if subnet.length % 8 == 0 { return matching(subnet.family, field, Array(bytes.prefix(subnet.length / 8))) }
        let mask = bytes.indices.map { index in
            UInt8(truncatingIfNeeded: 0xff00 >> max(0, min(8, subnet.length - 8 * index)))
        }
        return [
            .loadMeta(.networkProtocol, to: 0), .match(0, [subnet.family.rawValue]),
            .loadPayload(.networkHeader, offset: field.offset, length: field.length, to: 0),
            .mask(0, mask), .match(0, bytes),
        ]
    }

    /// The name of a link as the kernel compares it: 16 bytes, NUL behind the name.
    private static func interface(_ name: String) -> [UInt8] {
        Array(name.utf8) + [UInt8](repeating: 0, count: max(0, 16 - name.utf8.count))
    }

    private static func hostOrder(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number.littleEndian >> ($0 * 8)) }
    }
}
