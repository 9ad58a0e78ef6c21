import CLinux

/// A number that names an attribute or a message: a plain constant of the kernel's headers, or a case of one of its enums.
protocol NetlinkConstant {
    var netlinkValue: UInt16 { get }
}

extension NetlinkConstant where Self: RawRepresentable, RawValue == UInt32 {
    var netlinkValue: UInt16 { UInt16(truncatingIfNeeded: rawValue) }
}

extension Int: NetlinkConstant { var netlinkValue: UInt16 { UInt16(truncatingIfNeeded: self) } }
extension Int32: NetlinkConstant { var netlinkValue: UInt16 { UInt16(truncatingIfNeeded: self) } }
extension UInt16: NetlinkConstant { var netlinkValue: UInt16 { self } }
extension rtattr_type_t: NetlinkConstant {}
extension nlmsgerr_attrs: NetlinkConstant {}
extension nf_tables_msg_types: NetlinkConstant {}
extension nft_list_attributes: NetlinkConstant {}
extension nft_hook_attributes: NetlinkConstant {}
extension nft_table_attributes: NetlinkConstant {}
extension nft_chain_attributes: NetlinkConstant {}
extension nft_rule_attributes: NetlinkConstant {}
extension nft_set_attributes: NetlinkConstant {}
extension nft_set_elem_attributes: NetlinkConstant {}
extension nft_set_elem_list_attributes: NetlinkConstant {}
extension nft_data_attributes: NetlinkConstant {}
extension nft_verdict_attributes: NetlinkConstant {}
extension nft_expr_attributes: NetlinkConstant {}
extension nft_immediate_attributes: NetlinkConstant {}
extension nft_bitwise_attributes: NetlinkConstant {}
extension nft_cmp_attributes: NetlinkConstant {}
extension nft_lookup_attributes: NetlinkConstant {}
extension nft_payload_attributes: NetlinkConstant {}
extension nft_meta_attributes: NetlinkConstant {}
extension nft_ct_attributes: NetlinkConstant {}
extension nft_fib_attributes: NetlinkConstant {}
extension nft_nat_attributes: NetlinkConstant {}
extension cntl_msg_types: NetlinkConstant {}
extension ctattr_type: NetlinkConstant {}
extension ctattr_tuple: NetlinkConstant {}
extension ctattr_ip: NetlinkConstant {}
extension ctattr_l4proto: NetlinkConstant {}
extension ctattr_filter: NetlinkConstant {}

/// One request to the kernel, as it is built: netlink(7)'s header, the header of its family, attributes.
struct NetlinkMessage {
    /// The request's name in the kernel's headers, for messages: `RTM_NEWLINK`.
    let request: String
    /// What it is about, for messages: `hako0`.
    let operand: String
    private(set) var bytes: [UInt8]

    static let headerSize = 16

    /// - Parameters:
    ///   - flags: NLM_F_REQUEST is always added.
    ///   - header: The bytes of the family's own header, `ifinfomsg` and the like.
    init(
        _ request: String, _ type: some NetlinkConstant, on operand: String, flags: CInt = NLM_F_ACK, header: [UInt8]
    ) {
        self.request = request
        self.operand = operand
        bytes = []
        bytes.reserveCapacity(256)
        append(UInt32(0))  // the length, known when it is sent
        append(type.netlinkValue)
        append(UInt16(truncatingIfNeeded: flags | NLM_F_REQUEST))
        append(UInt32(0))  // the sequence number, given when it is sent
        append(UInt32(0))  // the kernel fills in the port
        bytes += header
        pad()
    }

    /// Appends a number in the host's byte order.
    mutating func append(_ number: some FixedWidthInteger) { bytes.appendHostOrder(number) }

    mutating func put(_ type: some NetlinkConstant, _ payload: some Collection<UInt8>) {
        append(UInt16(truncatingIfNeeded: 4 + payload.count))
        append(type.netlinkValue)
        bytes.append(contentsOf: payload)
        pad()
    }

    /// A number in the host's byte order, as rtnetlink has them.
    mutating func put(_ type: some NetlinkConstant, _ number: some FixedWidthInteger) {
        append(UInt16(truncatingIfNeeded: 4 + number.bitWidth / 8))
        append(type.netlinkValue)
        append(number)
        pad()
    }

