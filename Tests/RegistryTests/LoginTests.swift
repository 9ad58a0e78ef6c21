import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import Registry

@Suite("A login")
struct LoginTests {
    private func login(at registry: borrowing DockerRegistry, _ password: String) -> Login {
        Login(server: registry.host, username: "user", password: password)
    }

    private func check(_ login: Login, configuration: String = "{}") async throws -> String? {
        try await withClient(Setup(configuration: configuration, login: login)) { client in
            try await client.checkLogin(at: login.registry)
        }
    }

    @Test("is tried at the registry", .enabled(if: DockerRegistry.isInstalled, "needs docker-registry"))
    func real() async throws {
        let registry = try DockerRegistry(
            .init(passwordLine: "user:$2y$04$CkUN9oD5fcoBTmZGixEGvOkXToouQnCd3T.DNmJjw86fcBz03vjpS"))
        #expect(try await check(login(at: registry, "secret-password")) == nil)
        let wrong = login(at: registry, "wrong")
        #expect(await reason { try await check(wrong) } == .unauthorized("authentication required"))
    }

    /// A registry whose tokens come from a server that knows one password.
    private func registry(realm: String) throws -> Liar {
        try Liar(answersProbes: false) { request, connection in
            guard request.header("authorization") == "Bearer t" else {
                return try connection.answer(401, [("WWW-Authenticate", "Bearer realm=\"\(realm)\",service=\"s\"")])
            }
            try connection.answer(200)
        }
    }

