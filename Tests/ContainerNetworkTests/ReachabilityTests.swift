import Linux
import TestSupport
import Testing

@testable import ContainerNetwork

@Suite("A published port", .enabled(if: canMakeNetworks, "needs root and nftables"))
struct PublishingTests {
    @Test(
        "is reached from loopback, the host's address, a neighbour, the container and its peers",
        arguments: [
            TransportProtocol.tcp, .udp,
        ])
    func isReached(transport: TransportProtocol) throws {
        let testbed = try Testbed()
        let bridge = try testbed.ensure()
        let (web, endpoint) = try testbed.container(1, on: bridge)
        let (peer, _) = try testbed.container(2, on: bridge)
        let server = try TestServer("web", on: web, port: 80, transport)
        defer { server.stop() }
        let port = PublishedPort(hostPort: 8080, containerPort: 80, transport: transport)
        try testbed.host.here { try Bridge.publish([port], to: endpoint, of: bridge) }

        let host = Testbed.hostAddress
        let loopback = IPAddress(127, 0, 0, 1)
        #expect(try TestSocket.ask(from: testbed.host, loopback, port: 8080, transport) == "web 172.17.0.1")
        #expect(try TestSocket.ask(from: testbed.host, host, port: 8080, transport) == "web 192.0.2.1")
        #expect(try TestSocket.ask(from: testbed.host, bridge.ipv4Gateway, port: 8080, transport) == "web 172.17.0.1")
        // The peer's own address, not one of the host's (CVE-2021-20199).
        #expect(try TestSocket.ask(from: testbed.neighbour, host, port: 8080, transport) == "web 192.0.2.9")
        #expect(try TestSocket.ask(from: web, host, port: 8080, transport) == "web 172.17.0.1")
        #expect(try TestSocket.ask(from: peer, host, port: 8080, transport) == "web 172.17.0.1")
        #expect(try TestSocket.ask(from: peer, bridge.ipv4Gateway, port: 8080, transport) == "web 172.17.0.1")
        #expect(try TestSocket.ask(from: peer, endpoint.ipv4, port: 80, transport) == "web 172.17.0.3")
    }

    @Test("is reached by IPv6 too, where the host has it")
    func isReachedByIPv6() throws {
        let testbed = try Testbed(ipv6: .automatic)
        let bridge = try testbed.ensure()
        let (web, endpoint) = try testbed.container(1, on: bridge)
        let (peer, _) = try testbed.container(2, on: bridge)
        let server = try TestServer("web", on: web, at: .unspecified(.ipv6), port: 80)
        defer { server.stop() }
        try testbed.host.here {
            try Bridge.publish([PublishedPort(hostPort: 8080, containerPort: 80)], to: endpoint, of: bridge)
        }
        let host = try #require(IPAddress(Testbed.hostIPv6))
        let gateway = try #require(bridge.ipv6Gateway)
        #expect(try TestSocket.ask(from: testbed.neighbour, host, port: 8080) == "web 2001:db8:1::9")
        #expect(try TestSocket.ask(from: testbed.host, host, port: 8080) == "web 2001:db8:1::1")
        #expect(try TestSocket.ask(from: web, host, port: 8080) == "web \(gateway)")
        #expect(try TestSocket.ask(from: peer, host, port: 8080) == "web \(gateway)")
        #expect(try TestSocket.ask(from: testbed.host, .ipv6Loopback, port: 8080, patience: 500) == nil)
        // Packets out, and answers to them.
        let outside = try TestServer("outside", on: testbed.neighbour, at: .unspecified(.ipv6), port: 7)
        defer { outside.stop() }
        let neighbour = try #require(IPAddress("2001:db8:1::9"))
        #expect(try TestSocket.ask(from: web, neighbour, port: 7) == "outside 2001:db8:1::1")
    }

