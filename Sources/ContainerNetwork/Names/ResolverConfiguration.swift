import Linux

/// How names are looked up: the content of `/etc/resolv.conf` (resolv.conf(5)).
public struct ResolverConfiguration: Hashable, Sendable {
    public var nameServers: [IPAddress] = []
    public var searchDomains: [String] = []
    public var options: [String] = []
    /// Whether the host had no name server that a container can reach, so that public ones stand in.
    public private(set) var usesFallback = false

    /// The servers that stand in, as Docker does: Google's.
    public static let fallback = [IPAddress(8, 8, 8, 8), IPAddress(8, 8, 4, 4)]

    public init(nameServers: [IPAddress] = [], searchDomains: [String] = [], options: [String] = []) {
        self.nameServers = nameServers
        self.searchDomains = searchDomains
        self.options = options
    }

    /// Reads the text of a `resolv.conf`. What it does not understand it leaves out: servers with a zone, and lines that are
    /// neither `nameserver`, `search`, `domain` nor `options`.
    public init(parsing bytes: [UInt8]) {
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
                .map { String(decoding: $0, as: UTF8.self) }
            let values = Array(words.dropFirst())
            switch words.first {
            case "nameserver": nameServers += values.prefix(1).compactMap { IPAddress($0) }
            // The last of these lines counts.
            case "search", "domain": searchDomains = values.filter { (try? NameRules.checkSearchDomain($0)) != nil }
            case "options": options += values.filter { (try? NameRules.checkOption($0)) != nil }
            default: break
            }
        }
    }

    /// The host's, with the servers that systemd-resolved asks where the host asks systemd-resolved. Empty if there is none.
    public static func ofHost() -> ResolverConfiguration {
        ofHost(at: "/etc/resolv.conf", behindStub: "/run/systemd/resolve/resolv.conf")
    }

    static func ofHost(at path: String, behindStub upstream: String) -> ResolverConfiguration {
        // A file that is missing or can't be read is a host without name servers.
        let read = { (path: String) in
            (try? FileDescriptor.contents(of: path, limit: 1 << 20)).map { ResolverConfiguration(parsing: $0) }
        }
        let host = read(path) ?? ResolverConfiguration()
        guard host.nameServers == [IPAddress(127, 0, 0, 53)] else { return host }
        return read(upstream) ?? host
    }

    /// What `--dns`, `--dns-search` and `--dns-option` say.
    public struct Overrides: Hashable, Sendable {
        public var nameServers: [IPAddress] = []
        /// `.` alone: no search domain at all.
        public var searchDomains: [String] = []
        public var options: [String] = []

        /// - Throws: ``NetworkError/invalid(what:value:reason:)``: none of these values may begin a new line.
        public init(nameServers: [String] = [], searchDomains: [String] = [], options: [String] = []) throws(NetworkError) {
            for text in nameServers {
                guard let address = IPAddress(text) else {
                    throw .invalid(what: "DNS server", value: text, reason: "it is no IP address")
                }
                self.nameServers.append(address)
            }
            for domain in searchDomains where domain != "." { try NameRules.checkSearchDomain(domain) }
            for option in options { try NameRules.checkOption(option) }
            self.searchDomains = searchDomains
            self.options = options
        }
    }

    /// The configuration of a container: the host's, without servers on the host's loopback, which the container can't reach,
    /// and with what the user says instead of the host's.
    ///
    /// - Parameter families: Those in which the container has an address.
    public func forContainer(_ overrides: Overrides, families: [IPFamily]) -> ResolverConfiguration {
        var result = self
        result.nameServers = nameServers.filter {
            !$0.isLoopback && !$0.isUnspecified && !$0.isLinkLocal && families.contains($0.family)
        }
        if !overrides.nameServers.isEmpty { result.nameServers = overrides.nameServers }
        if !overrides.searchDomains.isEmpty { result.searchDomains = overrides.searchDomains.filter { $0 != "." } }
        if !overrides.options.isEmpty { result.options = overrides.options }
        if result.nameServers.isEmpty {
            result.nameServers = Self.fallback
            result.usesFallback = true
        }
        return result
    }

    /// The file's text.
    public var text: String {
        var text = nameServers.map { "nameserver \($0)\n" }.joined()
        if !searchDomains.isEmpty { text += "search \(searchDomains.joined(separator: " "))\n" }
        if !options.isEmpty { text += "options \(options.joined(separator: " "))\n" }
        return text
    }
}
