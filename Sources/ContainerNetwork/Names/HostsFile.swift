import Linux

/// A line that `--add-host` adds to a container's `/etc/hosts`.
public struct ExtraHost: Hashable, Sendable {
    public let name: String
    public let addresses: [IPAddress]

    /// Reads `name:address` or `name=address`; the address may be in brackets, or `host-gateway` for the host itself.
    ///
    /// - Parameter hostGateway: The host's addresses as the container sees them: the bridge's.
    /// - Throws: ``NetworkError/invalid(what:value:reason:)``.
    public init(_ text: String, hostGateway: [IPAddress]) throws(NetworkError) {
        let what = "extra host"
        // The first of the two: an IPv6 address has colons of its own.
        guard let separator = text.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
            throw .invalid(what: what, value: text, reason: "write name:address")
        }
        name = String(text[..<separator])
        try NameRules.checkHostName(name, what: what)
        var value = text[text.index(after: separator)...]
        if value == "host-gateway" {
            guard !hostGateway.isEmpty else {
                throw .invalid(what: what, value: text, reason: "the container's network has no way to the host")
            }
            addresses = hostGateway
            return
        }
        if value.first == "[", value.last == "]" { value = value.dropFirst().dropLast() }
        guard let address = IPAddress(String(value)) else {
            throw .invalid(what: what, value: text, reason: "\"\(value)\" is no IP address")
        }
        addresses = [address]
    }
}

/// The content of a container's `/etc/hosts` and `/etc/hostname`.
public struct HostsFile: Hashable, Sendable {
    private let lines: [String]

    /// - Parameters:
    ///   - hostName: The container's; a name with dots is written with its first part behind it.
    ///   - addresses: The container's own, which lead to its name; none where it has no network of its own.
    /// - Throws: ``NetworkError/invalid(what:value:reason:)``.
    public init(hostName: String, addresses: [IPAddress], extraHosts: [ExtraHost]) throws(NetworkError) {
        try Self.checkHostName(hostName)
        var lines = [
            "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", "fe00::\tip6-localnet",
            "ff00::\tip6-mcastprefix", "ff02::1\tip6-allnodes", "ff02::2\tip6-allrouters",
        ]
        for host in extraHosts { lines += host.addresses.map { "\($0)\t\(host.name)" } }
        let short = hostName.split(separator: ".").first.map(String.init) ?? hostName
        let names = short == hostName ? hostName : "\(hostName) \(short)"
        lines += addresses.map { "\($0)\t\(names)" }
        self.lines = lines
    }

    /// The file's text.
    public var text: String { lines.map { $0 + "\n" }.joined() }

    /// - Throws: ``NetworkError/invalid(what:value:reason:)`` for what sethostname(2) or a line of a file can't hold.
    public static func checkHostName(_ name: String) throws(NetworkError) {
        try NameRules.checkHostName(name, what: "hostname")
        guard name.utf8.count <= 64 else {
            throw .invalid(what: "hostname", value: name, reason: "it is longer than 64 bytes")
        }
    }

    /// The text of `/etc/hostname`. Check the name before.
    public static func hostNameText(_ name: String) -> String { name + "\n" }
}
