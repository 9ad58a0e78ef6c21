import Glibc
import Linux
import TestSupport
import Testing

@testable import ContainerNetwork

/// Network namespaces, and a kernel with nftables in them.
let canMakeNetworks = geteuid() == 0 && (try? NetworkNamespace.run(in: NetworkNamespace.create()) {
    var socket = try NetfilterSocket()
    return try socket.chains()
}) != nil

@Suite("A bridge", .enabled(if: canMakeNetworks, "needs root and nftables"))
struct BridgeTests {
    @Test("is made with its rules, addresses and the uplink's packet size, and found again")
    func ensures() throws {
        let testbed = try Testbed()
        let made = try testbed.ensure()
        #expect(made.hasNewRules)
        #expect(made.ipv4Subnet == IPPrefix("172.17.0.0/16"))
        #expect(made.ipv6Subnet == nil)
        #expect(made.mtu == 1400)
        #expect(made.obstacles.isEmpty)
        let found = try testbed.ensure()
        #expect(!found.hasNewRules)
        #expect(found.linkIndex == made.linkIndex && found.ipv4Subnet == made.ipv4Subnet)
        let shown = try testbed.host.run("ip addr show hako0; cat /proc/sys/net/ipv4/ip_forward")
        #expect(shown.contains("172.17.0.1/16") && shown.contains("UP") && shown.contains("02:42:ac:11:00:01"))
        #expect(!shown.contains("fe80") && shown.hasSuffix("1\n"))
    }

    @Test("is made once by many at the same time")
    func ensuresOnce() throws {
        let testbed = try Testbed(ipv6: .automatic)
        let states = Collected<BridgeState>()
        TestThread.concurrently(16) { _ in
            states.collect { try testbed.ensure() }
        }
        #expect(states.errors.isEmpty)
        #expect(states.values.count == 16)
        #expect(states.values.filter(\.hasNewRules).count == 1)
        #expect(Set(states.values.map(\.ipv6Subnet)).count == 1)
        #expect(try testbed.host.run("nft list tables | sort") == "table bridge hako\ntable inet hako\n")
    }

    @Test("has rules that nft lists and would take again")
    func listsRules() throws {
        let testbed = try Testbed(ipv6: .automatic)
        let bridge = try testbed.ensure()
        let (_, endpoint) = try testbed.container(1, on: bridge)
        let ports = [
            PublishedPort(hostPort: 8080, containerPort: 80),
            PublishedPort(hostAddress: IPAddress(127, 0, 0, 1), hostPort: 53, containerPort: 53, transport: .udp),
        ]
        try testbed.host.here { try Bridge.publish(ports, to: endpoint, of: bridge) }
        let rules = try testbed.host.run("nft list ruleset")
        #expect(rules.contains("comment \"hako 2 hako0 172.17.0.0/16 fd"))
        #expect(rules.contains("type inet_proto . inet_service : ipv4_addr . inet_service"))
        #expect(rules.contains("tcp . 8080 : 172.17.0.2 . 80"))
        #expect(rules.contains("127.0.0.1 . udp . 53 : 172.17.0.2 . 53"))
        #expect(rules.contains("fib daddr type local jump published"))
        try testbed.host.run("nft list ruleset > \(testbed.scratch.scratch.path("rules")) && nft flush ruleset")
        try testbed.host.run("nft -f \(testbed.scratch.scratch.path("rules"))")
        #expect(try testbed.host.run("nft list ruleset") == rules)
    }

    @Test("does not carry to each container which addresses the others have, but which groups beyond the link they joined")
    func keepsReports() throws {
        let testbed = try Testbed(ipv6: .automatic)
        let bridge = try testbed.ensure()
        let (first, _) = try testbed.container(1, on: bridge)
        let packets = { try first.run("awk '$1 == \"Ip6InMcastPkts\" { print $2 }' /proc/net/dev_snmp6/eth0") }
        // The bridge's own reports are over: one may come a second after the other.
        try testbed.host.run("sleep 2.5")
        let before = try packets()
        let (second, endpoint) = try testbed.container(2, on: bridge)
        try testbed.host.run("sleep 2.5")
        #expect(try packets() == before)
        let address = try #require(endpoint.ipv6)
        try first.run("timeout 30 bash -c 'echo > /dev/tcp/\(address)/9' 2>&1 | grep -q refused")
        let afterSearch = try packets()
        try second.run("\(Attacker.program) join-group ff05::1234 eth0")
        #expect(try packets() != afterSearch)
    }

    @Test("gets its rules again after somebody has flushed them, and says so")
    func repairsRules() throws {
        let testbed = try Testbed()
        let bridge = try testbed.ensure()
        try testbed.host.run("nft flush ruleset")
        let again = try testbed.ensure()
        #expect(again.hasNewRules && again.ipv4Subnet == bridge.ipv4Subnet)
    }

