import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import Registry

/// An authority, a server's certificate and a client's, made by openssl.
struct Certificates: ~Copyable {
    let scratch: Scratch

    init() throws {
        let scratch = try Scratch(["certs.d": .directory])
        let root = scratch.root
        try Self.authority("\(root)/ca")
        for (name, names) in [("server", "IP:127.0.0.1"), ("wrong", "DNS:elsewhere.example"), ("client", "DNS:client")]
        {
            try scratch.add("\(name).ext", .file(Array("subjectAltName=\(names)\n".utf8)))
            try Self.issue("\(root)/\(name)", by: "\(root)/ca")
        }
        self.scratch = scratch
    }

    func path(_ name: String) -> String { scratch.path(name) }
    func server(_ name: String = "server") -> (certificate: String, key: String) {
        (path("\(name).pem"), path("\(name).key"))
    }

    private static func authority(_ path: String) throws {
        try Program.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=authority", "-keyout", "\(path).key", "-out", "\(path).pem")
    }

    private static func issue(_ path: String, by authority: String) throws {
        try Program.run(
            "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test",
            "-keyout", "\(path).key", "-out", "\(path).csr")
        try Program.run(
            "openssl", "x509", "-req", "-in", "\(path).csr", "-CA", "\(authority).pem", "-CAkey", "\(authority).key",
            "-CAcreateserial", "-days", "2", "-extfile", "\(path).ext", "-out", "\(path).pem")
    }

    /// Lays out files for a registry as `certs.d` has them.
    func trust(_ files: [String: String], for host: String) throws {
        for (name, source) in files {
            try scratch.add("certs.d/\(host)/\(name)", .file(try FileDescriptor.contents(of: path(source))))
        }
    }
}

@Suite(
    "A real registry",
    .enabled(if: DockerRegistry.isInstalled && Program.isInstalled("openssl"), "needs docker-registry and openssl"))
struct RealRegistryTests: ~Copyable {
    /// bcrypt of `secret-password`, by `htpasswd -nbB -C 4`.
    private static let passwordLine = "user:$2y$04$CkUN9oD5fcoBTmZGixEGvOkXToouQnCd3T.DNmJjw86fcBz03vjpS"

    private func absent(at registry: borrowing DockerRegistry, _ setup: Setup) async throws -> RegistryError.Reason? {
        let reference = try Reference("\(registry.host)/a/b:latest")
        return await reason { try await withClient(setup) { client in try await client.manifest(of: reference) } }
    }

    @Test("over HTTP tells that it has no such manifest")
    func plain() async throws {
        let registry = try DockerRegistry()
        #expect(try await absent(at: registry, Setup()) == .notFound("manifest unknown"))
    }

    @Test("with passwords wants one, and takes the right one alone")
    func passwords() async throws {
        let registry = try DockerRegistry(.init(passwordLine: Self.passwordLine))
        #expect(try await absent(at: registry, Setup()) == .unauthorized("no basic auth credentials"))
        #expect(
            try await absent(at: registry, Setup(logins: logins(for: registry.host))) == .notFound("manifest unknown"))
        let wrong = logins(for: registry.host).replacing(
            Base64.encode(Array("user:secret-password".utf8)[...]), with: "dXNlcjp3cm9uZw==")
        #expect(try await absent(at: registry, Setup(logins: wrong)) == .unauthorized("authentication required"))
    }

    @Test("of a private authority is trusted where its certs.d says so, and nowhere else")
    func privateAuthority() async throws {
        let certificates = try Certificates()
        let registry = try DockerRegistry(.init(certificate: certificates.server()))
        guard case .untrusted? = try await absent(at: registry, Setup()) else {
            Issue.record("trusted without its authority")
            return
        }
        try certificates.trust(["ca.crt": "ca.pem"], for: registry.host)
        let setup = Setup(certificates: certificates.path("certs.d"))
        #expect(try await absent(at: registry, setup) == .notFound("manifest unknown"))
    }

    @Test("with a certificate for another host is not trusted, and not asked without one", arguments: ["wrong"])
    func wrongName(certificate: String) async throws {
        let certificates = try Certificates()
        let registry = try DockerRegistry(.init(certificate: certificates.server(certificate)))
        try certificates.trust(["ca.crt": "ca.pem"], for: registry.host)
        guard case .untrusted? = try await absent(at: registry, Setup(certificates: certificates.path("certs.d")))
        else {
            Issue.record("trusted under another name")
            return
        }
        let insecure = Setup(configuration: "{\"insecure-registries\": [\"\(registry.host)\"]}")
        #expect(try await absent(at: registry, insecure) == .notFound("manifest unknown"))
    }

    @Test("that wants a client's certificate gets it")
    func clientCertificate() async throws {
        let certificates = try Certificates()
        let registry = try DockerRegistry(
            .init(certificate: certificates.server(), clientAuthority: certificates.path("ca.pem")))
        try certificates.trust(["ca.crt": "ca.pem"], for: registry.host)
        let setup = Setup(certificates: certificates.path("certs.d"))
        #expect(try await absent(at: registry, setup) != .notFound("manifest unknown"))
        try certificates.trust(["client.cert": "client.pem", "client.key": "client.key"], for: registry.host)
        #expect(try await absent(at: registry, setup) == .notFound("manifest unknown"))
    }

    @Test("is not asked over HTTP when it should be HTTPS", arguments: ["registry.invalid", "192.0.2.1:5000"])
    func noFallback(host: String) async throws {
        // A proxy sees where a client wants to go: only ever CONNECT, never a plain request for this host.
        let proxy = try Liar { _, connection in try connection.answer(503) }
        let environment = ["HTTPS_PROXY": "http://\(proxy.host)", "HTTP_PROXY": "http://\(proxy.host)"]
        _ = await reason {
            try await withClient(Setup(environment: environment)) { client in
                try await client.manifest(of: Reference("\(host)/a:1"))
            }
        }
        #expect(!proxy.requests.isEmpty)
        #expect(proxy.requests.allSatisfy { $0.method == "CONNECT" && !$0.target.hasSuffix(":80") })
    }
}
