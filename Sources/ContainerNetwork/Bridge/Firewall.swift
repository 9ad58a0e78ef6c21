import Glibc
import Linux

/// Something of the host that drops what a bridge's containers send or get. The verdict of one table can't be lifted by
/// another: only who runs the firewall can let the bridge through.
public struct FirewallObstacle: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// Docker's chains: DOCKER-USER is the place for exceptions.
        case docker
        /// firewalld's table: an interface needs a zone.
        case firewalld
        /// The FORWARD chain of iptables or ip6tables drops by default.
        case iptables
        /// A chain of another nftables table drops by default.
        case nftables
    }

    public let kind: Kind
    public let family: IPFamily
    /// Where it stands, fit to be shown: `table ip filter, chain FORWARD`.
    public let place: String
    /// Commands that let the bridge through. What is not published stays closed by the bridge's own rules.
    public let remedies: [String]
}

/// Finds what is in the way of a bridge.
public enum Firewall {
    /// The firewalls of this network namespace that drop what the bridge forwards, and have no rule that names it.
    ///
    /// Found are chains whose policy is to drop (nftables, iptables of both kinds: what Docker, ufw and most hand-written
    /// firewalls use) and firewalld. A firewall that accepts by default and drops by a rule is not found.
    ///
    /// - Parameter table: The bridge's own table, which is none of them.
    public static func obstacles(
        to bridge: String, families: Set<IPFamily>, besides table: String
    ) throws(NetworkError) -> [FirewallObstacle] {
        try networking {
            var socket = try NetfilterSocket()
            let chains = try socket.chains()
            var found: [FirewallObstacle] = []
            for chain in chains where chain.table != table && chain.mayDropForwarded {
                guard try !socket.hasRule(in: chain, naming: bridge) else { continue }
                let hasDocker = chains.contains { $0.table == chain.table && $0.name == "DOCKER-USER" }
                for family in [IPFamily.ipv4, .ipv6] where families.contains(family) && chain.sees(family) {
                    found.append(obstacle(chain, family, to: bridge, hasDocker: hasDocker))
                }
            }
            return found + families.compactMap { legacyObstacle($0, to: bridge) }
        }
    }

    private static func obstacle(
        _ chain: NetfilterSocket.Chain, _ family: IPFamily, to bridge: String, hasDocker: Bool
    ) -> FirewallObstacle {
        let familyName = [1: "inet", 2: "ip", 10: "ip6"][chain.family] ?? "inet"
        let place = "table \(familyName) \(chain.table), chain \(chain.name)"
        let isIptables = chain.table == "filter" && chain.name == "FORWARD" && chain.family != 1
        let command = family == .ipv4 ? "iptables" : "ip6tables"
        if chain.table == "firewalld" {
            return FirewallObstacle(
                kind: .firewalld, family: family, place: place,
                remedies: [
                    "firewall-cmd --permanent --zone=trusted --add-interface=\(bridge)", "firewall-cmd --reload",
                ])
        }
        if isIptables {
            return FirewallObstacle(
                kind: hasDocker ? .docker : .iptables, family: family, place: place,
                remedies: exceptions(command, hasDocker ? "DOCKER-USER" : "FORWARD", bridge))
        }
        let insert = "nft insert rule \(familyName) \(chain.table) \(chain.name)"
        return FirewallObstacle(
            kind: .nftables, family: family, place: place,
            remedies: ["\(insert) iifname \(bridge) accept", "\(insert) oifname \(bridge) accept"])
    }

    private static func legacyObstacle(_ family: IPFamily, to bridge: String) -> FirewallObstacle? {
        // Asking the kernel would load the module and make the table: only where it is in use.
        let list = family == .ipv4 ? "ip_tables_names" : "ip6_tables_names"
        guard let names = try? FileDescriptor.contents(of: "/proc/thread-self/net/\(list)", limit: 4096),
            names.split(separator: UInt8(ascii: "\n")).contains(Array("filter".utf8)[...]),
            LegacyFirewall.dropsForwarded(family, naming: bridge)
        else { return nil }
        let command = family == .ipv4 ? "iptables-legacy" : "ip6tables-legacy"
        return FirewallObstacle(
            kind: .iptables, family: family, place: "legacy \(family == .ipv4 ? "iptables" : "ip6tables"), chain FORWARD",
            remedies: exceptions(command, "FORWARD", bridge))
    }

    private static func exceptions(_ command: String, _ chain: String, _ bridge: String) -> [String] {
        ["\(command) -I \(chain) -i \(bridge) -j ACCEPT", "\(command) -I \(chain) -o \(bridge) -j ACCEPT"]
    }
}

extension NetfilterSocket.Chain {
    fileprivate func sees(_ other: IPFamily) -> Bool { family == 1 || family == other.rawValue }

    /// firewalld's chain accepts by default, and rejects by its last rule.
    fileprivate var mayDropForwarded: Bool {
        filtersForwarded && [1, 2, 10].contains(family) && (dropsByDefault || table == "firewalld")
    }
}
