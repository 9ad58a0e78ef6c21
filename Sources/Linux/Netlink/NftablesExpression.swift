import CLinux
import Glibc

/// One step of an nftables rule. A rule ends at the first comparison or lookup that does not match.
///
/// Registers are counted in words of 4 bytes, from 0 to 15: a key made of several fields lies in neighbouring words.
/// `nft --debug=netlink` shows rules in the same steps.
public enum NftablesExpression: Sendable {
    public enum MetaKey: Sendable {
        case inputInterfaceName, outputInterfaceName, networkProtocol, transportProtocol
        /// What a frame carries, in network byte order.
        case etherType
    }
    public enum PayloadBase: Sendable { case linkHeader, networkHeader, transportHeader }
    public enum ConntrackKey: Sendable { case state, status }
    public enum Verdict: Sendable {
        case accept, drop
        /// Goes on in another chain, and comes back.
        case jump(String)
    }

    case loadMeta(MetaKey, to: UInt8)
    case loadPayload(PayloadBase, offset: UInt32, length: UInt32, to: UInt8)
    /// The type of the packet's destination in the routing tables, RTN_LOCAL and the like.
    case loadDestinationType(to: UInt8)
    case loadConntrack(ConntrackKey, to: UInt8)
    /// Keeps the bits of a 4-byte register that are in the mask.
    case mask(UInt8, [UInt8])
    case match(UInt8, [UInt8])
    case matchNot(UInt8, [UInt8])
    /// Replaces the key in the registers by what the map has for it.
    case lookup(map: String, key: UInt8, to: UInt8)
    /// Sends the connection to the address and port in these registers.
    case translateDestination(IPFamily, address: UInt8, port: UInt8)
    /// Gives the connection the address of the interface that it leaves by as its source.
    case masquerade
    case verdict(Verdict)

    /// Bits of ``ConntrackKey/state``: the connection has answered, or belongs to one that has.
    public static let establishedOrRelated: UInt32 = 1 << 1 | 1 << 2
    /// Bit of ``ConntrackKey/status``: the destination was translated (IPS_DST_NAT).
    public static let destinationTranslated: UInt32 = 1 << 5
}

extension NetlinkMessage {
    /// One element of a rule's list of expressions.
    mutating func put(_ expression: NftablesExpression) {
        nest(NFTA_LIST_ELEM) {
            $0.put(NFTA_EXPR_NAME, expression.name)
            $0.nest(NFTA_EXPR_DATA) { $0.putFields(of: expression) }
        }
    }

    private mutating func putFields(of expression: NftablesExpression) {
        switch expression {
        case .loadMeta(let key, let register):
            put(NFTA_META_KEY, bigEndian: key.number)
            put(NFTA_META_DREG, bigEndian: word(register))
        case .loadPayload(let base, let offset, let length, let register):
            put(NFTA_PAYLOAD_DREG, bigEndian: word(register))
            put(NFTA_PAYLOAD_BASE, bigEndian: base.number)
            put(NFTA_PAYLOAD_OFFSET, bigEndian: offset)
            put(NFTA_PAYLOAD_LEN, bigEndian: length)
        case .loadDestinationType(let register):
            put(NFTA_FIB_DREG, bigEndian: word(register))
            put(NFTA_FIB_RESULT, bigEndian: NFT_FIB_RESULT_ADDRTYPE.rawValue)
            put(NFTA_FIB_FLAGS, bigEndian: UInt32(NFTA_FIB_F_DADDR.rawValue))
        case .loadConntrack(let key, let register):
            put(NFTA_CT_DREG, bigEndian: word(register))
            put(NFTA_CT_KEY, bigEndian: (key == .state ? NFT_CT_STATE : NFT_CT_STATUS).rawValue)
        case .mask(let register, let mask): putMask(register, mask)
        case .match(let register, let bytes): putComparison(register, NFT_CMP_EQ, bytes)
        case .matchNot(let register, let bytes): putComparison(register, NFT_CMP_NEQ, bytes)
        case .lookup, .translateDestination, .masquerade, .verdict: putAction(expression)
        }
    }

