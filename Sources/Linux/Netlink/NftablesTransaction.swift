import CLinux
import Glibc

/// Changes to one nftables table, which happen all at once or not at all.
public struct NftablesTransaction: Sendable {
    /// What a table's rules see, by the kernel's numbers (`NFPROTO_…`).
    public enum Family: UInt8, Sendable {
        /// Packets of IPv4 and IPv6.
        case inet = 1
        /// Frames that a bridge carries from port to port.
        case bridge = 7
    }

    /// The table's name.
    public let table: String
    private let family: Family
    private(set) var messages: [NetlinkMessage] = []
    /// What is made and removed by them, for ``ObjectLog``; empty unless somebody wants to know.
    private(set) var notes = ObjectNotes()
    private var setCount: UInt32 = 0

    public init(table: String, family: Family = .inet) {
        self.table = table
        self.family = family
    }

    /// What a chain is called from, by the kernel's numbers of priorities (`NF_IP_PRI_…`).
    public struct Hook: Sendable {
        enum Place: UInt32, Sendable { case prerouting = 0, input, forward, output, postrouting }
        let type: String
        let place: Place
        let priority: Int32

        /// Before connection tracking and translation.
        public static let rawPrerouting = Hook(type: "filter", place: .prerouting, priority: -300)
        public static let translateArriving = Hook(type: "nat", place: .prerouting, priority: -100)
        public static let translateLocal = Hook(type: "nat", place: .output, priority: -100)
        public static let translateLeaving = Hook(type: "nat", place: .postrouting, priority: 100)
        public static let filterForwarded = Hook(type: "filter", place: .forward, priority: 0)
    }

    /// The fields that a key or a value of a map is made of, for `nft` to show.
    public enum Field: UInt32, Sendable {
        // Numbers of nft's data types, which it reads back (nftables, include/datatype.h).
        case ipv4Address = 7
        case ipv6Address = 8
        case transportProtocol = 12
        case port = 13

        /// The field's size in a key of several fields, where each takes whole words of 4 bytes.
        var paddedSize: UInt32 { self == .ipv6Address ? 16 : 4 }
    }

    /// Makes the table, unless it is there. `comment` is at most 128 bytes.
    public mutating func addTable(comment: String) {
        notes.made("nft table \(table)")
        var message = request("NFT_MSG_NEWTABLE", NFT_MSG_NEWTABLE, on: table, flags: NLM_F_CREATE)
        message.put(NFTA_TABLE_NAME, table)
        message.put(NFTA_TABLE_USERDATA, Self.comment(comment))
        messages.append(message)
    }

    /// Deletes the table with all that is in it.
    private mutating func deleteTable() {
        notes.removed("nft table \(table)")
        var message = request("NFT_MSG_DELTABLE", NFT_MSG_DELTABLE, on: table)
        message.put(NFTA_TABLE_NAME, table)
        messages.append(message)
    }

    /// Deletes the table, whether it is there or not.
    public mutating func deleteTableIfThere() {
        // Only a table that is there can be deleted.
        addTable(comment: "")
        deleteTable()
    }

    /// Adds a map from keys to values.
    public mutating func addMap(_ name: String, from key: [Field], to value: [Field]) {
        notes.made("nft map \(table) \(name)")
        setCount += 1
        let types = { (fields: [Field]) in fields.reduce(UInt32(0)) { $0 << 6 | $1.rawValue } }
        let size = { (fields: [Field]) in fields.reduce(UInt32(0)) { $0 + $1.paddedSize } }
        var message = request("NFT_MSG_NEWSET", NFT_MSG_NEWSET, on: "\(table) \(name)", flags: NLM_F_CREATE)
        message.put(NFTA_SET_TABLE, table)
        message.put(NFTA_SET_NAME, name)
        message.put(NFTA_SET_FLAGS, bigEndian: UInt32(NFT_SET_MAP.rawValue))
        message.put(NFTA_SET_KEY_TYPE, bigEndian: types(key))
        message.put(NFTA_SET_KEY_LEN, bigEndian: size(key))
        message.put(NFTA_SET_DATA_TYPE, bigEndian: types(value))
        message.put(NFTA_SET_DATA_LEN, bigEndian: size(value))
        message.put(NFTA_SET_ID, bigEndian: setCount)
        messages.append(message)
    }

