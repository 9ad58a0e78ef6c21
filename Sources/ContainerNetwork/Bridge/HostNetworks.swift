import Linux

/// What the host's network has, as far as a bridge must get along with it.
struct HostNetworks {
    private let links: [Link]
    private let addresses: [LinkAddress]
    private let routes: [Route]

    init(_ socket: inout RouteSocket) throws(NetlinkError) {
        links = try socket.links()
        addresses = try socket.addresses()
        routes = try socket.routes(.ipv4) + socket.routes(.ipv6)
    }

    func link(named name: String) -> Link? { links.first { $0.name == name } }

    /// The networks that a link's addresses are in, but those that the kernel gave it itself.
    func subnets(of link: Link, _ family: IPFamily) -> [IPPrefix] {
        addresses.filter { $0.linkIndex == link.index && $0.address.family == family && !$0.address.isLinkLocal }
            .compactMap { IPPrefix(containing: $0.address, length: $0.prefixLength) }
    }

    /// Everything that a new subnet must not meet: networks with an address or a route, gateways, and name servers, which
    /// may be behind the default route.
    func inUse(nameServers: [IPAddress], except name: String) -> [IPPrefix] {
        let own = link(named: name)?.index
        let attached = addresses.filter { $0.linkIndex != own }
            .compactMap { IPPrefix(containing: $0.address, length: $0.prefixLength) }
        let routed = routes.filter { $0.linkIndex != own || own == nil }
        let gateways = routed.compactMap(\.gateway)
        let single = (gateways + nameServers).compactMap { IPPrefix(containing: $0, length: $0.family.bitCount) }
        return attached + routed.map(\.destination) + single
    }

    /// The largest packet, in bytes, that the link of the default route carries; 1500 where there is none.
    var uplinkMTU: UInt32 {
        let uplink = routes.filter(\.isDefault).min { $0.metric < $1.metric }
        let link = links.first { $0.index == uplink?.linkIndex }
        return min(max(link?.mtu ?? 1500, 1280), 65535)
    }

    /// Whether the host has an IPv6 address that is good for more than one link.
    var hasIPv6: Bool {
        let loopbacks = Set(links.filter(\.isLoopback).map(\.index))
        return addresses.contains {
            $0.address.family == .ipv6 && !$0.address.isLinkLocal && !loopbacks.contains($0.linkIndex)
        }
    }

    /// The names of all links but the loopback.
    var linkNames: [String] { links.filter { !$0.isLoopback }.map(\.name) }
}