    @Test("of one address is not one of the others")
    func isBound() throws {
        let testbed = try Testbed()
        try testbed.host.run("ip addr add 192.0.2.2/24 dev eth0")
        let bridge = try testbed.ensure()
        let (web, endpoint) = try testbed.container(1, on: bridge)
        let server = try TestServer("web", on: web, port: 80)
        defer { server.stop() }
        let (loopback, second) = (IPAddress(127, 0, 0, 1), IPAddress(192, 0, 2, 2))
        try testbed.host.here {
            try Bridge.publish(
                [
                    PublishedPort(hostAddress: loopback, hostPort: 8080, containerPort: 80),
                    PublishedPort(hostAddress: second, hostPort: 8081, containerPort: 80),
                ], to: endpoint, of: bridge)
        }
        #expect(try TestSocket.ask(from: testbed.host, loopback, port: 8080) != nil)
        #expect(try TestSocket.ask(from: testbed.host, Testbed.hostAddress, port: 8080, patience: 500) == nil)
        #expect(try TestSocket.ask(from: testbed.neighbour, Testbed.hostAddress, port: 8080, patience: 500) == nil)
        #expect(try TestSocket.ask(from: testbed.neighbour, second, port: 8081) == "web 192.0.2.9")
        #expect(try TestSocket.ask(from: testbed.neighbour, Testbed.hostAddress, port: 8081, patience: 500) == nil)
        #expect(try TestSocket.ask(from: testbed.host, loopback, port: 8081, patience: 500) == nil)
    }

    @Test("can be published again for the same container, and not for another one")
    func isPublishedOnce() throws {
        let testbed = try Testbed()
        let bridge = try testbed.ensure()
        let (first, second) = (try testbed.endpoint(1, on: bridge), try testbed.endpoint(2, on: bridge))
        let ports = [
            PublishedPort(hostPort: 8080, containerPort: 80), PublishedPort(hostPort: 8081, containerPort: 81),
        ]
        try testbed.host.here {
            try Bridge.publish(ports, to: first, of: bridge)
            try Bridge.publish(ports, to: first, of: bridge)
            let other = [PublishedPort(hostPort: 9000, containerPort: 80), ports[1]]
            #expect(throws: NetworkError.portInUse(ports[1], owner: nil)) {
                try Bridge.publish(other, to: second, of: bridge)
            }
            // What is another's stays; what is not there is no error.
            try Bridge.unpublish(other, from: second, of: bridge)
            try Bridge.unpublish([ports[0]], from: first, of: bridge)
            try Bridge.unpublish([ports[0]], from: first, of: bridge)
        }
        let rules = try testbed.host.run("nft list table inet hako")
        #expect(rules.contains("tcp . 8081 : 172.17.0.2 . 81"))
        #expect(!rules.contains("8080") && !rules.contains("9000"))
    }

    @Test("is refused where the container can't have it")
    func refuses() throws {
        let testbed = try Testbed()
        let bridge = try testbed.ensure()
        let endpoint = try testbed.endpoint(1, on: bridge)
        let loopback = PublishedPort(hostAddress: .ipv6Loopback, hostPort: 80, containerPort: 80)
        let ipv6 = PublishedPort(hostAddress: .unspecified(.ipv6), hostPort: 80, containerPort: 80)
        #expect(throws: NetworkError.loopbackIPv6(loopback)) {
            try testbed.host.here { try Bridge.publish([loopback], to: endpoint, of: bridge) }
        }
        #expect(throws: NetworkError.noAddress(.ipv6, port: ipv6)) {
            try testbed.host.here { try Bridge.publish([ipv6], to: endpoint, of: bridge) }
        }
    }

    @Test("of a container that is gone sends the next one with its address nothing")
    func forgetsFlows() throws {
        let testbed = try Testbed()
        let bridge = try testbed.ensure()
        let (old, endpoint) = try testbed.container(1, on: bridge)
        let port = PublishedPort(hostPort: 5000, containerPort: 5000, transport: .udp)
        let host = Testbed.hostAddress
        let ask = { (patience: Int) in
            try TestSocket.ask(from: testbed.neighbour, host, port: 5000, .udp, localPort: 6000, patience: patience)
        }
        // A stream that began before the port was published is caught as well.
        #expect(try ask(500) == nil)
        try testbed.host.here { try Bridge.publish([port], to: endpoint, of: bridge) }
        let server = try TestServer("old", on: old, port: 5000, .udp)
        #expect(try ask(10_000) == "old 192.0.2.9")
        server.stop()
        try testbed.host.here {
            try Bridge.unpublish([port], from: endpoint, of: bridge)
            try Bridge.detach(endpoint)
        }
        let (new, _) = try testbed.container(1, on: bridge)
        let second = try TestServer("new", on: new, port: 5000, .udp)
        defer { second.stop() }
        #expect(try ask(500) == nil)
    }
}