    private mutating func putAction(_ expression: NftablesExpression) {
        switch expression {
        case .lookup(let map, let key, let register):
            put(NFTA_LOOKUP_SET, map)
            put(NFTA_LOOKUP_SREG, bigEndian: word(key))
            put(NFTA_LOOKUP_DREG, bigEndian: word(register))
        case .translateDestination(let family, let address, let port):
            put(NFTA_NAT_TYPE, bigEndian: NFT_NAT_DNAT.rawValue)
            put(NFTA_NAT_FAMILY, bigEndian: UInt32(family.rawValue))
            put(NFTA_NAT_REG_ADDR_MIN, bigEndian: word(address))
            put(NFTA_NAT_REG_PROTO_MIN, bigEndian: word(port))
        case .verdict(let verdict):
            put(NFTA_IMMEDIATE_DREG, bigEndian: NFT_REG_VERDICT.rawValue)
            nest(NFTA_IMMEDIATE_DATA) { $0.nest(NFTA_DATA_VERDICT) { $0.putVerdict(verdict) } }
        default: break
        }
    }

    private mutating func putVerdict(_ verdict: NftablesExpression.Verdict) {
        switch verdict {
        case .accept: put(NFTA_VERDICT_CODE, bigEndian: UInt32(1))  // NF_ACCEPT
        case .drop: put(NFTA_VERDICT_CODE, bigEndian: UInt32(0))  // NF_DROP
        case .jump(let chain):
            put(NFTA_VERDICT_CODE, bigEndian: NFT_JUMP.rawValue)
            put(NFTA_VERDICT_CHAIN, chain)
        }
    }

    private mutating func putComparison(_ register: UInt8, _ operation: nft_cmp_ops, _ bytes: [UInt8]) {
        put(NFTA_CMP_SREG, bigEndian: word(register))
        put(NFTA_CMP_OP, bigEndian: operation.rawValue)
        nest(NFTA_CMP_DATA) { $0.put(NFTA_DATA_VALUE, bytes) }
    }

    private mutating func putMask(_ register: UInt8, _ mask: [UInt8]) {
        put(NFTA_BITWISE_SREG, bigEndian: word(register))
        put(NFTA_BITWISE_DREG, bigEndian: word(register))
        put(NFTA_BITWISE_LEN, bigEndian: UInt32(mask.count))
        nest(NFTA_BITWISE_MASK) { $0.put(NFTA_DATA_VALUE, mask) }
        nest(NFTA_BITWISE_XOR) { $0.put(NFTA_DATA_VALUE, [UInt8](repeating: 0, count: mask.count)) }
    }

    private func word(_ register: UInt8) -> UInt32 { NFT_REG32_00.rawValue + UInt32(register) }
}

extension NftablesExpression {
    fileprivate var name: String {
        switch self {
        case .loadMeta: "meta"
        case .loadPayload: "payload"
        case .loadDestinationType: "fib"
        case .loadConntrack: "ct"
        case .mask: "bitwise"
        case .match, .matchNot: "cmp"
        case .lookup: "lookup"
        case .translateDestination: "nat"
        case .masquerade: "masq"
        case .verdict: "immediate"
        }
    }
}

extension NftablesExpression.MetaKey {
    fileprivate var number: UInt32 {
        switch self {
        case .inputInterfaceName: NFT_META_IIFNAME.rawValue
        case .outputInterfaceName: NFT_META_OIFNAME.rawValue
        case .networkProtocol: NFT_META_NFPROTO.rawValue
        case .transportProtocol: NFT_META_L4PROTO.rawValue
        case .etherType: NFT_META_PROTOCOL.rawValue
        }
    }
}

extension NftablesExpression.PayloadBase {
    fileprivate var number: UInt32 {
        switch self {
        case .linkHeader: NFT_PAYLOAD_LL_HEADER.rawValue
        case .networkHeader: NFT_PAYLOAD_NETWORK_HEADER.rawValue
        case .transportHeader: NFT_PAYLOAD_TRANSPORT_HEADER.rawValue
        }
    }
}
