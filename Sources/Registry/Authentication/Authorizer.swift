import NIOHTTP1

/// Somebody who serves the registry's protocol: the registry itself or a mirror.
public struct Endpoint: Hashable, Sendable {
    public let origin: HTTPURL.Origin
    /// The name under which its login stands: `docker.io`, or its own `HOST[:PORT]`. A mirror has its own name and
    /// never the login of the registry that it mirrors.
    let login: String
    public let isMirror: Bool
}

/// Answers challenges, and remembers the answers as long as they hold.
actor Authorizer {
    private struct Key: Hashable {
        let origin: HTTPURL.Origin
        let scope: String
    }
    private struct Answer {
        let field: String
        let expires: ContinuousClock.Instant?
    }

    private let transport: Requester
    private let credentials: CredentialStore
    private let configuration: RegistryConfiguration
    private var answers: [Key: Answer] = [:]
    /// Looked up once: a helper may ask its user each time.
    private var known: [String: Credential?] = [:]
    /// Whether what is asked is whether this login is one.
    private let isLogin: Bool
    /// What a token server gave while logging in, to be shown to it from now on in place of the password.
    private(set) var identityToken: String?

    init(
        transport: Requester, credentials: CredentialStore, login: Login? = nil, configuration: RegistryConfiguration
    ) {
        self.transport = transport
        self.credentials = credentials
        self.configuration = configuration
        isLogin = login != nil
        if let login { known[login.registry] = login.credential }
    }

    /// The `Authorization` that `endpoint` has taken for `scope` before; nil where it asked for none yet or the answer
    /// is too old.
    func field(for endpoint: Endpoint, scope: String) -> String? {
        guard let answer = answers[Key(origin: endpoint.origin, scope: scope)] else { return nil }
        // A token that ends while its request is on the way is no use.
        if let expires = answer.expires, expires < .now + .seconds(5) { return nil }
        return answer.field
    }

    func forget(_ endpoint: Endpoint, scope: String) { answers[Key(origin: endpoint.origin, scope: scope)] = nil }

    /// The `Authorization` that meets one of `challenges`, Bearer before Basic.
    ///
    /// - Throws: ``RegistryError/Reason/unauthorized(_:)`` where there is no login to meet them with.
    func answer(_ challenges: [Challenge], of endpoint: Endpoint, scope: String) async throws(RegistryError) -> String {
        for challenge in challenges {
            guard case .bearer(let realm, let service, let asked) = challenge else { continue }
            let answer = try await token(from: realm, service: service, scope: asked ?? scope, for: endpoint)
            answers[Key(origin: endpoint.origin, scope: scope)] = answer
            return answer.field
        }
        guard challenges.contains(.basic) else {
            throw RegistryError(on: scope, at: endpoint.origin.description, .unauthorized(nil))
        }
        guard let field = try credential(for: endpoint)?.basic else {
            throw RegistryError(on: scope, at: endpoint.origin.description, .unauthorized("no basic auth credentials"))
        }
        answers[Key(origin: endpoint.origin, scope: scope)] = Answer(field: field, expires: nil)
        return field
    }

    private func credential(for endpoint: Endpoint) throws(RegistryError) -> Credential? {
        if let credential = known[endpoint.login] { return credential }
        let credential = try credentials.credential(for: endpoint.login)
        known[endpoint.login] = .some(credential)
        return credential
    }

    private func token(
        from realm: String, service: String?, scope: String, for endpoint: Endpoint
    ) async throws(RegistryError) -> Answer {
        let credential = try credential(for: endpoint)
        if case .registryToken(let token)? = credential?.kind, isBearerToken(token) {
            return Answer(field: "Bearer " + token, expires: nil)
        }
        let url = try tokenServer(realm, of: endpoint)
        // A login goes to no server but those that stand for this registry: the realm is the registry's
        // word alone.
        let trusted = isKnown(url.origin, for: endpoint) ? credential : nil
        guard trusted != nil || !isLogin else {
            // It may well give strangers a token, which says nothing of the login.
            throw RegistryError(on: "token for \(scope)", at: url.origin.description, .unauthorized(Self.untold(url)))
        }
        let request = tokenRequest(url, service: service, scope: scope, credential: trusted)
        let response: CollectedResponse
        do throws(RegistryError) { response = try await transport.collect(request, limit: TokenAnswer.limit) } catch {
            throw error.about("token for \(scope)")
        }
        guard response.status == 200, !response.isCut else {
            let hint = trusted == nil && credential != nil ? Self.untold(url) : response.serverMessage
            let reason: RegistryError.Reason =
                switch response.status {
                case 200: .invalidResponse("its token answer is longer than \(TokenAnswer.limit) bytes")
                case 400, 401: .unauthorized(hint)
                case 403: .denied(hint)
                default: .status(response.status, hint)
                }
            throw RegistryError(on: "token for \(scope)", at: url.origin.description, reason)
        }
        let answer = try TokenAnswer(parsing: response.body, from: url)
        if isLogin { identityToken = answer.refreshToken }
        return Answer(field: "Bearer " + answer.token, expires: .now + answer.lifetime)
    }

    private static func untold(_ server: HTTPURL) -> String {
        "the login was not sent to \(server.origin), which is not known as its token server"
    }

    private func tokenServer(_ realm: String, of endpoint: Endpoint) throws(RegistryError) -> HTTPURL {
        guard let url = HTTPURL(realm) else {
            throw RegistryError(
                on: "token server \(ForeignText.escaped(realm))", at: endpoint.origin.description,
                .refused("it is no http or https address"))
        }
        // Over HTTP anybody on the way reads the login and the token; a registry that is itself reached so has no more
        // to lose.
        guard
            url.origin.isEncrypted
                || !endpoint.origin.isEncrypted && (url.origin.isLoopback || url.origin.host == endpoint.origin.host)
        else {
            throw RegistryError(
                on: "token server \(url.redacted)", at: endpoint.origin.description,
                .refused("it is not reached by https"))
        }
        return url
    }

    /// Whether `server` may see the login for `endpoint`: it is the same host, Docker Hub's own, configured, or a
    /// domain that the registry's host lies in, whose owner could take over the registry's name anyway
    /// (`gitlab.example.com` for `registry.gitlab.example.com`).
    private func isKnown(_ server: HTTPURL.Origin, for endpoint: Endpoint) -> Bool {
        let registry = endpoint.origin
        if configuration.allows(tokenServer: server, for: endpoint.login) { return true }
        // From one port of a host to another: other users' services live there. Loopback registries name theirs.
        if server.host == registry.host, server == registry || server.isEncrypted && server.port == 443 { return true }
        guard server.isEncrypted, server.port == 443, registry.isEncrypted else { return false }
        if endpoint.login == "docker.io" { return server.host == "auth.docker.io" }
        return HostName.isParent(server.host, of: registry.host)
    }

    private func tokenRequest(
        _ url: HTTPURL, service: String?, scope: String, credential: Credential?
    ) -> Request {
        let encoded = Self.encoded
        var parameters = [("service", service ?? "")].filter { !$0.1.isEmpty }
        if case .identityToken(let token)? = credential?.kind {
            if !scope.isEmpty { parameters.append(("scope", scope)) }
            parameters += [("client_id", "hako"), ("grant_type", "refresh_token"), ("refresh_token", token)]
            return Request(
                method: .POST, url: url,
                body: .bytes(Array(encoded(parameters).utf8), type: "application/x-www-form-urlencoded"))
        }
        // One for each of them here, all in one there (distribution's "token" and "oauth2").
        parameters += scope.split(separator: " ").map { ("scope", String($0)) }
        if let name = credential?.username { parameters.append(("account", name)) }
        if isLogin { parameters += [("client_id", "hako"), ("offline_token", "true")] }
        let separator = url.target.contains("?") ? "&" : "?"
        let target = parameters.isEmpty ? url.target : url.target + separator + encoded(parameters)
        return Request(url: HTTPURL(origin: url.origin, target: target), authorization: credential?.basic)
    }

    private static func encoded(_ parameters: [(name: String, value: String)]) -> String {
        parameters.map { "\($0.name)=\(HTTPURL.encodedValue($0.value))" }.joined(separator: "&")
    }
}