    @Test("at a token server may get a token to be kept in place of the password")
    func tokenServer() async throws {
        let server = try Liar { request, connection in
            guard request.header("authorization") == basic else { return try connection.answer(401) }
            try connection.answer(200, body: Array(#"{"token": "t", "refresh_token": "kept"}"#.utf8))
        }
        let registry = try registry(realm: "http://\(server.host)/token")
        let configuration = "{\"registries\": {\"\(registry.host)\": {\"tokenServers\": [\"http://\(server.host)\"]}}}"
        let right = Login(server: registry.host, username: "user", password: "secret-password")
        #expect(try await check(right, configuration: configuration) == "kept")
        #expect(server.requests.last?.target == "/token?service=s&account=user&client_id=hako&offline_token=true")
        let wrong = Login(server: registry.host, username: "user", password: "other")
        #expect(await reason { try await check(wrong, configuration: configuration) } == .unauthorized(nil))
    }

    @Test("isn't told to a token server that nobody vouches for, whose token for strangers is no success (T-G2)")
    func strangeTokenServer() async throws {
        let server = try Liar { _, connection in try connection.answer(200, body: Array(#"{"token": "t"}"#.utf8)) }
        let registry = try registry(realm: "http://\(server.host)/token")
        let login = Login(server: registry.host, username: "user", password: "secret-password")
        guard case .unauthorized(let why?)? = await reason({ try await check(login) }) else {
            Issue.record("taken")
            return
        }
        #expect(why.contains("is not known as its token server"))
        #expect(server.requests.isEmpty)
    }

    @Test(
        "names a registry as people do",
        arguments: [
            (nil, "docker.io"), ("", "docker.io"), ("docker.io", "docker.io"), ("https://index.docker.io/v1/", "docker.io"),
            ("registry.example.com", "registry.example.com"), ("https://r.example:5000/v2/", "r.example:5000"),
            ("http://R.example/", "r.example"),
        ])
    func names(server: String?, registry: String) {
        #expect(Login.registry(ofServer: server) == registry)
    }

    @Test("is never described")
    func hidden() {
        let login = Login(server: "a", username: "user", password: "secret-password")
        var dumped = ""
        dump(login, to: &dumped)
        #expect(!"\(login) \(String(reflecting: login)) \(dumped)".contains("secret"))
    }
}

@Suite("Keeping a login")
struct KeptLoginTests: ~Copyable {
    let scratch: Scratch

    init() throws { scratch = try Scratch(["bin": .directory]) }

    private var store: CredentialStore {
        CredentialStore(environment: ["DOCKER_CONFIG": scratch.path("docker"), "PATH": scratch.path("bin")])
    }
    private var path: String { scratch.path("docker/config.json") }
    private func document() throws -> JSON { try JSON(parsing: FileDescriptor.contents(of: path)) }
    private func login(_ server: String = "a:5000") -> Login {
        Login(server: server, username: "user", password: "secret-password")
    }

    @Test("makes a file for its owner alone, which is read again (T-G7)")
    func file() throws {
        umask(0o022)
        #expect(try store.store(login()) == .file(path))
        #expect(try FileDescriptor.status(of: path).permissions == 0o600)
        #expect(try FileDescriptor.status(of: scratch.path("docker")).permissions == 0o700)
        #expect(try store.credential(for: "a:5000")?.basic == basic)
        #expect(try store.login(for: "a:5000")?.username == "user")
        #expect(try FileDescriptor.directory(scratch.path("docker")).names().map(\.description) == ["config.json"])
    }

    @Test("changes nothing else, and follows a link")
    func others() throws {
        let other = #"{"psFormat": "x", "auths": {"b": {"auth": "Yjpj"}, "https://a:5000/v1/": {}}, "HttpHeaders": {"A": "1.50"}}"#
        try scratch.add("docker", .directory)
        try scratch.add("elsewhere.json", .file(Array(other.utf8)))
        try scratch.add("docker/config.json", .symlink(scratch.path("elsewhere.json")))
        _ = try store.store(login())
        let kept = try JSON(parsing: FileDescriptor.contents(of: scratch.path("elsewhere.json")))
        #expect(kept["psFormat"] == "x" && kept["HttpHeaders"]?["A"] == "1.50" && kept["auths"]?["b"]?["auth"] == "Yjpj")
        #expect(kept["auths"]?["a:5000"]?["auth"] != nil)
        try store.erase("a:5000")
        #expect(try document()["auths"]?.object?.members.map(\.name) == ["b"])
        #expect(try FileDescriptor.status(of: path).kind == .regular)
    }

    @Test("stands for Docker Hub where Docker looks for it, and with a token has no password")
    func hub() throws {
        _ = try store.store(login("docker.io"), identityToken: "kept")
        let entry = try document()["auths"]?["https://index.docker.io/v1/"]
        #expect(entry?["identitytoken"] == "kept")
        #expect(entry?["auth"]?.string == Base64.encode(Array("user:".utf8)[...]))
        try store.erase("docker.io")
        #expect(try document()["auths"]?.object?.isEmpty == true)
    }

    @Test("is left to a helper, and the file says only that there is one")
    func helper() throws {
        let script = """
            #!/bin/sh
            PATH=/usr/bin:/bin
            echo "$1" >> '\(scratch.root)/actions'
            case $1 in
              store) cat > '\(scratch.root)/kept' ;;
              get) [ -s '\(scratch.root)/kept' ] && cat '\(scratch.root)/kept' || { echo credentials not found in native keychain; exit 1; } ;;
              erase) : > '\(scratch.root)/kept' ;;
            esac

            """
        try scratch.add("bin/docker-credential-one", .file(Array(script.utf8)))
        #expect(chmod(scratch.path("bin/docker-credential-one"), 0o755) == 0)
        try scratch.add("docker/config.json", #"{"credsStore": "one"}"#)
        #expect(try store.store(login()) == .helper("one"))
        let text = String(decoding: try FileDescriptor.contents(of: path), as: UTF8.self)
        #expect(!text.contains("secret") && !text.contains("dXNlc"))
        #expect(try document()["auths"]?["a:5000"]?.object?.isEmpty == true)
        #expect(try store.credential(for: "a:5000")?.basic == basic)
        try store.erase("a:5000")
        #expect(try store.credential(for: "a:5000") == nil)
        #expect(try document()["auths"]?.object?.isEmpty == true)
    }
}
