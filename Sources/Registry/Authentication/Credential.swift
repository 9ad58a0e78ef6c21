import OCI

/// What proves to a registry who asks. It has no description: a secret that can't be printed can't end up in a log.
public struct Credential: Sendable, CustomStringConvertible, CustomReflectable {
    enum Kind: Sendable {
        case password(username: String, password: String)
        /// OAuth 2 refresh token, traded at the token server (distribution spec, "oauth2").
        case identityToken(String)
        /// A bearer token for the registry itself.
        case registryToken(String)
    }

    let kind: Kind

    init(_ kind: Kind) { self.kind = kind }

    public init(username: String, password: String) { kind = .password(username: username, password: password) }

    public var description: String { "a credential" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// The value of an `Authorization` field for Basic; nil where there is no password, or where the name can't be sent
    /// (RFC 7617: no colon, no control characters).
    var basic: String? {
        guard case .password(let username, let password) = kind, !username.utf8.contains(UInt8(ascii: ":")),
            (username + password).utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { return nil }
        return "Basic " + Base64.encode(Array("\(username):\(password)".utf8)[...])
    }

    var username: String? { if case .password(let username, _) = kind { username } else { nil } }
}

/// A name and a password for one registry, as somebody gives them who logs in.
public struct Login: Sendable, CustomStringConvertible, CustomReflectable {
    /// `docker.io` or `HOST[:PORT]`.
    public let registry: String
    public let username: String
    let password: String

    /// - Parameter server: A registry as people name it: `HOST[:PORT]`, or a URL of it. Nil is Docker Hub.
    public init(server: String?, username: String, password: String) {
        registry = Self.registry(ofServer: server)
        self.username = username
        self.password = password
    }

    public var description: String { "a login" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    var credential: Credential { Credential(username: username, password: password) }

    /// The registry's name without scheme and path, as references have it: what Docker stores logins under.
    public static func registry(ofServer server: String?) -> String {
        guard let server, !server.isEmpty else { return "docker.io" }
        let host = CredentialStore.registry(ofKey: server)
        return ["index.docker.io", "docker.io"].contains(host) ? "docker.io" : host
    }
}

/// Whether `text` may stand in an `Authorization: Bearer` field (RFC 6750, `b64token`, and what real servers put
/// there): visible ASCII without a separator, so that no line can be added to a request.
func isBearerToken(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } }
