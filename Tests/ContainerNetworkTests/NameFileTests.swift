import Linux
import TestSupport
import Testing

@testable import ContainerNetwork

@Suite("The files by which a container knows names")
struct NameFileTests {
    @Test("write the container's own name behind its addresses, and extra hosts before it")
    func writesHosts() throws {
        let extra = try [
            ExtraHost("db:10.0.0.5", hostGateway: []), ExtraHost("v6=[2001:db8::1]", hostGateway: []),
            ExtraHost("host.docker.internal:host-gateway", hostGateway: [IPAddress(172, 17, 0, 1)]),
        ]
        let text = try HostsFile(hostName: "web.example", addresses: [IPAddress(172, 17, 0, 2)], extraHosts: extra).text
        #expect(text.hasPrefix("127.0.0.1\tlocalhost\n::1\tlocalhost"))
        #expect(text.hasSuffix(
            "10.0.0.5\tdb\n2001:db8::1\tv6\n172.17.0.1\thost.docker.internal\n172.17.0.2\tweb.example web\n"))
    }

    @Test(
        "refuse values that would begin another line or word",
        arguments: ["a\nb", "a\r\nb", "a b", "a\tb", "", "a..b", "-a", "a-", "é", "a\u{0}", "\u{2028}", "a\u{85}b"])
    func refusesInjection(name: String) {
        #expect(throws: NetworkError.self) { try HostsFile(hostName: name, addresses: [], extraHosts: []) }
        #expect(throws: NetworkError.self) { try ExtraHost("\(name):10.0.0.1", hostGateway: []) }
        #expect(throws: NetworkError.self) { try ExtraHost("host:10.0.0.1\(name)x", hostGateway: []) }
        #expect(throws: NetworkError.self) { try ResolverConfiguration.Overrides(searchDomains: [name]) }
        #expect(throws: NetworkError.self) { try ResolverConfiguration.Overrides(nameServers: ["10.0.0.1\(name)x"]) }
    }

    @Test("refuse options that would begin another line", arguments: ["a\nnameserver 6.6.6.6", "ndots:1 x", "", "\r"])
    func refusesOptions(option: String) {
        #expect(throws: NetworkError.self) { try ResolverConfiguration.Overrides(options: [option]) }
    }

    @Test("leave out the host's servers that a container can't reach")
    func filtersLoopback() throws {
        let host = ResolverConfiguration(
            parsing: Array(
                "# x\nnameserver 127.0.0.1\nnameserver 192.0.2.53\nnameserver ::1\nnameserver 2001:db8::53\nsearch a.b c\r\noptions ndots:2 edns0\n"
                    .utf8))
        let none = try ResolverConfiguration.Overrides()
        let both = host.forContainer(none, families: [.ipv4, .ipv6])
        #expect(both.text == "nameserver 192.0.2.53\nnameserver 2001:db8::53\nsearch a.b c\noptions ndots:2 edns0\n")
        #expect(!both.usesFallback)
        #expect(host.forContainer(none, families: [.ipv4]).nameServers == [IPAddress(192, 0, 2, 53)])
    }

    @Test("have the user's values instead of the host's, and say where public servers stand in")
    func overrides() throws {
        let host = ResolverConfiguration(nameServers: [IPAddress(127, 0, 0, 1)], searchDomains: ["corp"], options: ["edns0"])
        let fallback = host.forContainer(try .init(), families: [.ipv4])
        #expect(fallback.usesFallback && fallback.nameServers == ResolverConfiguration.fallback)
        let own = host.forContainer(
            try .init(nameServers: ["127.0.0.1"], searchDomains: ["."], options: ["ndots:1"]), families: [.ipv4])
        #expect(own.text == "nameserver 127.0.0.1\noptions ndots:1\n")
        #expect(!own.usesFallback)
    }

    @Test("ask the servers behind systemd-resolved's stub")
    func looksBehindStub() throws {
        let scratch = try Scratch([
            "stub": .init(stringLiteral: "nameserver 127.0.0.53\noptions edns0 trust-ad\n"),
            "real": .init(stringLiteral: "nameserver 192.0.2.53\n"),
        ])
        let host = ResolverConfiguration.ofHost(at: scratch.path("stub"), behindStub: scratch.path("real"))
        #expect(host.nameServers == [IPAddress(192, 0, 2, 53)])
        let alone = ResolverConfiguration.ofHost(at: scratch.path("stub"), behindStub: scratch.path("none"))
        #expect(alone.nameServers == [IPAddress(127, 0, 0, 53)])
        #expect(ResolverConfiguration.ofHost(at: scratch.path("no"), behindStub: scratch.path("no")).nameServers.isEmpty)
    }
}
