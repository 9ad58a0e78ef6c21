import Hashing
import Linux
import NIOHTTP1
import OCI
import Synchronization

/// A client of the distribution spec: manifests and blobs, both ways.
///
/// It asks a registry's mirrors before the registry itself. What it hands out is verified against the digest that was
/// asked for, over the bytes as they came; what a header says of them doesn't count.
public final class RegistryClient: Sendable {
    let requester: Requester
    let limits: TransferLimits
    let authorizer: Authorizer
    private let configuration: RegistryConfiguration
    private let state = Mutex(State())

    private struct State {
        /// Registries whose scheme had to be found out.
        var origins: [String: HTTPURL.Origin] = [:]
        /// Mirrors that were not there: they are not asked again.
        var unusable: Set<HTTPURL.Origin> = []
    }

    /// - Parameters:
    ///   - environment: For `DOCKER_CONFIG`, `HOME`, `PATH` and the proxies.
    ///   - login: To be tried with ``checkLogin(at:)``, in place of the stored ones.
    ///   - certificateParents: Nil for `/etc/hako/certs.d` and `/etc/docker/certs.d`.
    public init(
        configuration: RegistryConfiguration, environment: [String: String], login: Login? = nil,
        limits: TransferLimits = TransferLimits(), certificateParents: [String]? = nil, userAgent: String = "hako"
    ) throws(RegistryError) {
        self.limits = limits
        self.configuration = configuration
        let transport = Transport(
            limits: limits, proxies: try ProxySettings(environment: environment),
            certificates: CertificateDirectory(parents: certificateParents ?? CertificateDirectory.defaultParents),
            configuration: configuration, userAgent: userAgent)
        requester = Requester(transport: transport, limits: limits)
        authorizer = Authorizer(
            transport: requester, credentials: CredentialStore(environment: environment), login: login,
            configuration: configuration)
    }

    /// Closes all connections; must be called before the client goes. Requests under way fail.
    public func shutdown() async { await requester.transport.shutdown() }

    /// Calls `body` for each endpoint of `registry` until one succeeds: mirrors first, `preferred` before them.
    func onEachEndpoint<Result: Sendable>(
        of registry: String, preferred: Endpoint? = nil, isFinal: (RegistryError) -> Bool = { _ in false },
        _ body: (Endpoint) async throws(RegistryError) -> Result
    ) async throws(RegistryError) -> Result {
        var failures: [RegistryError] = []
        var mirrors = configuration.mirrors(of: registry).map {
            Endpoint(origin: $0, login: $0.authority, isMirror: true)
        }
        if let preferred, preferred.isMirror { mirrors = [preferred] + mirrors.filter { $0 != preferred } }
        for mirror in mirrors where !state.withLock({ $0.unusable.contains(mirror.origin) }) {
            do throws(RegistryError) { return try await body(mirror) } catch {
                if error.reason == .cancelled || isFinal(error) { throw error }
                if case .unreachable = error.reason { state.withLock { _ = $0.unusable.insert(mirror.origin) } }
                failures.append(error)
            }
        }
        do throws(RegistryError) { return try await body(try await endpoint(of: registry)) } catch {
            var error = error
            error.fromMirrors = failures
            throw error
        }
    }

    /// The registry itself. Where the scheme isn't certain, it is found out, with a request that holds nothing secret.
    func endpoint(of registry: String) async throws(RegistryError) -> Endpoint {
        // Docker Hub's API has another name than its images.
        let host = registry == "docker.io" ? "registry-1.docker.io" : registry
        guard let encrypted = HostName.origin(of: Array(host.utf8)[...], isEncrypted: true) else {
            throw RegistryError(
                on: "registry \(ForeignText.escaped(registry))", .invalidConfiguration("it is no HOST[:PORT]"))
        }
        guard encrypted.isLoopback || configuration.isInsecure(encrypted) else {
            return Endpoint(origin: encrypted, login: registry, isMirror: false)
        }
        if let known = state.withLock({ $0.origins[registry] }) {
            return Endpoint(origin: known, login: registry, isMirror: false)
        }
        let origin = try await probe(
            encrypted, plain: HostName.origin(of: Array(host.utf8)[...], isEncrypted: false) ?? encrypted)
        state.withLock { $0.origins[registry] = origin }
        return Endpoint(origin: origin, login: registry, isMirror: false)
    }

    private func probe(_ encrypted: HTTPURL.Origin, plain: HTTPURL.Origin) async throws(RegistryError) -> HTTPURL.Origin
    {
        if encrypted.isLoopback && !configuration.isInsecure(encrypted) {
            return try await probeLoopback(encrypted, plain: plain)
        }
        // HTTPS if it is spoken, HTTP only if what listens there speaks no TLS.
        do throws(RegistryError) {
            _ = try await requester.transport.send(Request(url: HTTPURL(origin: encrypted, target: "/v2/")))
            return encrypted
        } catch {
            switch error.reason {
            case .untrusted(Transport.speaksNoTLS), .brokenConnection: return plain
            // Without a number in the name the two have different ports.
            case .unreachable where encrypted.port != plain.port: return plain
            default: throw error
            }
        }
    }

