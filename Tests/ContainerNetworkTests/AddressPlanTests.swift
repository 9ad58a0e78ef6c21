import Linux
import Testing

@testable import ContainerNetwork

@Suite("Choosing subnets and addresses")
struct AddressPlanTests {
    let docker = IPPrefix("172.17.0.0/16")

    @Test("takes Docker's subnet where it is free")
    func takesFirst() {
        #expect(AddressPlan.ipv4Subnet(avoiding: []) == docker)
        #expect(AddressPlan.ipv4Subnet(avoiding: [.init("0.0.0.0/0")].compactMap { $0 }) == docker)
    }

    @Test(
        "goes on where a network, a larger one, or a single address of the host is in it",
        arguments: ["172.17.0.0/16", "172.16.0.0/15", "172.17.250.9/32", "172.17.128.0/17"])
    func avoids(used: String) throws {
        let inUse = try #require(IPPrefix(used))
        #expect(AddressPlan.ipv4Subnet(avoiding: [inUse]) == IPPrefix("172.18.0.0/16"))
    }

    @Test("finds none where all private networks are in use")
    func findsNone() {
        let inUse = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].compactMap { IPPrefix($0) }
        #expect(AddressPlan.ipv4Subnet(avoiding: inUse) == nil)
    }

    @Test("takes the first free piece of the pools that are given, in their order, and none elsewhere")
    func pools() throws {
        let pools = [("10.64.0.0/30", 31), ("10.65.0.0/16", 24), ("10.66.0.0/24", 24)].compactMap { base, length in
            IPPrefix(base).map { BridgeSettings.Pool(base: $0, prefixLength: length) }
        }
        let small = try #require(IPPrefix("10.64.0.0/16"))
        #expect(AddressPlan.ipv4Subnet(of: pools, avoiding: []) == IPPrefix("10.64.0.0/31"))
        #expect(AddressPlan.ipv4Subnet(of: pools, avoiding: [small]) == IPPrefix("10.65.0.0/24"))
        let used = ["10.65.0.0/23", "10.65.2.9/32"].compactMap { IPPrefix($0) }
        #expect(AddressPlan.ipv4Subnet(of: pools, avoiding: [small] + used) == IPPrefix("10.65.3.0/24"))
        let all = ["10.65.0.0/16", "10.66.0.7/32"].compactMap { IPPrefix($0) }
        #expect(AddressPlan.ipv4Subnet(of: pools, avoiding: [small] + all) == nil)
    }

    @Test("makes unique local networks for IPv6")
    func choosesIPv6() throws {
        var generator = SystemRandomNumberGenerator()
        let first = try #require(AddressPlan.ipv6Subnet(avoiding: [], using: &generator))
        let second = try #require(AddressPlan.ipv6Subnet(avoiding: [first], using: &generator))
        #expect(first != second)
        #expect(first.length == 64 && first.address.bytes.first == 0xfd)
    }

    @Test("gives out addresses in turn, and those of the network, the gateway and the broadcast never")
    func nextAddress() throws {
        let subnet = try #require(IPPrefix("10.1.2.0/29"))
        var used: Set<IPAddress> = []
        var last: IPAddress?
        for host in UInt8(2)...6 {
            last = AddressPlan.nextAddress(in: subnet, after: last) { used.contains($0) }
            #expect(last == IPAddress(10, 1, 2, host))
            used.formUnion([last].compactMap { $0 })
        }
        #expect(AddressPlan.nextAddress(in: subnet, after: last) { used.contains($0) } == nil)
        used.remove(IPAddress(10, 1, 2, 3))
        #expect(AddressPlan.nextAddress(in: subnet, after: last) { used.contains($0) } == IPAddress(10, 1, 2, 3))
    }

    @Test("does not give an address again while others are free")
    func restsAddresses() throws {
        let subnet = try #require(IPPrefix("10.1.0.0/16"))
        let next = AddressPlan.nextAddress(in: subnet, after: IPAddress(10, 1, 0, 9)) { _ in false }
        #expect(next == IPAddress(10, 1, 0, 10))
        let wrapped = AddressPlan.nextAddress(in: subnet, after: IPAddress(10, 1, 255, 254)) { _ in false }
        #expect(wrapped == IPAddress(10, 1, 0, 2))
    }

    @Test("gives out IPv6 addresses too")
    func nextIPv6Address() throws {
        let subnet = try #require(IPPrefix("fd00:1::/64"))
        #expect(AddressPlan.nextAddress(in: subnet, after: nil) { _ in false } == IPAddress("fd00:1::2"))
        #expect(AddressPlan.gateway(of: subnet) == IPAddress("fd00:1::1"))
    }

    @Test("derives the hardware address as Docker does")
    func derivesMACAddress() {
        #expect(MACAddress(for: IPAddress(172, 17, 0, 2)).description == "02:42:ac:11:00:02")
    }
}

@Suite("Reading and writing addresses")
struct IPAddressTests {
    @Test(
        "writes the shortest form",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("::", "::"), ("::1", "::1"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("fe80::", "fe80::"), ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"), ("::ffff:192.0.2.1", "::ffff:c000:201"),
            ("1::", "1::"), ("0:0:1::", "0:0:1::"),
        ])
    func roundTrips(text: String, written: String) {
        #expect(IPAddress(text)?.description == written)
    }

    @Test(
        "refuses what is no address",
        arguments: [
            "", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4 ", "+1.2.3.4", ":", ":::", "1::2::3", "12345::",
            "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8:9", "fe80::1%eth0", "::1.2.3", "::-1", "1.2.3.4::",
        ])
    func refuses(text: String) { #expect(IPAddress(text) == nil) }

    @Test("clears the bits behind a prefix")
    func readsPrefix() {
        #expect(IPPrefix("172.17.5.6/16")?.description == "172.17.0.0/16")
        #expect(IPPrefix("0.0.0.0/0")?.last == IPAddress(255, 255, 255, 255))
        #expect(IPPrefix("::/0")?.last == IPAddress("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"))
        for text in ["1.2.3.4/33", "1.2.3.4", "1.2.3.4/", "1.2.3.4/-1", "1.2.3.4/+8", "::/129", "1.2.3.4/8/8"] {
            #expect(IPPrefix(text) == nil)
        }
    }
}
