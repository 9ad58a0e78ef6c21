import CLinux
import Glibc

/// rtnetlink(7): the links, addresses and routes of one network namespace, that of the thread which makes the socket.
///
/// Changes are collected in a ``RouteBatch`` and sent at once.
public struct RouteSocket: ~Copyable {
    private var socket: NetlinkSocket

    public init() throws(NetlinkError) { socket = try NetlinkSocket(protocol: NETLINK_ROUTE, named: "rtnetlink") }

    /// Sends all changes of the batch in one call. They are no transaction: those behind one that fails are tried too.
    ///
    /// - Throws: The first failure.
    public mutating func apply(_ batch: RouteBatch) throws(NetlinkError) {
        try socket.transact(batch.messages)
        batch.notes.write()
    }

    /// The link of this name; nil if there is none.
    public mutating func link(named name: String) throws(NetlinkError) -> Link? {
        var message = NetlinkMessage("RTM_GETLINK", RTM_GETLINK, on: name, header: linkHeader())
        message.put(IFLA_IFNAME, name)
        // Counting a link's packets up takes the kernel longer than all the rest.
        message.put(IFLA_EXT_MASK, UInt32(RTEXT_FILTER_SKIP_STATS))
        var found: Link?
        do throws(NetlinkError) {
            try socket.query(message) { _, payload in found = found ?? Link(payload) }
        } catch {
            guard error.errno == Errno(rawValue: ENODEV) else { throw error }
        }
        return found
    }

    /// All links.
    public mutating func links() throws(NetlinkError) -> [Link] {
        try dump("RTM_GETLINK", RTM_GETLINK, header: linkHeader()) { Link($0) }
    }

    /// All addresses of both families, with the networks that they are in.
    public mutating func addresses() throws(NetlinkError) -> [LinkAddress] {
        // ifaddrmsg
        try dump("RTM_GETADDR", RTM_GETADDR, header: [UInt8](repeating: 0, count: 8)) { LinkAddress($0) }
    }

    /// The unicast routes of a family, of all routing tables.
    public mutating func routes(_ family: IPFamily) throws(NetlinkError) -> [Route] {
        // rtmsg
        let header = [family.rawValue] + [UInt8](repeating: 0, count: 11)
        return try dump("RTM_GETROUTE", RTM_GETROUTE, header: header) { Route($0) }
    }

    /// Waits until the kernel has told everybody that a link has a carrier, or has lost it. It does so by and by in a queue of
    /// work; a bridge drops what a new port sends until it has been told.
    public borrowing func settleCarrier(of name: String) throws(NetlinkError) {
        let result = hako_settle_carrier(socket.number, name)
        if result < 0 { throw NetlinkError("SIOCETHTOOL", on: name, Errno(rawValue: -result)) }
    }

    private mutating func dump<Element>(
        _ request: String, _ type: Int, header: [UInt8], _ element: (ArraySlice<UInt8>) -> Element?
    ) throws(NetlinkError) -> [Element] {
        let message = NetlinkMessage(request, type, on: "all", flags: NLM_F_DUMP, header: header)
        var elements: [Element] = []
        try socket.query(message) { _, payload in
            if let element = element(payload) { elements.append(element) }
        }
        return elements
    }
}

/// A network interface.
public struct Link: Hashable, Sendable {
    /// IFF_UP and the like.
    public let flags: UInt32
    /// Numbers the links of a namespace, from 1.
    public let index: Int32
    public let name: String
    /// In bytes.
    public let mtu: UInt32
    /// `bridge`, `veth` and the like; nil for hardware.
    public let kind: String?
    /// The index of the bridge that it is a port of.
    public let master: Int32?
    public let macAddress: MACAddress?

    public var isUp: Bool { flags & UInt32(IFF_UP) != 0 }
    public var isLoopback: Bool { flags & UInt32(IFF_LOOPBACK) != 0 }

    /// From an `ifinfomsg` and its attributes.
    init?(_ payload: ArraySlice<UInt8>) {
        guard let index = payload.hostOrder(Int32.self, at: 4), let flags = payload.hostOrder(UInt32.self, at: 8)
        else { return nil }
        let attributes = NetlinkAttributes(payload.dropFirst(linkHeader().count))
        guard let name = attributes.text(IFLA_IFNAME) else { return nil }
        self.index = index
        self.flags = flags
        self.name = name
        mtu = attributes.number(IFLA_MTU, UInt32.self) ?? 0
        kind = attributes.nested(IFLA_LINKINFO)?.text(IFLA_INFO_KIND)
        master = attributes.number(IFLA_MASTER, Int32.self)
        macAddress = attributes[IFLA_ADDRESS].flatMap { MACAddress(bytes: $0) }
    }
}

/// An address that an interface has.
public struct LinkAddress: Hashable, Sendable {
    public let linkIndex: Int32
    public let address: IPAddress
    public let prefixLength: Int

    /// From an `ifaddrmsg` and its attributes.
    init?(_ payload: ArraySlice<UInt8>) {
        guard payload.count >= 8, let index = payload.hostOrder(Int32.self, at: 4) else { return nil }
        let attributes = NetlinkAttributes(payload.dropFirst(8))
        // On a point-to-point link IFA_ADDRESS is the peer's.
        guard let address = attributes.address(IFA_LOCAL) ?? attributes.address(IFA_ADDRESS) else { return nil }
        linkIndex = index
        prefixLength = Int(payload[payload.startIndex + 1])
        self.address = address
    }
}

/// A unicast route.
public struct Route: Hashable, Sendable {
    public let destination: IPPrefix
    public let gateway: IPAddress?
    public let linkIndex: Int32?
    /// The smaller, the rather it is used.
    public let metric: UInt32

    public var isDefault: Bool { destination.length == 0 }

    /// From an `rtmsg` and its attributes; nil for local, broadcast and other routes that lead nowhere else.
    init?(_ payload: ArraySlice<UInt8>) {
        guard payload.count >= 12, let family = IPFamily(rawValue: payload[payload.startIndex]),
            payload[payload.startIndex + 7] == UInt8(RTN_UNICAST)
        else { return nil }
        let attributes = NetlinkAttributes(payload.dropFirst(12))
        guard
            let destination = IPPrefix(
                containing: attributes.address(RTA_DST) ?? .unspecified(family),
                length: Int(payload[payload.startIndex + 1]))
        else { return nil }
        self.destination = destination
        gateway = attributes.address(RTA_GATEWAY)
        linkIndex = attributes.number(RTA_OIF, Int32.self)
        metric = attributes.number(RTA_PRIORITY, UInt32.self) ?? 0
    }
}

/// An `ifinfomsg`: family, padding, type, index, flags, and which flags are meant.
func linkHeader(index: Int32 = 0, flags: UInt32 = 0, mask: UInt32 = 0) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(AF_UNSPEC), 0, 0, 0]
    bytes.appendHostOrder(index)
    bytes.appendHostOrder(flags)
    bytes.appendHostOrder(mask)
    return bytes
}
