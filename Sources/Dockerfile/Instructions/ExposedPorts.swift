/// Reads the words of EXPOSE.
enum ExposedPorts {
    struct Failure: Error { let message: String }

    /// More would be nobody's intention: 65,536 ports of three protocols.
    private static let most = 3 * 65_536

    /// `80/tcp` for each port of `words`, in their order.
    ///
    /// An address or a port of the host before it is judged and dropped, as Docker does.
    static func ports(of words: [String]) throws(Failure) -> [String] {
        var ports: [String] = []
        for word in words {
            ports += try self.ports(of: word)
            guard ports.count <= most else { throw Failure(message: "too many ports: more than \(most)") }
        }
        return ports
    }

    private static func ports(of word: String) throws(Failure) -> [String] {
        let parts = word.split(by: .colon)
        let (range, proto) = try rangeAndProtocol(parts[parts.count - 1])
        let address = parts.dropLast(2).joined(separator: ":")
        guard address.isEmpty || isAddress(address) else { throw Failure(message: "invalid IP address: \(address)") }
        guard let container = portRange(range) else { throw Failure(message: "invalid containerPort: \(range)") }
        if parts.count > 1, !parts[parts.count - 2].isEmpty {
            let text = parts[parts.count - 2]
            guard let host = portRange(text) else { throw Failure(message: "invalid hostPort: \(text)") }
            guard host.count == container.count || container.count == 1 else {
                throw Failure(message: "invalid ranges specified for container and host Ports: \(range) and \(text)")
            }
        }
        return container.map { "\($0)/\(proto)" }
    }

    private static func rangeAndProtocol(_ text: String) throws(Failure) -> (range: String, proto: String) {
        let (range, proto) = text.split(atFirst: .slash) ?? (text, "")
        guard !range.isEmpty else { throw Failure(message: "no port specified: \(text)<empty>") }
        let lowered = proto.lowercased()
        guard ["", "tcp", "udp", "sctp"].contains(lowered) else { throw Failure(message: "invalid proto: \(lowered)") }
        return (range, lowered.isEmpty ? "tcp" : lowered)
    }

    private static func portRange(_ text: String) -> ClosedRange<UInt32>? {
        let ends = text.split(by: .dash)
        guard ends.count <= 2, let first = port(ends[0]), let last = port(ends[ends.count - 1]), first <= last else {
            return nil
        }
        return first...last
    }

    private static func port(_ text: String) -> UInt32? {
        guard text.utf8.first?.isDigit == true, let port = UInt16(text) else { return nil }
        return UInt32(port)
    }

    /// Whether it looks like an address; nothing is done with it.
    private static func isAddress(_ text: String) -> Bool {
        let bytes = text.utf8.filter { $0 != .openBracket && $0 != .closeBracket }
        if bytes.contains(.colon) {
            return bytes.allSatisfy {
                $0 == .colon || $0 == UInt8(ascii: ".") || $0.isDigit || ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x66
            }
        }
        let numbers = String(decoding: bytes, as: UTF8.self).split(by: UInt8(ascii: "."))
        return numbers.count == 4 && numbers.allSatisfy { UInt8($0) != nil && $0.utf8.first?.isDigit == true }
    }
}

/// Names and numbers of STOPSIGNAL.
enum StopSignal {
    private static let names: Set<String> = [
        "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL",
        "PROF",
        "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2",
        "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
    ]

    /// Whether Docker takes it: any number but 0, or a name of signal(7) with or without SIG, in any case.
    static func isKnown(_ text: String) -> Bool {
        if let number = Int32(text) { return number != 0 }
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name.removeFirst(3) }
        if names.contains(name) { return true }
        if name.hasPrefix("RTMIN+"), let offset = Int(name.dropFirst(6)) { return (1...15).contains(offset) }
        if name.hasPrefix("RTMAX-"), let offset = Int(name.dropFirst(6)) { return (1...14).contains(offset) }
        return false
    }
}
