/// The two families of internet addresses, with the numbers of the kernel's address families.
public enum IPFamily: UInt8, Hashable, Sendable {
    /// AF_INET
    case ipv4 = 2
    /// AF_INET6
    case ipv6 = 10

    /// How many bits an address has.
    public var bitCount: Int { self == .ipv4 ? 32 : 128 }
}

/// An IPv4 or IPv6 address. Their order is that of their bytes, IPv4 first.
public struct IPAddress: Hashable, Sendable, Comparable {
    public let family: IPFamily
    /// The address as a number; an IPv4 address fills the low 32 bits.
    public let value: UInt128

    /// Nil if `value` has more bits than the family.
    public init?(_ family: IPFamily, value: UInt128) {
        guard family == .ipv6 || value <= UInt128(UInt32.max) else { return nil }
        self.family = family
        self.value = value
    }

    private init(family: IPFamily, value: UInt128) {
        self.family = family
        self.value = value
    }

    /// The four parts of a dotted IPv4 address.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        self.init(family: .ipv4, value: [a, b, c, d].reduce(0) { $0 << 8 | UInt128($1) })
    }

    /// Nil unless there are 4 or 16 bytes, in network byte order.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.init(
            family: bytes.count == 4 ? .ipv4 : .ipv6, value: bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) })
    }

    /// `0.0.0.0` or `::`, which stands for every address of the family.
    public static func unspecified(_ family: IPFamily) -> IPAddress { IPAddress(family: family, value: 0) }
    /// `::1`
    public static let ipv6Loopback = IPAddress(family: .ipv6, value: 1)

    /// 4 or 16 bytes in network byte order.
    public var bytes: [UInt8] {
        stride(from: family.bitCount - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> UInt128($0)) }
    }

    public var isUnspecified: Bool { value == 0 }
    /// Whether it is in 127.0.0.0/8, or is `::1`.
    public var isLoopback: Bool { family == .ipv4 ? value >> 24 == 127 : value == 1 }
    /// Whether it is in 169.254.0.0/16 or fe80::/10.
    public var isLinkLocal: Bool { family == .ipv4 ? value >> 16 == 0xa9fe : value >> 118 == 0xfe80 >> 6 }

    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        (left.family.rawValue, left.value) < (right.family.rawValue, right.value)
    }
}

/// A network: an address whose bits behind the prefix are zero, and the prefix's length.
public struct IPPrefix: Hashable, Sendable, CustomStringConvertible {
    /// The first address of the network.
    public let address: IPAddress
    /// The prefix's length in bits.
    public let length: Int

    /// The network that `address` is in. Nil if the length is not one of the family.
    public init?(containing address: IPAddress, length: Int) {
        guard (0...address.family.bitCount).contains(length),
            let first = IPAddress(
                address.family, value: address.value & ~IPPrefix.hostMask(address.family, length))
        else { return nil }
        self.address = first
        self.length = length
    }

    public var family: IPFamily { address.family }

    /// Bits that tell the addresses of the network apart.
    private static func hostMask(_ family: IPFamily, _ length: Int) -> UInt128 {
        let bits = family.bitCount - length
        return bits == 128 ? .max : (1 << UInt128(bits)) - 1
    }

    /// The last address: for IPv4 the broadcast address.
    public var last: IPAddress { at(IPPrefix.hostMask(family, length)) ?? address }

    /// The address with this offset from the first. Nil if it is outside of the network.
    public func at(_ offset: UInt128) -> IPAddress? {
        guard offset <= IPPrefix.hostMask(family, length) else { return nil }
        return IPAddress(family, value: address.value | offset)
    }

    public func contains(_ other: IPAddress) -> Bool {
        other.family == family && other.value & ~IPPrefix.hostMask(family, length) == address.value
    }

    /// Whether the two have an address in common.
    public func overlaps(_ other: IPPrefix) -> Bool {
        contains(other.address) || other.contains(address)
    }

    /// `172.17.0.0/16`
    public var description: String { "\(address)/\(length)" }
}

/// The hardware address of an Ethernet interface.
public struct MACAddress: Hashable, Sendable, CustomStringConvertible {
    /// Six bytes.
    public let bytes: [UInt8]

    /// The address that goes with an IP address, as Docker makes it: `02:42:` and the last four bytes. Who asks again soon
    /// for an address that has moved to another container finds the same hardware address or a new one, never a stale mix.
    public init(for address: IPAddress) { bytes = [0x02, 0x42] + address.bytes.suffix(4) }

    /// Nil unless there are six bytes and they name one interface: no group address, not all zero.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 6, let first = bytes.first, first & 1 == 0, bytes.contains(where: { $0 != 0 }) else {
            return nil
        }
        self.bytes = Array(bytes)
    }

    /// Reads `02:42:ac:11:00:02`.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        let bytes = parts.compactMap { part -> UInt8? in
            part.count == 2 ? UInt8(String(decoding: part, as: UTF8.self), radix: 16) : nil
        }
        guard parts.count == 6, bytes.count == 6 else { return nil }
        self.init(bytes: bytes)
    }

    public var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}