@Suite("A container's network", .enabled(if: canMakeNetworks, "needs root and nftables"))
struct ConfinementTests {
    @Test("has an address, a route and loopback, and no IPv6 where the network has none")
    func configures() throws {
        let testbed = try Testbed()
        let bridge = try testbed.ensure()
        let (container, _) = try testbed.container(1, on: bridge)
        let shown = try container.run(
            "ip addr; ip route; ip -6 addr show dev eth0; cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6")
        #expect(shown.contains("172.17.0.2/16") && shown.contains("default via 172.17.0.1 dev eth0"))
        #expect(shown.contains("mtu 1400") && shown.contains("02:42:ac:11:00:02") && shown.contains("127.0.0.1/8"))
        #expect(!shown.contains("fe80") && shown.hasSuffix("1\n"))
        #expect(!(try testbed.host.run("ip -6 addr show dev veth1")).contains("fe80"))
    }

    @Test("leads out under the host's address")
    func leadsOut() throws {
        let testbed = try Testbed()
        let bridge = try testbed.ensure()
        let (container, _) = try testbed.container(1, on: bridge)
        let server = try TestServer("outside", on: testbed.neighbour, port: 7)
        defer { server.stop() }
        #expect(try TestSocket.ask(from: container, Testbed.neighbourAddress, port: 7) == "outside 192.0.2.1")
    }

    @Test("carries its first packet", arguments: [IPFamily.ipv4, .ipv6])
    func carriesFirstPacket(family: IPFamily) throws {
        let testbed = try Testbed(ipv6: .automatic)
        let bridge = try testbed.ensure()
        let gateway = try #require(family == .ipv4 ? bridge.ipv4Gateway : bridge.ipv6Gateway)
        let server = try TestServer("host", on: testbed.host, at: .unspecified(family), port: 7, .udp)
        defer { server.stop() }
        for number in 1...20 {
            let (container, endpoint) = try testbed.container(number, on: bridge)
            let address = try #require(endpoint.address(family))
            #expect(try TestSocket.ask(from: container, gateway, port: 7, .udp) == "host \(address)")
        }
    }

    @Test("without a network has loopback alone")
    func loopbackOnly() throws {
        let machine = Machine(namespace: try NetworkNamespace.create())
        try Bridge.raiseLoopback(in: machine.namespace)
        let server = try TestServer("own", on: machine, port: 7)
        defer { server.stop() }
        #expect(try TestSocket.ask(from: machine, IPAddress(127, 0, 0, 1), port: 7) == "own 127.0.0.1")
        #expect(try machine.run("ip route") == "")
    }

    @Test("does not let a neighbour or a container reach the host's loopback (T-N1)")
    func guardsLoopback() throws {
        let testbed = try Testbed()
        let bridge = try testbed.ensure()
        let (web, endpoint) = try testbed.container(1, on: bridge)
        let (other, _) = try testbed.container(2, on: bridge)
        let loopback = IPAddress(127, 0, 0, 1)
        let servers = [
            try TestServer("web", on: web, port: 80),
            try TestServer("host", on: testbed.host, at: loopback, port: 90),
        ]
        defer { for server in servers { server.stop() } }
        try testbed.host.here {
            try Bridge.publish(
                [PublishedPort(hostAddress: loopback, hostPort: 8080, containerPort: 80)], to: endpoint, of: bridge)
        }
        // An attacker sends packets for 127.0.0.1 on the wire.
        for (machine, gateway) in [(testbed.neighbour, "192.0.2.1"), (other, "172.17.0.1")] {
            try machine.run(
                """
                ip addr del 127.0.0.1/8 dev lo; sysctl -qw net.ipv4.conf.all.route_localnet=1
                ip route add 127.0.0.0/8 via \(gateway)
                """)
        }
        let attacks = { (port: UInt16, patience: Int) in
            try [testbed.neighbour, other].map { try TestSocket.ask(from: $0, loopback, port: port, patience: patience) }
        }
        #expect(try attacks(8080, 500) == [nil, nil])
        #expect(try attacks(90, 500) == [nil, nil])
        #expect(try TestSocket.ask(from: testbed.host, loopback, port: 8080) == "web 172.17.0.1")
        #expect(try TestSocket.ask(from: testbed.host, loopback, port: 90) == "host 127.0.0.1")

        // Without the guard both come through: it is what holds.
        try testbed.host.run("nft flush chain inet hako guard")
        #expect(try attacks(8080, 10_000) == ["web 192.0.2.9", "web 172.17.0.1"])
        #expect(try TestSocket.ask(from: other, loopback, port: 90) == "host 172.17.0.3")
    }

