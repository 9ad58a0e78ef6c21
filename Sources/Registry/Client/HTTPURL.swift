/// An absolute `http` or `https` URL, taken apart by a strict parser.
///
/// Registries, mirrors and redirects hand us URLs as text. What two parsers read differently is how a credential
/// reaches the wrong host, so anything unusual is refused: user information (`https://A@B/`), spaces, control bytes,
/// other schemes.
public struct HTTPURL: Hashable, Sendable, CustomStringConvertible {
    /// What has to be the same for a credential to be sent on: RFC 6454 calls it the origin.
    public struct Origin: Hashable, Sendable, CustomStringConvertible {
        public let isEncrypted: Bool
        /// In lower case; an IPv6 address stands in brackets.
        public let host: String
        public let port: UInt16

        public init(isEncrypted: Bool, host: String, port: UInt16) {
            self.isEncrypted = isEncrypted
            self.host = host
            self.port = port
        }

        var defaultPort: UInt16 { isEncrypted ? 443 : 80 }
        /// `host`, with the port unless it is the scheme's own.
        public var authority: String { port == defaultPort ? host : "\(host):\(port)" }
        public var description: String { (isEncrypted ? "https://" : "http://") + authority }
        public var isLoopback: Bool { HostName.isLoopback(host) }
    }

    public let origin: Origin
    /// Path and query, never empty, without the fragment; bytes that RFC 3986 doesn't know are percent-encoded.
    public let target: String

    public init(origin: Origin, target: String) {
        self.origin = origin
        self.target = target
    }

    /// Nil for whatever is not plainly an http or https URL.
    public init?(_ text: String) {
        guard let scheme = Self.scheme(of: Array(text.utf8)) else { return nil }
        let rest = Array(text.utf8.dropFirst(scheme.length))
        let end =
            rest.firstIndex { [UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")].contains($0) } ?? rest.endIndex
        guard
            let origin = HostName.origin(of: rest[..<end], isEncrypted: scheme.isEncrypted),
            let target = Self.target(rest[end...])
        else { return nil }
        self.init(origin: origin, target: target)
    }

    public var description: String { origin.description + target }
    /// Without the query: signatures and tokens of pre-signed addresses stand there.
    var redacted: String {
        origin.description + (target.split(separator: "?", maxSplits: 1).first.map(String.init) ?? "/")
    }

    /// What a `Location` or a `realm` means, seen from this URL (RFC 3986, section 5). Nil for what is refused.
    public func resolving(_ location: String) -> HTTPURL? {
        let bytes = Array(location.utf8)
        if location.hasPrefix("//") { return HTTPURL((origin.isEncrypted ? "https:" : "http:") + location) }
        if bytes.first == UInt8(ascii: "/") {
            return Self.target(bytes[...]).map { HTTPURL(origin: origin, target: $0) }
        }
        // A scheme ends at the first colon, and no slash or question mark comes before it.
        let mark = bytes.firstIndex {
            [UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")].contains($0)
        }
        if let mark, bytes[mark] == UInt8(ascii: ":") { return HTTPURL(location) }
        let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
        let base =
            bytes.first == UInt8(ascii: "?")
            ? Array(path)
            : Array(path.prefix(upTo: path.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex)) + [UInt8(ascii: "/")]
        return Self.target((base + bytes)[...]).map { HTTPURL(origin: origin, target: $0) }
    }

    /// With `path` in place of path and query. For paths that Hako itself puts together.
    func withPath(_ path: String) -> HTTPURL { HTTPURL(origin: origin, target: path) }

    private static func scheme(of bytes: [UInt8]) -> (isEncrypted: Bool, length: Int)? {
        let lowered = bytes.prefix(8).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        if lowered.starts(with: "https://".utf8) { return (true, 8) }
        return lowered.starts(with: "http://".utf8) ? (false, 7) : nil
    }

    private static func target(_ bytes: ArraySlice<UInt8>) -> String? {
        var target = bytes.first == UInt8(ascii: "/") ? "" : "/"
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "#"): return target
            case 0...0x20, 0x7F: return nil
            case 0x80..., UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"),
                UInt8(ascii: "^"),
                UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
                target += Self.percentEncoded(byte)
            default: target.unicodeScalars.append(UnicodeScalar(byte))
            }
        }
        return target
    }

    static func percentEncoded(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.utf8.count == 1 ? "%0" + digits : "%" + digits
    }

    /// A value for a query or a form: everything but RFC 3986's unreserved characters is encoded.
    static func encodedValue(_ text: String) -> String {
        text.utf8.reduce(into: "") { encoded, byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(UnicodeScalar(byte))
            default: encoded += percentEncoded(byte)
            }
        }
    }
}

/// The grammar of host names, and which of them are this machine.
enum HostName {
    /// `host`, `host:port`, `[v6]` or `[v6]:port`; nil for anything else.
    static func origin(of authority: ArraySlice<UInt8>, isEncrypted: Bool) -> HTTPURL.Origin? {
        var host = authority
        var port: UInt16 = isEncrypted ? 443 : 80
        let afterAddress = authority.lastIndex(of: UInt8(ascii: "]")).map { $0 + 1 } ?? authority.startIndex
        if let colon = authority[afterAddress...].firstIndex(of: UInt8(ascii: ":")) {
            let digits = authority[(colon + 1)...]
            guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = UInt16(String(decoding: digits, as: UTF8.self)), number > 0
            else { return nil }
            port = number
            host = authority[..<colon]
        }
        guard let name = lowercased(host) else { return nil }
        return HTTPURL.Origin(isEncrypted: isEncrypted, host: name, port: port)
    }

    private static func lowercased(_ host: ArraySlice<UInt8>) -> String? {
        let isAddress = host.first == UInt8(ascii: "[") && host.last == UInt8(ascii: "]") && host.count > 2
        let inner = isAddress ? host.dropFirst().dropLast() : host
        guard !inner.isEmpty, inner.count <= 253 else { return nil }
        let lowered = inner.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        let isValid = lowered.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x61...0x66, UInt8(ascii: "."): true
            case UInt8(ascii: ":"): isAddress
            case 0x67...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): !isAddress
            default: false
            }
        }
        guard isValid else { return nil }
        let name = String(decoding: lowered, as: UTF8.self)
        return isAddress ? "[\(name)]" : name
    }

    /// `localhost`, 127.0.0.0/8 and `::1`, by their spelling: what a name server says of a name doesn't count.
    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        guard let address = IPAddress(host), address.isIPv4 else { return false }
        return address.bytes.first == 127
    }

    /// Whether `parent` is a domain that `host` lies in: `example.com` for `registry.example.com`. It has two labels or
    /// more.
    static func isParent(_ parent: String, of host: String) -> Bool {
        parent.utf8.contains(UInt8(ascii: ".")) && IPAddress(host) == nil
            && host.utf8.count > parent.utf8.count + 1 && host.hasSuffix("." + parent)
    }
}