    @Test("takes a subnet that has nothing in common with the host's networks")
    func avoidsHost() throws {
        let testbed = try Testbed()
        try testbed.host.run("ip route add 172.17.9.0/24 via 192.0.2.9; ip addr add 172.18.0.5/24 dev eth0")
        #expect(try testbed.ensure().ipv4Subnet == IPPrefix("172.19.0.0/16"))
    }

    @Test("is refused a subnet that the host has")
    func refusesCollision() throws {
        let testbed = try Testbed()
        var settings = testbed.settings
        settings.ipv4Subnet = IPPrefix("192.0.2.128/25")
        let error = #expect(throws: NetworkError.self) {
            try testbed.host.here { try Bridge.ensure(settings) }
        }
        guard case .subnetInUse(_, by: let other) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(other == IPPrefix("192.0.2.0/24"))
        #expect(try testbed.host.run("ip -br link show type bridge; nft list tables") == "")
    }

    @Test("is not taken for a link of another kind that has its name")
    func refusesOtherLink() throws {
        let testbed = try Testbed()
        try testbed.host.run("ip link add hako0 type veth peer name eth9")
        #expect(throws: NetworkError.notABridge(name: "hako0", kind: "veth")) { try testbed.ensure() }
    }

    @Test("leaves nothing when it is removed, twice too")
    func removes() throws {
        let testbed = try Testbed()
        let before = try testbed.host.run("ip -br link; ip addr show eth0")
        _ = try testbed.ensure()
        for _ in 0..<2 { try testbed.host.here { try Bridge.remove(testbed.settings) } }
        #expect(try testbed.host.run("ip -br link; ip addr show eth0") == before)
        #expect(try testbed.host.run("nft list ruleset") == "")
    }

    @Test("with IPv6 does not end the host's own learning of routes")
    func keepsAdvertisements() throws {
        let testbed = try Testbed(ipv6: .automatic)
        try testbed.host.run("sysctl -qw net.ipv6.conf.eth0.accept_ra=1")
        let bridge = try testbed.ensure()
        #expect(bridge.ipv6Subnet != nil)
        #expect(
            try testbed.host.run(
                "sysctl -n net.ipv6.conf.eth0.accept_ra net.ipv6.conf.hako0.accept_ra net.ipv6.conf.all.forwarding")
                == "2\n0\n1\n")
    }

    @Test("says which firewall is in the way, and what to do")
    func findsObstacles() throws {
        let testbed = try Testbed()
        try testbed.host.run(
            """
            nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'
            nft 'add chain ip filter DOCKER-USER'
            """)
        let obstacle = try #require(try testbed.ensure().obstacles.first)
        #expect(obstacle.kind == .docker && obstacle.place == "table ip filter, chain FORWARD")
        #expect(obstacle.remedies.first == "iptables -I DOCKER-USER -i hako0 -j ACCEPT")
        try testbed.host.run("nft add rule ip filter DOCKER-USER iifname hako0 accept")
        let left = try testbed.host.here {
            try Firewall.obstacles(to: "hako0", families: [.ipv4], besides: "hako")
        }
        #expect(left.isEmpty)
    }

    @Test(
        "finds a firewall of the old iptables too",
        .enabled(if: access("/usr/sbin/iptables-legacy", X_OK) == 0, "needs iptables-legacy"))
    func findsLegacyObstacles() throws {
        let testbed = try Testbed()
        guard try testbed.host.tryToRun("iptables-legacy -P FORWARD DROP").0 == .exited(code: 0) else {
            // The program is there, the kernel's tables are not: nothing can be in the way.
            #expect(try testbed.ensure().obstacles.isEmpty)
            return
        }
        #expect(try testbed.ensure().obstacles.map(\.place) == ["legacy iptables, chain FORWARD"])
        try testbed.host.run("iptables-legacy -A FORWARD -i hako0 -j ACCEPT")
        let left = try testbed.host.here { try Firewall.obstacles(to: "hako0", families: [.ipv4], besides: "hako") }
        #expect(left.isEmpty)
    }
}

/// What threads of a test come back with.
final class Collected<Value: Sendable>: @unchecked Sendable {
    // The mutex guards both arrays.
    private var mutex = pthread_mutex_t()
    private(set) var values: [Value] = []
    private(set) var errors: [any Error] = []

    func collect(_ body: () throws -> Value) {
        let result = Result { try body() }
        pthread_mutex_lock(&mutex)
        defer { pthread_mutex_unlock(&mutex) }
        switch result {
        case .success(let value): values.append(value)
        case .failure(let error): errors.append(error)
        }
    }
}