    @Test("is closed to a neighbour with a route to it, but for what is published (T-N2)")
    func isClosed() throws {
        let testbed = try Testbed(ipv6: .automatic)
        let bridge = try testbed.ensure()
        let (web, endpoint) = try testbed.container(1, on: bridge)
        let ipv6 = try #require(endpoint.ipv6)
        let subnet = try #require(bridge.ipv6Subnet)
        let servers = try [80, 81].flatMap { port in
            [
                try TestServer("web", on: web, at: .unspecified(.ipv4), port: port),
                try TestServer("web", on: web, at: .unspecified(.ipv6), port: port),
            ]
        }
        defer { for server in servers { server.stop() } }
        try testbed.neighbour.run(
            "ip route add 172.17.0.0/16 via 192.0.2.1; ip -6 route add \(subnet) via 2001:db8:1::1")
        try testbed.host.here {
            try Bridge.publish([PublishedPort(hostPort: 8080, containerPort: 80)], to: endpoint, of: bridge)
        }
        let ask = { (address: IPAddress, port: UInt16, patience: Int) in
            try TestSocket.ask(from: testbed.neighbour, address, port: port, patience: patience)
        }
        // Neither the ports that are not published, nor the published one past the host.
        for port in [UInt16(80), 81] {
            #expect(try ask(endpoint.ipv4, port, 500) == nil)
            #expect(try ask(ipv6, port, 500) == nil)
        }
        #expect(try ask(Testbed.hostAddress, 8080, 10_000) == "web 192.0.2.9")
        try testbed.host.run("nft flush chain inet hako arriving")
        #expect(try ask(endpoint.ipv4, 81, 10_000) == "web 192.0.2.9")
        #expect(try ask(ipv6, 81, 10_000) == "web 2001:db8:1::9")
    }

    @Test("gets no connection that was meant for another host (T-N3)")
    func leavesForeignTraffic() throws {
        let testbed = try Testbed()
        let third = try Machine()
        try testbed.host.run(
            "exec 9<\(third.namespace.inheritablePath); ip link add eth1 type veth peer name eth0 netns /proc/self/fd/9"
        )
        try testbed.host.run("ip addr add 198.51.100.1/24 dev eth1; ip link set eth1 up")
        try third.run(
            "ip addr add 198.51.100.5/24 dev eth0; ip link set eth0 up; ip route add default via 198.51.100.1")
        try testbed.neighbour.run("ip route add 198.51.100.0/24 via 192.0.2.1")
        let bridge = try testbed.ensure()
        let (web, endpoint) = try testbed.container(1, on: bridge)
        let (other, _) = try testbed.container(2, on: bridge)
        let servers = [
            try TestServer("container", on: web, port: 53), try TestServer("third", on: third, port: 53),
        ]
        defer { for server in servers { server.stop() } }
        try testbed.host.here {
            try Bridge.publish([PublishedPort(hostPort: 53, containerPort: 53)], to: endpoint, of: bridge)
        }
        let address = IPAddress(198, 51, 100, 5)
        #expect(try TestSocket.ask(from: testbed.neighbour, address, port: 53) == "third 192.0.2.9")
        #expect(try TestSocket.ask(from: other, address, port: 53) == "third 198.51.100.1")
        #expect(try TestSocket.ask(from: testbed.host, address, port: 53) == "third 198.51.100.1")
    }

