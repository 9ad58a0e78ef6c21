import CLinux
import Glibc

/// A request to the kernel over netlink(7) that failed: which, on what, why, and the kernel's own words where it has some.
public struct NetlinkError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The request's name in the kernel's headers: `RTM_NEWLINK`.
    public let request: String
    /// What it was about, fit to be shown: `hako0`.
    public let operand: String
    public let errno: Errno
    /// What the kernel says about it beyond the number (extended acknowledgement, Linux 4.12).
    public let explanation: String?

    public init(_ request: String, on operand: String, _ errno: Errno, explanation: String? = nil) {
        self.request = request
        self.operand = operand
        self.errno = errno
        self.explanation = explanation
    }

    /// `file exists (RTM_NEWLINK, hako0: device name is taken)`
    public var description: String {
        "\(errno) (\(request), \(operand)" + (explanation.map { ": \($0)" } ?? "") + ")"
    }
}

/// A netlink socket. It speaks to the network namespace in which the thread was when it was made, wherever the thread goes
/// later. Its requests are answered before the call returns.
struct NetlinkSocket: ~Copyable {
    private let descriptor: FileDescriptor
    private var sequence: UInt32 = 0
    private var buffer = [UInt8](repeating: 0, count: 8 << 10)

    /// - Parameter number: NETLINK_ROUTE, NETLINK_NETFILTER and so on.
    init(protocol number: CInt, named name: String) throws(NetlinkError) {
        let result = hako_netlink_socket(number)
        guard result >= 0 else { throw NetlinkError("socket", on: name, Errno(rawValue: -result)) }
        descriptor = FileDescriptor(adopting: result)
    }

    /// Sends the messages at once and waits until the kernel has answered the last one; each must ask for an
    /// acknowledgement (NLM_F_ACK). The kernel goes on after a message that fails, unless the family makes the whole a
    /// transaction.
    ///
    /// - Throws: The first failure.
    mutating func transact(_ messages: [NetlinkMessage]) throws(NetlinkError) {
        try exchange(messages, acknowledged: 0..<messages.count) { _, _ in }
    }

    /// As ``transact(_:)``, inside the pair of messages that makes a transaction of nfnetlink: all of them happen or none.
    mutating func transactAtomically(_ messages: [NetlinkMessage]) throws(NetlinkError) {
        let operand = messages.last?.operand ?? "nothing"
        // nfgenmsg: family, version, and the subsystem that the batch is for, in network byte order.
        let header = [UInt8(AF_UNSPEC), UInt8(NFNETLINK_V0), 0, UInt8(NFNL_SUBSYS_NFTABLES)]
        let begin = NetlinkMessage(
            "NFNL_MSG_BATCH_BEGIN", NFNL_MSG_BATCH_BEGIN, on: operand, flags: 0, header: header)
        let end = NetlinkMessage("NFNL_MSG_BATCH_END", NFNL_MSG_BATCH_END, on: operand, flags: 0, header: header)
        try exchange([begin] + messages + [end], acknowledged: 1..<messages.count + 1) { _, _ in }
    }

    /// Sends one request and hands each message of the answer to `body`: its type and what follows its header.
    mutating func query(
        _ message: NetlinkMessage, _ body: (UInt16, ArraySlice<UInt8>) -> Void
    ) throws(NetlinkError) {
        try exchange([message], acknowledged: 0..<1, body)
    }

    private mutating func exchange(
        _ messages: [NetlinkMessage], acknowledged: Range<Int>, _ body: (UInt16, ArraySlice<UInt8>) -> Void
    ) throws(NetlinkError) {
        guard let last = messages.last, !acknowledged.isEmpty else { return }
        let first = sequence &+ 1
        try send(messages, named: last)
        var failure: NetlinkError?
        var isDone = false
        while !isDone {
            for (header, payload) in try receive(for: last) {
                let index = Int(header.sequence &- first)
                // What belongs to an earlier request that was given up.
                guard messages.indices.contains(index) else { continue }
                let outcome = Self.outcome(of: header, payload, for: messages[index])
                if case .failure(let error) = outcome, failure == nil { failure = error }
                if case .content = outcome { body(header.type, payload) } else {
                    // A batch that can't begin is answered once, for its first message.
                    isDone = isDone || index == acknowledged.upperBound - 1 || index < acknowledged.lowerBound
                }
            }
        }
        if let failure { throw failure }
    }

