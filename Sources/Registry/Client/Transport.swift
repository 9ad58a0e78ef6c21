import AsyncHTTPClient
import Linux
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import OCI
import Synchronization

/// One request, as it goes out. The header fields are made here from typed values.
struct Request: Sendable {
    var method = HTTPMethod.GET
    var url: HTTPURL
    var accept: [String] = []
    var authorization: String?
    /// First byte of a range without an end.
    var rangeStart: Int64?
    /// `If-None-Match`.
    var unlessTagged: String?
    var body: Body?

    enum Body: Sendable {
        /// Whole, with its `Content-Type`.
        case bytes([UInt8], type: String)
        /// A part of a blob, read as the other side takes it.
        case part(UploadPart)
    }
}

/// Sends single requests, each through its proxy and with its host's certificates. It follows no redirect, decodes
/// nothing and keeps no cookie.
final class Transport: Sendable {
    private let limits: TransferLimits
    private let proxies: ProxySettings
    private let certificates: CertificateDirectory
    private let configuration: RegistryConfiguration
    private let userAgent: String
    private let state = Mutex(State())

    private struct State {
        /// A client has one proxy.
        var clients: [ProxySettings.Proxy?: HTTPClient] = [:]
        var tls: [HTTPURL.Origin: TLSConfiguration] = [:]
        var isShutDown = false
    }

    init(
        limits: TransferLimits, proxies: ProxySettings, certificates: CertificateDirectory,
        configuration: RegistryConfiguration, userAgent: String
    ) {
        self.limits = limits
        self.proxies = proxies
        self.certificates = certificates
        self.configuration = configuration
        self.userAgent = userAgent
    }

    /// Closes all connections. Must be called before the last reference goes.
    func shutdown() async {
        let clients = state.withLock { state in
            state.isShutDown = true
            defer { state.clients = [:] }
            return Array(state.clients.values)
        }
        // It fails only if it was shut down before.
        for client in clients { try? await client.shutdown() }
    }

    /// The head of the answer, within the limits for connecting and answering; the body is left to be read.
    func send(_ request: Request) async throws(RegistryError) -> HTTPClientResponse {
        let client = try client(for: request.url.origin)
        var outgoing = HTTPClientRequest(url: request.url.description)
        outgoing.method = request.method
        if request.url.origin.isEncrypted { outgoing.tlsConfiguration = try tls(for: request.url.origin) }
        outgoing.headers = fields(of: request)
        do {
            switch request.body {
            case .part(let part):
                outgoing.body = .stream(part, length: .known(Int64(part.range.count)))
                return try await part.watching { [outgoing] in
                    try await client.execute(outgoing, deadline: .distantFuture)
                }
            case .bytes(let bytes, _): outgoing.body = .bytes(ByteBuffer(bytes: bytes))
            case nil: break
            }
            return try await client.execute(outgoing, timeout: TimeAmount(limits.response))
        } catch {
            throw RegistryError(on: request.url.redacted, at: request.url.origin.description, Self.reason(for: error))
        }
    }

    private func fields(of request: Request) -> HTTPHeaders {
        var fields: HTTPHeaders = ["User-Agent": userAgent]
        // Digests are of the stored bytes: nothing on the way may pack them once more.
        fields.add(name: "Accept-Encoding", value: "identity")
        if !request.accept.isEmpty { fields.add(name: "Accept", value: request.accept.joined(separator: ", ")) }
        if let authorization = request.authorization { fields.add(name: "Authorization", value: authorization) }
        if let start = request.rangeStart { fields.add(name: "Range", value: "bytes=\(start)-") }
        if let tag = request.unlessTagged { fields.add(name: "If-None-Match", value: tag) }
        switch request.body {
        case .bytes(_, let type): fields.add(name: "Content-Type", value: type)
        case .part(let part):
            fields.add(name: "Content-Type", value: "application/octet-stream")
            if request.method == .PATCH {
                // Not RFC 9110's form: without a unit (distribution-spec, "Pushing a blob in chunks").
                fields.add(name: "Content-Range", value: "\(part.range.lowerBound)-\(part.range.upperBound - 1)")
            }
        case nil: break
        }
        return fields
    }

    private func tls(for origin: HTTPURL.Origin) throws(RegistryError) -> TLSConfiguration {
        if let known = state.withLock({ $0.tls[origin] }) { return known }
        let made = try certificates.tlsConfiguration(for: origin, verifies: !configuration.isInsecure(origin))
        state.withLock { $0.tls[origin] = made }
        return made
    }