    /// On this machine nobody listens on the way, so HTTP may come first: that spares most the reading of all
    /// authorities. What speaks HTTPS answers a plain request with 400 or not at all; then its certificate has to
    /// verify.
    private func probeLoopback(
        _ encrypted: HTTPURL.Origin, plain: HTTPURL.Origin
    ) async throws(RegistryError) -> HTTPURL.Origin {
        do throws(RegistryError) {
            let response = try await requester.transport.send(Request(url: HTTPURL(origin: plain, target: "/v2/")))
            return response.status == .badRequest ? encrypted : plain
        } catch {
            switch error.reason {
            case .invalidResponse, .brokenConnection: return encrypted
            case .unreachable where encrypted.port != plain.port: return encrypted
            default: throw error
            }
        }
    }

    /// The same, with the answer's body read and forgotten: then the connection can be used again.
    @discardableResult
    func exchange(
        _ request: Request, to endpoint: Endpoint, scope: String, accepted: Set<Int>
    ) async throws(RegistryError) -> Requester.Landing {
        let landing = try await send(request, to: endpoint, scope: scope, accepted: accepted)
        _ = try await requester.collect(landing, limit: TransferLimits.errorBytes)
        return landing
    }

    /// The same for what is only read.
    func send(
        _ path: String, to endpoint: Endpoint, scope: String, accept: [String] = [], rangeStart: Int64? = nil,
        accepted: Set<Int>
    ) async throws(RegistryError) -> Requester.Landing {
        let url = HTTPURL(origin: endpoint.origin, target: path)
        return try await send(
            Request(url: url, accept: accept, rangeStart: rangeStart), to: endpoint, scope: scope, accepted: accepted)
    }

    /// Sends with the login that the endpoint wants: one challenge is answered, a second is a refusal.
    ///
    /// - Parameters:
    ///   - request: Elsewhere than at the endpoint, where an upload's place may be, it goes without a login.
    ///   - accepted: Which statuses are a success; everything else becomes an error.
    func send(
        _ request: Request, to endpoint: Endpoint, scope: String, accepted: Set<Int>
    ) async throws(RegistryError) -> Requester.Landing {
        var request = request
        let isForEndpoint = request.url.origin == endpoint.origin
        if isForEndpoint { request.authorization = await authorizer.field(for: endpoint, scope: scope) }
        var landing = try await requester.send(request)
        // Only the endpoint itself may ask: whoever a redirect led to would get what is meant for another.
        if landing.response.status == .unauthorized, isForEndpoint, landing.url.origin == endpoint.origin {
            let challenges = Challenge.all(in: landing.response.headers["WWW-Authenticate"])
            if !challenges.isEmpty {
                request.authorization = try await authorizer.answer(challenges, of: endpoint, scope: scope)
                landing = try await requester.send(request)
                if landing.response.status == .unauthorized { await authorizer.forget(endpoint, scope: scope) }
            }
        }
        if accepted.contains(Int(landing.response.status.code)) { return landing }
        throw try await failure(landing)
    }

    private func failure(_ landing: Requester.Landing) async throws(RegistryError) -> RegistryError {
        let answer = try await requester.collect(landing, limit: TransferLimits.errorBytes)
        let reason: RegistryError.Reason =
            switch answer.status {
            case 401: .unauthorized(answer.serverMessage)
            case 403: .denied(answer.serverMessage)
            case 404: .notFound(answer.serverMessage)
            case 429, 503: .busy(retryAfterSeconds: answer.headers.first(name: "Retry-After").flatMap { Int64($0) })
            default: .status(answer.status, answer.serverMessage)
            }
        return RegistryError(on: landing.url.redacted, at: landing.url.origin.description, reason)
    }
}

extension RegistryError {
    /// How long to wait before the next try, or nil if none would help.
    func delay(beforeAttempt attempt: Int, limits: TransferLimits) -> Duration? {
        switch reason {
        case .timedOut, .brokenConnection: return limits.delay(beforeAttempt: attempt)
        case .status(let code, _): return code >= 500 || code == 408 ? limits.delay(beforeAttempt: attempt) : nil
        case .busy(let seconds):
            guard let seconds else { return limits.delay(beforeAttempt: attempt) }
            // Negative or endless: not a wait that is obeyed.
            guard seconds >= 0, seconds <= limits.longestRetryAfter.components.seconds else { return nil }
            return .seconds(seconds) + limits.delay(beforeAttempt: 1) / 4
        default: return nil
        }
    }
}

/// Waits; cancellation is a ``RegistryError``.
func pause(for delay: Duration, about operand: String) async throws(RegistryError) {
    do { try await Task.sleep(for: delay) } catch { throw RegistryError(on: operand, .cancelled) }
}