    private mutating func send(_ messages: [NetlinkMessage], named last: NetlinkMessage) throws(NetlinkError) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(messages.reduce(0) { $0 + $1.bytes.count })
        for message in messages {
            var message = message
            sequence &+= 1
            message.finish(sequence: sequence)
            bytes += message.bytes
        }
        let number = descriptor.number
        do throws(SystemCallError) {
            _ = try retryingInterrupts("send", on: last.operand) {
                bytes.withUnsafeBytes { hako_netlink_send(number, $0.baseAddress, $0.count) }
            }
        } catch { throw NetlinkError(last.request, on: last.operand, error.errno) }
    }

    /// The socket, for ioctl(2) on links of its network namespace.
    var number: CInt { descriptor.number }

    private struct Header {
        let length: Int
        let type: UInt16
        let flags: UInt16
        let sequence: UInt32
    }

    /// The messages of one datagram of the kernel's.
    private mutating func receive(for last: NetlinkMessage) throws(NetlinkError) -> [(Header, ArraySlice<UInt8>)] {
        let number = descriptor.number
        do throws(SystemCallError) {
            // A look at the length first: a dump's datagrams grow with what the host has.
            let length = try retryingInterrupts("recv", on: last.operand) {
                hako_netlink_receive(number, nil, 0, CInt(MSG_PEEK))
            }
            if length > buffer.count { buffer = [UInt8](repeating: 0, count: length) }
            let count = try retryingInterrupts("recv", on: last.operand) {
                buffer.withUnsafeMutableBytes { hako_netlink_receive(number, $0.baseAddress, $0.count, 0) }
            }
            return Self.split(buffer[..<min(count, buffer.count)])
        } catch { throw NetlinkError(last.request, on: last.operand, error.errno) }
    }

    private static func split(_ datagram: ArraySlice<UInt8>) -> [(Header, ArraySlice<UInt8>)] {
        var messages: [(Header, ArraySlice<UInt8>)] = []
        var rest = datagram
        while let length = rest.hostOrder(UInt32.self, at: 0), let type = rest.hostOrder(UInt16.self, at: 4),
            let flags = rest.hostOrder(UInt16.self, at: 6), let sequence = rest.hostOrder(UInt32.self, at: 8),
            Int(length) >= NetlinkMessage.headerSize, Int(length) <= rest.count
        {
            let payload = rest.dropFirst(NetlinkMessage.headerSize).prefix(Int(length) - NetlinkMessage.headerSize)
            messages.append((Header(length: Int(length), type: type, flags: flags, sequence: sequence), payload))
            rest = rest.dropFirst((Int(length) + 3) & ~3)
        }
        return messages
    }

    private enum Outcome {
        case content
        case done
        case failure(NetlinkError)
    }

    private static func outcome(
        of header: Header, _ payload: ArraySlice<UInt8>, for message: NetlinkMessage
    ) -> Outcome {
        guard header.type == UInt16(NLMSG_ERROR) || header.type == UInt16(NLMSG_DONE) else { return .content }
        let error = payload.hostOrder(Int32.self, at: 0) ?? 0
        guard error < 0 else { return .done }
        // An error repeats the request's header (with NETLINK_CAP_ACK no more of it); attributes follow.
        let offset = header.type == UInt16(NLMSG_ERROR) ? 4 + NetlinkMessage.headerSize : 4
        let explanation = NetlinkAttributes(payload.dropFirst(offset)).text(NLMSGERR_ATTR_MSG)
        return .failure(
            NetlinkError(
                message.request, on: message.operand, Errno(rawValue: -error), explanation: explanation))
    }
}
