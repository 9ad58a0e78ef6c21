import CLinux
import Glibc

/// Changes to links, addresses and routes, in the order in which the kernel shall make them.
public struct RouteBatch: Sendable {
    private(set) var messages: [NetlinkMessage] = []
    /// What is made and removed by them, for ``ObjectLog``; empty unless somebody wants to know.
    private(set) var notes = ObjectNotes()

    public init() {}

    /// Whether an IPv6 address that the kernel makes up itself is wanted on a link (fe80::…).
    public enum AddressGeneration: UInt8, Sendable {
        /// IN6_ADDR_GEN_MODE_EUI64
        case linkLocal = 0
        /// IN6_ADDR_GEN_MODE_NONE
        case none = 1
    }

    /// Makes a bridge that is down, without spanning tree.
    ///
    /// - Parameter macAddress: One that stays; without it a bridge takes on that of one of its ports, and changes with them.
    public mutating func addBridge(_ name: String, macAddress: MACAddress, mtu: UInt32) {
        notes.made("bridge \(name)")
        var message = NetlinkMessage(
            "RTM_NEWLINK", RTM_NEWLINK, on: name, flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, header: linkHeader())
        message.put(IFLA_IFNAME, name)
        message.put(IFLA_ADDRESS, macAddress.bytes)
        message.put(IFLA_MTU, mtu)
        message.nest(IFLA_LINKINFO) {
            $0.put(IFLA_INFO_KIND, "bridge")
            $0.nest(IFLA_INFO_DATA) {
                $0.put(IFLA_BR_STP_STATE, UInt32(0))
                $0.put(IFLA_BR_FORWARD_DELAY, UInt32(0))
            }
        }
        messages.append(message)
    }

    /// Makes a pair of virtual Ethernet interfaces, both down: one here, its peer at once in another network namespace,
    /// where it never had a name or an index in this one.
    public mutating func addPair(
        _ name: String, master: Int32? = nil, mtu: UInt32, peer: String, peerMACAddress: MACAddress,
        in namespace: borrowing FileDescriptor
    ) {
        if ObjectLog.isOn { notes.made("veth \(name), whose peer \(peer) is in \(namespace.location())") }
        var message = NetlinkMessage(
            "RTM_NEWLINK", RTM_NEWLINK, on: name, flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, header: linkHeader())
        message.put(IFLA_IFNAME, name)
        message.put(IFLA_MTU, mtu)
        if let master { message.put(IFLA_MASTER, master) }
        let descriptor = namespace.number
        message.nest(IFLA_LINKINFO) {
            $0.put(IFLA_INFO_KIND, "veth")
            $0.nest(IFLA_INFO_DATA) {
                $0.nest(Int(VETH_INFO_PEER), header: linkHeader()) {
                    $0.put(IFLA_IFNAME, peer)
                    $0.put(IFLA_ADDRESS, peerMACAddress.bytes)
                    $0.put(IFLA_MTU, mtu)
                    $0.put(IFLA_NET_NS_FD, descriptor)
                }
            }
        }
        messages.append(message)
    }

    /// Sets a port of a bridge up: with `hairpin`, frames may leave by the port that they came in by.
    public mutating func raiseBridgePort(_ name: String, hairpin: Bool, generating: AddressGeneration) {
        notes.made("bridge port \(name)")
        var message = change(link: name, up: true)
        message.nest(IFLA_LINKINFO) {
            $0.put(IFLA_INFO_SLAVE_KIND, "bridge")
            $0.nest(IFLA_INFO_SLAVE_DATA) { $0.put(IFLA_BRPORT_MODE, UInt8(hairpin ? 1 : 0)) }
        }
        message.putAddressGeneration(generating)
        messages.append(message)
    }

    /// Sets which IPv6 address a link makes up; before it is set up, or it already has one.
    public mutating func setAddressGeneration(_ mode: AddressGeneration, on name: String) {
        var message = change(link: name, up: nil)
        message.putAddressGeneration(mode)
        messages.append(message)
    }

    /// Sets a link up.
    public mutating func raise(_ name: String) { messages.append(change(link: name, up: true)) }

    /// Deletes a link, and with one end of a pair the other.
    public mutating func deleteLink(_ name: String) {
        notes.removed("link \(name)")
        var message = NetlinkMessage("RTM_DELLINK", RTM_DELLINK, on: name, header: linkHeader())
        message.put(IFLA_IFNAME, name)
        messages.append(message)
    }

    /// Gives a link an address. For IPv6 there is no search for a duplicate, which would take a second: nobody else can
    /// give out addresses on the link.
    public mutating func addAddress(_ address: IPAddress, prefixLength: Int, link: Int32) {
        notes.made("address \(address)/\(prefixLength)")
        // ifaddrmsg: family, prefix length, flags, scope, index. IFA_F_PERMANENT is the kernel's to set.
        var header = [
            address.family.rawValue, UInt8(truncatingIfNeeded: prefixLength),
            address.family == .ipv6 ? UInt8(IFA_F_NODAD) : 0, UInt8(RT_SCOPE_UNIVERSE.rawValue),
        ]
        header.appendHostOrder(link)
        var message = NetlinkMessage(
            "RTM_NEWADDR", RTM_NEWADDR, on: "\(address)/\(prefixLength)",
            flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, header: header)
        message.put(IFA_LOCAL, address.bytes)
        message.put(IFA_ADDRESS, address.bytes)
        if address.family == .ipv4, let network = IPPrefix(containing: address, length: prefixLength), prefixLength < 31 {
            message.put(IFA_BROADCAST, network.last.bytes)
        }
        messages.append(message)
    }

    /// Adds the route for everything that no other route is for.
    public mutating func addDefaultRoute(through gateway: IPAddress, link: Int32) {
        notes.made("route default via \(gateway)")
        // rtmsg: family, two prefix lengths, TOS, table, protocol, scope, type, flags.
        var header = [
            gateway.family.rawValue, 0, 0, 0, UInt8(RT_TABLE_MAIN.rawValue), UInt8(RTPROT_BOOT),
            UInt8(RT_SCOPE_UNIVERSE.rawValue), UInt8(RTN_UNICAST),
        ]
        header.appendHostOrder(UInt32(0))
        var message = NetlinkMessage(
            "RTM_NEWROUTE", RTM_NEWROUTE, on: "default via \(gateway)",
            flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, header: header)
        message.put(RTA_GATEWAY, gateway.bytes)
        message.put(RTA_OIF, link)
        messages.append(message)
    }

    private func change(link name: String, up: Bool?) -> NetlinkMessage {
        let flag = UInt32(IFF_UP)
        var message = NetlinkMessage(
            "RTM_NEWLINK", RTM_NEWLINK, on: name,
            header: linkHeader(flags: up == true ? flag : 0, mask: up == nil ? 0 : flag))
        message.put(IFLA_IFNAME, name)
        return message
    }
}

extension NetlinkMessage {
    fileprivate mutating func putAddressGeneration(_ mode: RouteBatch.AddressGeneration) {
        nest(IFLA_AF_SPEC) { $0.nest(Int(AF_INET6)) { $0.put(IFLA_INET6_ADDR_GEN_MODE, mode.rawValue) } }
    }
}
