/// Which proxy a request goes through, by the rules of Go's `httpproxy` package, which Docker and Podman follow.
public struct ProxySettings: Sendable {
    /// A proxy that the environment names.
    public struct Proxy: Hashable, Sendable {
        public enum Kind: Hashable, Sendable { case http, socks }

        public let kind: Kind
        public let host: String
        public let port: UInt16
        /// `user:password`, decoded; nil where the proxy wants none.
        let login: String?
    }

    private let https: Proxy?
    private let http: Proxy?
    private let exceptions: [Exception]

    /// From `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, or the same in lower case.
    ///
    /// - Throws: ``RegistryError/Reason/invalidConfiguration(_:)`` for a proxy that can't be used: going around it
    ///   would be worse.
    public init(environment: [String: String]) throws(RegistryError) {
        func value(_ name: String) -> (name: String, text: String)? {
            for name in [name, name.lowercased()] {
                if let text = environment[name], !text.isEmpty { return (name, text) }
            }
            return nil
        }
        https = try value("HTTPS_PROXY").map { value throws(RegistryError) in
            try Self.proxy(value.text, from: value.name)
        }
        http = try value("HTTP_PROXY").map { value throws(RegistryError) in try Self.proxy(value.text, from: value.name)
        }
        exceptions = (value("NO_PROXY")?.text ?? "").split(whereSeparator: { $0 == "," || $0 == " " }).map {
            Exception($0.lowercased())
        }
    }

    /// The proxy for a connection to `origin`; nil for a direct one. This machine is always reached directly.
    public func proxy(for origin: HTTPURL.Origin) -> Proxy? {
        guard !origin.isLoopback, !exceptions.contains(where: { $0.matches(origin) }) else { return nil }
        return origin.isEncrypted ? https : http
    }

    private static func proxy(_ text: String, from variable: String) throws(RegistryError) -> Proxy {
        let scheme = text.firstRange(of: "://").map { text[..<$0.lowerBound].lowercased() } ?? "http"
        let rest = text.firstRange(of: "://").map { text[$0.upperBound...] } ?? text[...]
        let authority = rest.prefix { $0 != "/" }
        let at = authority.lastIndex(of: "@")
        let hostAndPort = at.map { authority[authority.index(after: $0)...] } ?? authority
        // The text may hold a password: the message names the variable alone.
        guard ["http", "socks5", "socks5h"].contains(scheme),
            let origin = HostName.origin(of: Array(hostAndPort.utf8)[...], isEncrypted: false)
        else {
            throw RegistryError(
                on: variable, .invalidConfiguration("it must be http://HOST:PORT or socks5://HOST:PORT"))
        }
        let hasPort = hostAndPort.utf8.last.map { $0 != UInt8(ascii: "]") } ?? false && hostAndPort.contains(":")
        let isSocks = scheme != "http"
        return Proxy(
            kind: isSocks ? .socks : .http, host: origin.host, port: hasPort ? origin.port : isSocks ? 1080 : 80,
            login: at.map { percentDecoded(authority[..<$0]) })
    }

    private static func percentDecoded(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let byte = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                decoded.append(byte)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}

/// One entry of `NO_PROXY`.
private struct Exception: Sendable {
    private enum Pattern { case everything, network(IPAddress, Int), domain(String, exactToo: Bool) }

    private let pattern: Pattern
    private let port: UInt16?

    init(_ text: String) {
        if text == "*" {
            (pattern, port) = (.everything, nil)
            return
        }
        let slash = text.firstIndex(of: "/")
        if let slash, let network = IPAddress(String(text[..<slash])),
            let length = Int(text[text.index(after: slash)...])
        {
            (pattern, port) = (.network(network, length), nil)
            return
        }
        if let address = IPAddress(text) {
            (pattern, port) = (.network(address, address.bytes.count * 8), nil)
            return
        }
        let origin = HostName.origin(of: Array(text.utf8)[...], isEncrypted: true)
        port = text.contains(":") ? origin?.port : nil
        let host = origin?.host ?? text
        if let address = IPAddress(host) {
            pattern = .network(address, address.bytes.count * 8)
        } else if host.hasPrefix("*.") {
            pattern = .domain(String(host.dropFirst(1)), exactToo: false)
        } else {
            pattern = host.hasPrefix(".") ? .domain(host, exactToo: false) : .domain("." + host, exactToo: true)
        }
    }

    func matches(_ origin: HTTPURL.Origin) -> Bool {
        if let port, port != origin.port { return false }
        switch pattern {
        case .everything: return true
        case .network(let network, let length):
            return IPAddress(origin.host)?.matches(network, prefixLength: length) ?? false
        case .domain(let suffix, let exactToo):
            return origin.host.hasSuffix(suffix) || exactToo && "." + origin.host == suffix
        }
    }
}
