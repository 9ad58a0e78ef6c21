import Linux

/// A port of the host that leads to a port of a container.
public struct PublishedPort: Hashable, Sendable, CustomStringConvertible {
    /// The host's address on which it is reached: nil for all of them, `0.0.0.0` and `::` for all of the family.
    public let hostAddress: IPAddress?
    public let hostPort: UInt16
    public let containerPort: UInt16
    public let transport: TransportProtocol

    public init(hostAddress: IPAddress? = nil, hostPort: UInt16, containerPort: UInt16, transport: TransportProtocol = .tcp) {
        self.hostAddress = hostAddress
        self.hostPort = hostPort
        self.containerPort = containerPort
        self.transport = transport
    }

    /// Whether it is reached on addresses of the family.
    public func isReached(on family: IPFamily) -> Bool { hostAddress.map { $0.family == family } ?? true }

    /// `127.0.0.1:8080->80/tcp`
    public var description: String { "\(hostText)\(hostPort)->\(containerPort)/\(transport)" }

    private var hostText: String {
        guard let hostAddress else { return "" }
        return hostAddress.family == .ipv6 ? "[\(hostAddress)]:" : "\(hostAddress):"
    }
}

/// What `-p` asks for, for one port of the container: `[address:][host port or range]:port[/protocol]`.
public struct PortRequest: Hashable, Sendable {
    public let hostAddress: IPAddress?
    /// The ports of which the first free one is taken; nil lets the kernel choose.
    public let hostPorts: ClosedRange<UInt16>?
    public let containerPort: UInt16
    public let transport: TransportProtocol

    public init(
        hostAddress: IPAddress? = nil, hostPorts: ClosedRange<UInt16>? = nil, containerPort: UInt16,
        transport: TransportProtocol = .tcp
    ) {
        self.hostAddress = hostAddress
        self.hostPorts = hostPorts
        self.containerPort = containerPort
        self.transport = transport
    }

    /// Reads a value of `-p`: `80`, `8080:80`, `127.0.0.1:8080:80/udp`, `127.0.0.1::80`, `[::1]:8080:80`, `8000-8002:80-82`
    /// (each to its own), `8000-8010:80` (the first that is free), `8000-8002` (of the container).
    ///
    /// - Throws: ``NetworkError/invalid(what:value:reason:)``.
    public static func parse(_ text: String) throws(NetworkError) -> [PortRequest] {
        let fields = try Fields(text)
        let container = try fields.range(fields.container, "container port")
        // Zero leaves the choice to the kernel, as nothing does.
        let host = fields.host.isEmpty || fields.host == "0" ? nil : try fields.range(fields.host, "host port")
        let address = try fields.hostAddress()
        if let host, container.count > 1, host.count != container.count {
            throw fields.invalid("the ranges of host and container ports differ in length")
        }
        return container.map { port in
            // A range on both sides goes port by port; on the host's side alone it is a choice.
            let own = container.count == 1 ? host : host.map { host in
                let single = host.lowerBound + (port - container.lowerBound)
                return single...single
            }
            return PortRequest(
                hostAddress: address, hostPorts: own, containerPort: port, transport: fields.transport)
        }
    }

    /// Reads a value of `--expose`, or a key of an image's `ExposedPorts`: `80`, `80/udp`, `8000-8010/tcp`.
    public static func parseExposed(_ text: String) throws(NetworkError) -> [PortRequest] {
        let fields = try Fields(text)
        guard !text.utf8.contains(UInt8(ascii: ":")) else { throw fields.invalid("an exposed port has no host port") }
        let transport = fields.transport
        return try fields.range(fields.container, "port").map { PortRequest(containerPort: $0, transport: transport) }
    }
}

extension PortRequest {
    /// The parts of a port's text.
    private struct Fields {
        let text: String
        let transport: TransportProtocol
        let container: Substring
        let host: Substring
        /// The address, without brackets; nil where no colon stands for one.
        let address: Substring?

        init(_ text: String) throws(NetworkError) {
            self.text = text
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            var transport = TransportProtocol.tcp
            if parts.count == 2 {
                guard let named = TransportProtocol(parts[1].lowercased()) else {
                    throw Fields.invalid(text, "the protocol is none of tcp, udp and sctp")
                }
                transport = named
            }
            self.transport = transport
            let ports = parts.first ?? ""
            let cut = ports.lastIndex(of: ":")
            container = cut.map { ports[ports.index(after: $0)...] } ?? ports
            let before = cut.map { ports[..<$0] } ?? ""
            let second = before.lastIndex(of: ":")
            host = second.map { before[before.index(after: $0)...] } ?? before
            address = second.map { before[..<$0] }
        }

        func hostAddress() throws(NetworkError) -> IPAddress? {
            guard var address, !address.isEmpty else { return nil }
            let isBracketed = address.first == "[" && address.last == "]" && address.count > 2
            if isBracketed { address = address.dropFirst().dropLast() }
            guard let parsed = IPAddress(String(address)), !isBracketed || parsed.family == .ipv6 else {
                throw invalid("\"\(address)\" is no IP address")
            }
            return parsed
        }

        func range(_ text: Substring, _ what: String) throws(NetworkError) -> ClosedRange<UInt16> {
            let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            let first = try port(parts.first ?? "", what)
            let last = parts.count == 2 ? try port(parts[1], what) : first
            guard first <= last else { throw invalid("the \(what) range \(text) ends before it begins") }
            return first...last
        }

        private func port(_ digits: Substring, _ what: String) throws(NetworkError) -> UInt16 {
            let isNumber = digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard isNumber, let port = UInt16(digits), port > 0 else {
                throw invalid("the \(what) \"\(digits)\" is no number from 1 to 65535")
            }
            return port
        }

        func invalid(_ reason: String) -> NetworkError { Fields.invalid(text, reason) }

        private static func invalid(_ text: String, _ reason: String) -> NetworkError {
            .invalid(what: "port", value: text, reason: reason)
        }
    }
}