    /// A number in network byte order, as nfnetlink has them.
    mutating func put(_ type: some NetlinkConstant, bigEndian number: some FixedWidthInteger) {
        put(type, number.bigEndian)
    }

    /// A text with the NUL that ends it.
    mutating func put(_ type: some NetlinkConstant, _ text: String) {
        append(UInt16(truncatingIfNeeded: 5 + text.utf8.count))
        append(type.netlinkValue)
        bytes.append(contentsOf: text.utf8)
        bytes.append(0)
        pad()
    }

    /// An attribute that holds what `body` puts.
    mutating func nest(
        _ type: some NetlinkConstant, header: [UInt8] = [], _ body: (inout NetlinkMessage) -> Void
    ) {
        let start = bytes.count
        append(UInt16(0))
        append(type.netlinkValue | UInt16(NLA_F_NESTED))
        bytes.append(contentsOf: header)
        body(&self)
        overwrite(UInt16(truncatingIfNeeded: bytes.count - start), at: start)
    }

    /// Fills in what is known only when the message is sent.
    mutating func finish(sequence: UInt32) {
        overwrite(UInt32(truncatingIfNeeded: bytes.count), at: 0)
        overwrite(sequence, at: 8)
    }

    private mutating func overwrite(_ number: some FixedWidthInteger, at offset: Int) {
        for index in 0..<number.bitWidth / 8 {
            bytes[offset + index] = number.hostOrderByte(index)
        }
    }

    private mutating func pad() { while bytes.count % 4 != 0 { bytes.append(0) } }
}

extension FixedWidthInteger {
    func hostOrderByte(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: self.littleEndian >> (index * 8)) }
}

extension Array<UInt8> {
    mutating func appendHostOrder(_ number: some FixedWidthInteger) {
        for index in 0..<number.bitWidth / 8 { append(number.hostOrderByte(index)) }
    }
}

/// A message or attribute that the kernel sent, cut into its attributes.
struct NetlinkAttributes {
    private let attributes: [(type: UInt16, payload: ArraySlice<UInt8>)]

    /// Stops at what is not a whole attribute: an answer of the kernel has none, a cut one loses only its end.
    init(_ bytes: ArraySlice<UInt8>) {
        var found: [(type: UInt16, payload: ArraySlice<UInt8>)] = []
        var rest = bytes
        while let length = rest.hostOrder(UInt16.self, at: 0), let type = rest.hostOrder(UInt16.self, at: 2),
            length >= 4, Int(length) <= rest.count
        {
            let payload = rest.dropFirst(4).prefix(Int(length) - 4)
            found.append((type & ~UInt16(NLA_F_NESTED | NLA_F_NET_BYTEORDER), payload))
            rest = rest.dropFirst((Int(length) + 3) & ~3)
        }
        attributes = found
    }

    /// The payload of the first attribute of this type.
    subscript(_ type: some NetlinkConstant) -> ArraySlice<UInt8>? {
        let wanted = type.netlinkValue
        return attributes.first { $0.type == wanted }?.payload
    }

    func nested(_ type: some NetlinkConstant) -> NetlinkAttributes? { self[type].map { NetlinkAttributes($0) } }

    func number<Number: FixedWidthInteger>(_ type: some NetlinkConstant, _: Number.Type) -> Number? {
        self[type]?.hostOrder(Number.self, at: 0)
    }

    /// A text, with or without the NUL that ends it.
    func text(_ type: some NetlinkConstant) -> String? {
        self[type].map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    func address(_ type: some NetlinkConstant) -> IPAddress? { self[type].flatMap { IPAddress(bytes: $0) } }
}

extension ArraySlice<UInt8> {
    /// The number at an offset from the slice's start, in the host's byte order; nil where the slice is too short.
    func hostOrder<Number: FixedWidthInteger>(_: Number.Type, at offset: Int) -> Number? {
        guard count >= offset + Number.bitWidth / 8 else { return nil }
        var number = Number.zero
        for index in 0..<Number.bitWidth / 8 {
            number |= Number(truncatingIfNeeded: self[startIndex + offset + index]) << Number(index * 8)
        }
        return Number(littleEndian: number)
    }
}
