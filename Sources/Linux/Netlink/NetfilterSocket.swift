import CLinux
import Glibc

/// nfnetlink: the nftables rules and the tracked connections of one network namespace, that of the thread which makes the
/// socket.
public struct NetfilterSocket: ~Copyable {
    private var socket: NetlinkSocket

    public init() throws(NetlinkError) {
        socket = try NetlinkSocket(protocol: NETLINK_NETFILTER, named: "nfnetlink")
    }

    /// Makes all changes of the transaction, or none.
    ///
    /// - Throws: The first reason against it.
    public mutating func commit(_ transaction: NftablesTransaction) throws(NetlinkError) {
        try socket.transactAtomically(transaction.messages)
        transaction.notes.write()
    }

    /// The comment of a table of family `inet`: nil if there is no such table, empty if it has none.
    public mutating func comment(ofTable table: String) throws(NetlinkError) -> String? {
        var message = NetlinkMessage(
            "NFT_MSG_GETTABLE", nftablesType(NFT_MSG_GETTABLE), on: table,
            header: netfilterHeader(NftablesTransaction.Family.inet.rawValue))
        message.put(NFTA_TABLE_NAME, table)
        var comment: String?
        do throws(NetlinkError) {
            try socket.query(message) { _, payload in
                let userData = NetlinkAttributes(payload.dropFirst(4))[NFTA_TABLE_USERDATA]
                comment = userData.flatMap { NftablesTransaction.comment(in: $0) } ?? ""
            }
        } catch {
            guard error.errno == .noSuchFile else { throw error }
        }
        return comment
    }

    /// A chain of any table.
    public struct Chain: Hashable, Sendable {
        /// The kernel's number: 1 inet, 2 IPv4, 10 IPv6, and others.
        public let family: UInt8
        public let table: String
        public let name: String
        /// Whether the kernel calls it for forwarded packets.
        public let filtersForwarded: Bool
        /// Whether it drops what no rule of it decides.
        public let dropsByDefault: Bool

        init?(_ payload: ArraySlice<UInt8>) {
            let attributes = NetlinkAttributes(payload.dropFirst(4))
            guard let family = payload.first, let table = attributes.text(NFTA_CHAIN_TABLE),
                let name = attributes.text(NFTA_CHAIN_NAME)
            else { return nil }
            let hook = attributes.nested(NFTA_CHAIN_HOOK)?.number(NFTA_HOOK_HOOKNUM, UInt32.self)
            self.family = family
            self.table = table
            self.name = name
            filtersForwarded = hook?.bigEndian == NftablesTransaction.Hook.Place.forward.rawValue
            dropsByDefault = attributes.number(NFTA_CHAIN_POLICY, UInt32.self)?.bigEndian == 0
        }
    }

    /// The chains of all tables.
    public mutating func chains() throws(NetlinkError) -> [Chain] {
        let message = NetlinkMessage(
            "NFT_MSG_GETCHAIN", nftablesType(NFT_MSG_GETCHAIN), on: "all", flags: NLM_F_DUMP,
            header: netfilterHeader(UInt8(AF_UNSPEC)))
        var chains: [Chain] = []
        try socket.query(message) { _, payload in
            if let chain = Chain(payload) { chains.append(chain) }
        }
        return chains
    }

    /// Whether a rule of the table names an interface: compares a packet's interface with this name.
    public mutating func hasRule(in chain: Chain, naming interface: String) throws(NetlinkError) -> Bool {
        var message = NetlinkMessage(
            "NFT_MSG_GETRULE", nftablesType(NFT_MSG_GETRULE), on: chain.table, flags: NLM_F_DUMP,
            header: netfilterHeader(chain.family))
        message.put(NFTA_RULE_TABLE, chain.table)
        let name = Array(interface.utf8) + [0]
        var isNamed = false
        try socket.query(message) { _, payload in
            guard !isNamed, let rule = NetlinkAttributes(payload.dropFirst(4))[NFTA_RULE_EXPRESSIONS] else { return }
            isNamed = rule.indices.contains { rule[$0...].starts(with: name) }
        }
        return isNamed
    }
}

// MARK: - Tracked connections

extension NetfilterSocket {
    /// Which connections to forget. The kernel compares them itself (CTA_FILTER, Linux 5.8).
    public enum ConntrackFilter: Sendable {
        /// Those that this address began.
        case from(IPAddress)
        /// Those that this address answers, also where it was reached under another one.
        case answered(by: IPAddress)
        /// Those that were begun to this port, of whatever address of the family.
        case to(port: UInt16, TransportProtocol, IPFamily)
    }

    /// Deletes the tracked connections that match. Their next packet is looked at as if it were the first.
    public mutating func forgetConnections(_ filter: ConntrackFilter) throws(NetlinkError) {
        let type = UInt16(NFNL_SUBSYS_CTNETLINK) << 8 | IPCTNL_MSG_CT_DELETE.netlinkValue
        do throws(NetlinkError) { try socket.transact([Self.deletion(type, filter)]) } catch {
            // No connection was tracked yet, or none of this protocol.
            guard error.errno == .noSuchFile else { throw error }
        }
    }

    private static func deletion(_ type: UInt16, _ filter: ConntrackFilter) -> NetlinkMessage {
        // Bits of CTA_FILTER_ORIG_FLAGS and CTA_FILTER_REPLY_FLAGS (ctnetlink's CTA_FILTER_FLAG, which no header exports).
        let (source, number, destinationPort): (UInt32, UInt32, UInt32) = (1 << 0, 1 << 3, 1 << 5)
        switch filter {
        case .from(let address):
            var message = NetlinkMessage(
                "IPCTNL_MSG_CT_DELETE", type, on: "from \(address)", header: netfilterHeader(address.family.rawValue))
            message.nest(CTA_TUPLE_ORIG) { $0.putSource(address) }
            message.nest(CTA_FILTER) { $0.put(CTA_FILTER_ORIG_FLAGS, source) }
            return message
        case .answered(let address):
            var message = NetlinkMessage(
                "IPCTNL_MSG_CT_DELETE", type, on: "answered by \(address)",
                header: netfilterHeader(address.family.rawValue))
            message.nest(CTA_TUPLE_REPLY) { $0.putSource(address) }
            message.nest(CTA_FILTER) { $0.put(CTA_FILTER_REPLY_FLAGS, source) }
            return message
        case .to(let port, let transport, let family):
            var message = NetlinkMessage(
                "IPCTNL_MSG_CT_DELETE", type, on: "to port \(port)/\(transport)",
                header: netfilterHeader(family.rawValue))
            message.nest(CTA_TUPLE_ORIG) {
                $0.nest(CTA_TUPLE_PROTO) {
                    $0.put(CTA_PROTO_NUM, transport.rawValue)
                    $0.put(CTA_PROTO_DST_PORT, bigEndian: port)
                }
            }
            message.nest(CTA_FILTER) { $0.put(CTA_FILTER_ORIG_FLAGS, number | destinationPort) }
            return message
        }
    }
}

extension NetlinkMessage {
    fileprivate mutating func putSource(_ address: IPAddress) {
        nest(CTA_TUPLE_IP) {
            $0.put(address.family == .ipv4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, address.bytes)
        }
    }
}