    private func client(for origin: HTTPURL.Origin) throws(RegistryError) -> HTTPClient {
        let proxy = proxies.proxy(for: origin)
        let client = state.withLock { state -> HTTPClient? in
            if state.isShutDown { return nil }
            if let known = state.clients[proxy] { return known }
            let made = HTTPClient(
                eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: settings(for: proxy))
            state.clients[proxy] = made
            return made
        }
        guard let client else { throw RegistryError(on: origin.description, .cancelled) }
        return client
    }

    private func settings(for proxy: ProxySettings.Proxy?) -> HTTPClient.Configuration {
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: TimeAmount(limits.connect)),
            decompression: .disabled)
        // Each layer has a connection of its own; multiplexing gains nothing and shares one flow-control window.
        settings.httpVersion = .http1Only
        // Otherwise a refused connection would be tried until the time limit, and then be called a timeout.
        settings.connectionPool.retryConnectionEstablishment = false
        if let proxy {
            switch proxy.kind {
            case .socks: settings.proxy = .socksServer(host: proxy.host, port: Int(proxy.port))
            case .http:
                let login = proxy.login.map {
                    HTTPClient.Authorization.basic(credentials: Base64.encode(Array($0.utf8)[...]))
                }
                settings.proxy = .server(host: proxy.host, port: Int(proxy.port), authorization: login)
            }
        }
        return settings
    }
}

extension Transport {
    static let speaksNoTLS = "it does not speak TLS"

    /// What a failure below HTTP means to the caller.
    static func reason(for error: any Error) -> RegistryError.Reason {
        switch error {
        case let error as RegistryError: return error.reason
        case is CancellationError: return .cancelled
        case let error as NIOConnectionError: return .unreachable(text(for: error))
        case let error as NIOSSLExtraError: return .untrusted(ForeignText.escaped("\(error)"))
        case let error as NIOSSLError: return reason(for: error)
        case let error as HTTPClientError: return reason(for: error)
        case let error as IOError: return .brokenConnection("\(Errno(rawValue: error.errnoCode))")
        case let error as ChannelError: return .brokenConnection("\(error)")
        // A body that ends before its Content-Length does.
        case HTTPParserError.invalidEOFState: return .brokenConnection("the other side closed it")
        case is HTTPParserError: return .invalidResponse("it does not speak HTTP")
        default: return .brokenConnection(ForeignText.escaped("\(error)"))
        }
    }

    private static func reason(for error: HTTPClientError) -> RegistryError.Reason {
        switch error {
        case .cancelled: .cancelled
        case .connectTimeout, .tlsHandshakeTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
            .timedOut(.connect)
        case .deadlineExceeded, .readTimeout, .getConnectionFromPoolTimeout: .timedOut(.response)
        case .remoteConnectionClosed, .uncleanShutdown: .brokenConnection("the other side closed it")
        case .proxyAuthenticationRequired: .unreachable("the proxy wants a login")
        case .invalidProxyResponse: .unreachable("the proxy refuses the connection")
        default: .invalidResponse(ForeignText.escaped("\(error)"))
        }
    }

    private static func reason(for error: NIOSSLError) -> RegistryError.Reason {
        switch error {
        case .handshakeFailed(let detail):
            let text = "\(detail)"
            if text.contains("CERTIFICATE_VERIFY_FAILED") {
                return .untrusted("its certificate is signed by an unknown authority, or not valid now")
            }
            if ["WRONG_VERSION_NUMBER", "HTTP_REQUEST", "EOF during handshake"].contains(where: text.contains) {
                return .untrusted(speaksNoTLS)
            }
            return .untrusted(ForeignText.escaped(text))
        case .unableToValidateCertificate: return .untrusted("its certificate is not for this host")
        case .uncleanShutdown: return .brokenConnection("the other side closed it")
        default: return .untrusted(ForeignText.escaped("\(error)"))
        }
    }

    private static func text(for error: NIOConnectionError) -> String {
        if let failure = error.connectionErrors.first {
            if let error = failure.error as? IOError { return "\(Errno(rawValue: error.errnoCode))" }
            if case ChannelError.connectTimeout = failure.error { return "no answer" }
            return ForeignText.escaped("\(failure.error)")
        }
        return "no such host (\(ForeignText.escaped(error.host)))"
    }
}

extension TimeAmount {
    /// Rounded to nanoseconds; a duration that doesn't fit is the longest there is.
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        self = .nanoseconds(overflow ? Int64.max / 4 : product &+ attoseconds / 1_000_000_000)
    }
}
