import Linux

/// Which subnet a bridge has, and which address a container. Pure: what is in use is told, and who gets an address is written
/// down by the caller.
public enum AddressPlan {
    /// The subnets that are tried for a bridge, in this order: Docker's own, then of 10.0.0.0/8 what is seldom used.
    public static var ipv4Candidates: some Sequence<IPPrefix> {
        let docker = (17...31).lazy.compactMap { IPPrefix(containing: IPAddress(172, $0, 0, 0), length: 16) }
        let small = stride(from: UInt8(0), through: 240, by: 16).lazy.compactMap {
            IPPrefix(containing: IPAddress(192, 168, $0, 0), length: 20)
        }
        let ten = (UInt8(201)...254).lazy.compactMap { IPPrefix(containing: IPAddress(10, $0, 0, 0), length: 16) }
        return Array(docker) + Array(small) + Array(ten)
    }

    /// The first candidate that has no address in common with what is in use: routes, addresses and name servers of the
    /// host, and subnets of other networks. Default routes (`0.0.0.0/0`) lead everywhere and don't count.
    ///
    /// - Parameter pools: Whose pieces are candidates; none: ``ipv4Candidates``.
    public static func ipv4Subnet(of pools: [BridgeSettings.Pool] = [], avoiding inUse: [IPPrefix]) -> IPPrefix? {
        guard !pools.isEmpty else { return ipv4Candidates.first { collision(of: $0, with: inUse) == nil } }
        for pool in pools {
            if let piece = pool.pieces.first(where: { collision(of: $0, with: inUse) == nil }) { return piece }
        }
        return nil
    }

    /// A random unique local network (RFC 4193): fd, 40 random bits, subnet 0, /64.
    public static func ipv6Subnet(avoiding inUse: [IPPrefix], using generator: inout some RandomNumberGenerator) -> IPPrefix? {
        for _ in 0..<64 {
            let random: UInt64 = generator.next()
            let globalID = UInt128(random & 0xff_ffff_ffff)
            let value = UInt128(0xfd) << 120 | globalID << 80
            guard let address = IPAddress(.ipv6, value: value), let prefix = IPPrefix(containing: address, length: 64),
                collision(of: prefix, with: inUse) == nil
            else { continue }
            return prefix
        }
        return nil
    }

    /// The network in use that has an address in common with this one.
    public static func collision(of subnet: IPPrefix, with inUse: [IPPrefix]) -> IPPrefix? {
        inUse.first { $0.length > 0 && $0.overlaps(subnet) }
    }

    /// The bridge's own address, which containers have as their gateway: the first behind the network's.
    public static func gateway(of subnet: IPPrefix) -> IPAddress { subnet.at(1) ?? subnet.address }

    /// The next address for a container: the first free one behind `last`, from the start again after the end, so that an
    /// address rests as long as it can before somebody else has it.
    ///
    /// - Parameter isUsed: Whether somebody has the address. It is asked for at most 2¹⁶ addresses.
    /// - Returns: Nil if none is free.
    public static func nextAddress(
        in subnet: IPPrefix, after last: IPAddress?, isUsed: (IPAddress) throws -> Bool
    ) rethrows -> IPAddress? {
        // Without the network's address, the gateway, and for IPv4 the broadcast address.
        let first = subnet.address.value + 2
        let end = subnet.family == .ipv4 ? subnet.last.value : subnet.last.value &+ 1
        guard first < end else { return nil }
        let count = min(end - first, 1 << 16)
        var next = last.map { $0.value &+ 1 } ?? first
        for _ in 0..<count {
            if next < first || next >= first + count { next = first }
            guard let address = IPAddress(subnet.family, value: next) else { return nil }
            if try !isUsed(address) { return address }
            next += 1
        }
        return nil
    }
}