    /// Adds a chain; without a hook it is only jumped to. What no rule decides is accepted.
    public mutating func addChain(_ name: String, _ hook: Hook? = nil) {
        notes.made("nft chain \(table) \(name)")
        var message = request("NFT_MSG_NEWCHAIN", NFT_MSG_NEWCHAIN, on: "\(table) \(name)", flags: NLM_F_CREATE)
        message.put(NFTA_CHAIN_TABLE, table)
        message.put(NFTA_CHAIN_NAME, name)
        if let hook {
            message.put(NFTA_CHAIN_TYPE, hook.type)
            message.put(NFTA_CHAIN_POLICY, bigEndian: UInt32(1))  // NF_ACCEPT
            message.nest(NFTA_CHAIN_HOOK) {
                $0.put(NFTA_HOOK_HOOKNUM, bigEndian: hook.place.rawValue)
                $0.put(NFTA_HOOK_PRIORITY, bigEndian: hook.priority)
            }
        }
        messages.append(message)
    }

    /// Adds a rule behind the others of the chain. `comment` is at most 127 bytes.
    public mutating func addRule(_ chain: String, _ expressions: [NftablesExpression], comment: String? = nil) {
        notes.made("nft rule in \(table) \(chain)" + (comment.map { ": \($0)" } ?? ""))
        var message = request(
            "NFT_MSG_NEWRULE", NFT_MSG_NEWRULE, on: "\(table) \(chain)", flags: NLM_F_CREATE | NLM_F_APPEND)
        message.put(NFTA_RULE_TABLE, table)
        message.put(NFTA_RULE_CHAIN, chain)
        message.nest(NFTA_RULE_EXPRESSIONS) { list in for expression in expressions { list.put(expression) } }
        if let comment { message.put(NFTA_RULE_USERDATA, Self.comment(comment)) }
        messages.append(message)
    }

    /// Adds an element to a map. If the key is there with this value, nothing changes; with another value, all fails (`EEXIST`
    /// or `EBUSY`, depending on the kernel).
    public mutating func addElement(_ map: String, key: [UInt8], value: [UInt8]) {
        notes.made("nft element of \(table) \(map): \(Self.dotted(key)) -> \(Self.dotted(value))")
        messages.append(
            element("NFT_MSG_NEWSETELEM", NFT_MSG_NEWSETELEM, NLM_F_CREATE, map: map, key: key, value: value))
    }

    /// Removes an element; all fails if there is none with this key (`ENOENT`). It takes the kernel milliseconds.
    public mutating func deleteElement(_ map: String, key: [UInt8]) {
        // Added before it was deleted, so that its deletion doesn't fail: nothing was made.
        let name = "nft element of \(table) \(map): \(Self.dotted(key))"
        notes.forget("\(name) ->")
        notes.removed(name)
        messages.append(element("NFT_MSG_DELSETELEM", NFT_MSG_DELSETELEM, 0, map: map, key: key, value: nil))
    }

    private static func dotted(_ bytes: [UInt8]) -> String { bytes.map { String($0) }.joined(separator: ".") }

    private func element(
        _ name: String, _ type: nf_tables_msg_types, _ flags: CInt, map: String, key: [UInt8], value: [UInt8]?
    ) -> NetlinkMessage {
        var message = request(name, type, on: "\(table) \(map)", flags: flags)
        message.put(NFTA_SET_ELEM_LIST_TABLE, table)
        message.put(NFTA_SET_ELEM_LIST_SET, map)
        message.nest(NFTA_SET_ELEM_LIST_ELEMENTS) {
            $0.nest(NFTA_LIST_ELEM) {
                $0.nest(NFTA_SET_ELEM_KEY) { $0.put(NFTA_DATA_VALUE, key) }
                if let value { $0.nest(NFTA_SET_ELEM_DATA) { $0.put(NFTA_DATA_VALUE, value) } }
            }
        }
        return message
    }

    private func request(
        _ name: String, _ type: nf_tables_msg_types, on operand: String, flags: CInt = 0
    ) -> NetlinkMessage {
        NetlinkMessage(
            name, nftablesType(type), on: operand, flags: flags | NLM_F_ACK, header: netfilterHeader(family.rawValue))
    }

    /// User data that `nft` shows as a comment: a type (0 in tables and rules), a length, and the text with its NUL.
    private static func comment(_ text: String) -> [UInt8] {
        let bytes = text.utf8.prefix(254)
        return [0, UInt8(truncatingIfNeeded: bytes.count + 1)] + bytes + [0]
    }

    /// Reads ``comment(_:)`` back.
    static func comment(in userData: ArraySlice<UInt8>) -> String? {
        guard userData.count > 2, userData.first == 0 else { return nil }
        return String(decoding: userData.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self)
    }
}

/// A message type of nfnetlink: the subsystem in the high byte.
func nftablesType(_ type: nf_tables_msg_types) -> UInt16 { UInt16(NFNL_SUBSYS_NFTABLES) << 8 | type.netlinkValue }

/// An `nfgenmsg`: family, version, resource id.
func netfilterHeader(_ family: UInt8) -> [UInt8] { [family, UInt8(NFNETLINK_V0), 0, 0] }