    @Test("learns nothing from router advertisements, nor does the bridge (T-N6)", arguments: [true, false])
    func ignoresAdvertisements(ipv6: Bool) throws {
        let testbed = try Testbed(ipv6: ipv6 ? .automatic : .off)
        let bridge = try testbed.ensure()
        let (container, _) = try testbed.container(1, on: bridge)
        let settings = ["accept_ra", "disable_ipv6"].map { "net.ipv6.conf.eth0.\($0)" }.joined(separator: " ")
        let values = try container.run("sysctl -n \(settings)").split(separator: "\n")
        #expect(ipv6 ? values == ["0", "0"] : values.last == "1")
        #expect(try testbed.host.run("sysctl -n net.ipv6.conf.hako0.accept_ra") == "0\n")
    }

    @Test("turns to no router that a container plays (T-N6)")
    func ignoresForgedRouter() throws {
        let testbed = try Testbed(ipv6: .automatic)
        let bridge = try testbed.ensure()
        let (attacker, _) = try testbed.container(1, on: bridge)
        let (peer, _) = try testbed.container(2, on: bridge)
        // One that does listen shows when the advertisement has come.
        let (listener, _) = try testbed.container(3, on: bridge)
        try listener.run("sysctl -qw net.ipv6.conf.eth0.accept_ra=2")
        let learned = { (machine: Machine) throws in
            try machine.run("ip -6 addr; ip -6 route; ip -6 route show default").contains("bad")
        }
        var tries = 0
        while try !learned(listener), tries < 1000 {
            try attacker.run("\(Attacker.program) advertise eth0")
            tries += 1
        }
        #expect(try learned(listener), "the attack itself must work")
        #expect(try !learned(peer))
        #expect(try !learned(testbed.host))
    }

    @Test("is made 200 times, and nothing is left when the namespaces are gone")
    func attachesMany() throws {
        let testbed = try Testbed()
        let bridge = try testbed.ensure()
        let machines = Collected<Machine>()
        TestThread.concurrently(4) { thread in
            for number in stride(from: 1 + thread, through: 200, by: 4) {
                machines.collect {
                    let (machine, endpoint) = try testbed.container(number, on: bridge)
                    let port = PublishedPort(hostPort: UInt16(10_000 + number), containerPort: 80)
                    try testbed.host.here { try Bridge.publish([port], to: endpoint, of: bridge) }
                    return machine
                }
            }
        }
        #expect(machines.errors.isEmpty && machines.values.count == 200)
        #expect(try testbed.host.run("ip -br link show master hako0 | wc -l") == "200\n")
        for number in 1...200 {
            let endpoint = try testbed.endpoint(number, on: bridge)
            let port = PublishedPort(hostPort: UInt16(10_000 + number), containerPort: 80)
            try testbed.host.here {
                try Bridge.unpublish([port], from: endpoint, of: bridge)
                try Bridge.detach(endpoint)
                try Bridge.detach(endpoint)
            }
        }
        #expect(try testbed.host.run("ip -br link show master hako0") == "")
        #expect(!(try testbed.host.run("nft list table inet hako")).contains("elements"))
    }

    @Test("of a container that starts again takes the place of its old one")
    func replacesPair() throws {
        let testbed = try Testbed()
        let bridge = try testbed.ensure()
        let (old, _) = try testbed.container(1, on: bridge)
        let (new, _) = try testbed.container(1, on: bridge)
        #expect(try new.run("ip -br addr show eth0").contains("172.17.0.2/16"))
        #expect(try old.tryToRun("ip link show eth0").0 != .exited(code: 0))
    }

    @Test("that can't be made leaves no interface behind")
    func undoes() throws {
        let testbed = try Testbed()
        let bridge = try testbed.ensure()
        let taken = Machine(namespace: try NetworkNamespace.create())
        try taken.run("ip link add eth0 type veth peer name eth1")
        #expect(throws: NetworkError.self) {
            try testbed.host.here {
                try Bridge.attach(testbed.endpoint(1, on: bridge), to: bridge, namespace: taken.namespace)
            }
        }
        #expect(try testbed.host.run("ip -br link show master hako0") == "")
    }
}
