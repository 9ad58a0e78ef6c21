import Linux

/// Makes a bridge, step by step; each step does only what is missing, as an earlier one may have been killed in the middle.
/// The caller has the lock.
struct BridgeMaker: ~Copyable {
    private let settings: BridgeSettings
    private var route: RouteSocket
    private let host: HostNetworks

    init(_ settings: BridgeSettings) throws {
        var route = try RouteSocket()
        host = try HostNetworks(&route)
        self.settings = settings
        self.route = route
    }

    mutating func make() throws -> BridgeState {
        let label = try plan()
        let link = try makeLink(label)
        let hasNewRules = try makeRules(label)
        try settleLink(label)
        try forward(label)
        var batch = RouteBatch()
        batch.raise(settings.name)
        try route.apply(batch)
        let obstacles = try Firewall.obstacles(to: settings.name, families: label.families, besides: settings.table)
        return BridgeState(settings, label, link, hasNewRules: hasNewRules, obstacles: obstacles)
    }

    // MARK: - Addresses

    /// The subnets: those asked for, else those that the bridge already has, else new ones.
    private func plan() throws(NetworkError) -> BridgeLabel {
        let nameServers = ResolverConfiguration.ofHost().nameServers
        let inUse = host.inUse(nameServers: nameServers, except: settings.name)
            + settings.otherSubnets
        let existing = try existingLink()
        let old4 = existing.flatMap { host.subnets(of: $0, .ipv4).first }
        let old6 = existing.flatMap { host.subnets(of: $0, .ipv6).first }
        let ipv4 = try chosen(settings.ipv4Subnet, old4, inUse) ?? AddressPlan.ipv4Subnet(of: settings.ipv4Pools, avoiding: inUse)
        guard let ipv4 else { throw .noFreeSubnet }
        return BridgeLabel(bridge: settings.name, ipv4Subnet: ipv4, ipv6Subnet: try planIPv6(old6, inUse))
    }

    private func planIPv6(_ old: IPPrefix?, _ inUse: [IPPrefix]) throws(NetworkError) -> IPPrefix? {
        switch settings.ipv6 {
        case .off: return nil
        case .subnet(let subnet): return try chosen(subnet, old, inUse)
        case .automatic, .required:
            if let old { return old }
            guard host.hasIPv6 || settings.ipv6 == .required else { return nil }
            var generator = SystemRandomNumberGenerator()
            return AddressPlan.ipv6Subnet(avoiding: inUse, using: &generator)
        }
    }

    private func existingLink() throws(NetworkError) -> Link? {
        guard let link = host.link(named: settings.name) else { return nil }
        guard link.kind == "bridge" else { throw .notABridge(name: link.name, kind: link.kind) }
        return link
    }

    private func chosen(_ wanted: IPPrefix?, _ old: IPPrefix?, _ inUse: [IPPrefix]) throws(NetworkError) -> IPPrefix? {
        guard let wanted else { return old }
        if let old {
            guard old == wanted else {
                throw .bridgeDiffers(name: settings.name, existing: "\(old)", wanted: "\(wanted)")
            }
            return old
        }
        if let other = AddressPlan.collision(of: wanted, with: inUse) { throw .subnetInUse(wanted, by: other) }
        return wanted
    }

    // MARK: - Link

    /// Makes the link, down, and gives it its addresses.
    private mutating func makeLink(_ label: BridgeLabel) throws -> Link {
        if host.link(named: settings.name) == nil {
            var batch = RouteBatch()
            batch.addBridge(
                settings.name, macAddress: MACAddress(for: AddressPlan.gateway(of: label.ipv4Subnet)),
                mtu: settings.mtu ?? host.uplinkMTU)
            try route.apply(batch)
        }
        guard let link = try route.link(named: settings.name) else {
            throw NetlinkError("RTM_GETLINK", on: settings.name, .noSuchFile)
        }
        // Before it has addresses: the kernel refuses IPv6 ones on a link that has IPv6 off.
        try KernelSetting.ofLink(link.name, "ipv6", "disable_ipv6").ensure(label.ipv6Subnet == nil ? 1 : 0)
        var batch = RouteBatch()
        for subnet in label.subnets {
            batch.addAddress(AddressPlan.gateway(of: subnet), prefixLength: subnet.length, link: link.index)
        }
        try route.apply(batch)
        return link
    }

    /// Whether the table had to be made.
    private func makeRules(_ label: BridgeLabel) throws -> Bool {
        var netfilter = try NetfilterSocket()
        if try netfilter.comment(ofTable: settings.table) == label.text { return false }
        // First, as the other table's label tells that all is there. A kernel without tables for bridges carries more.
        try? netfilter.commit(BridgeRules.replaceForFrames(label, table: settings.table))
        try? netfilter.commit(BridgeRules.replace(label, table: settings.table))
        return true
    }

    /// Settings of the bridge's own link. The rules are there already: with route_localnet and without them, containers
    /// would reach what listens on the host's loopback (CVE-2020-8558).
    private func settleLink(_ label: BridgeLabel) throws {
        let name = settings.name
        // A container that may send raw packets is no router of the host's (CVE-2020-13401).
        try KernelSetting.ofLink(name, "ipv6", "accept_ra").ensure(0)
        try KernelSetting.ofLink(name, "ipv6", "accept_redirects").ensure(0)
        try KernelSetting.ofLink(name, "ipv4", "accept_redirects").ensure(0)
        // No search for a duplicate of fe80::…: without that address the bridge can't ask for a container's hardware
        // address, so that the first container would not be reached for a second.
        try KernelSetting.ofLink(name, "ipv6", "accept_dad").ensure(0)
        try KernelSetting.ofLink(name, "ipv4", "route_localnet").ensure(1)
    }

    /// Lets the host forward what its containers send.
    private func forward(_ label: BridgeLabel) throws {
        try KernelSetting.forwardIPv4.ensure(1)
        guard label.ipv6Subnet != nil, try KernelSetting.forwardIPv6.value() == 0 else { return }
        for link in host.linkNames {
            // A host that forwards stops learning its own default route from advertisements, unless told to go on (2).
            let acceptance = KernelSetting.ofLink(link, "ipv6", "accept_ra")
            if link != settings.name, try acceptance.value() == 1 { try acceptance.set(2) }
        }
        try KernelSetting.forwardIPv6.set(1)
    }
}

extension BridgeLabel {
    var subnets: [IPPrefix] { [ipv4Subnet, ipv6Subnet].compactMap { $0 } }
    var families: Set<IPFamily> { Set(subnets.map(\.family)) }
}
