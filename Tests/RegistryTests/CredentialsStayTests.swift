import OCI
import Synchronization
import TestSupport
import Testing

@testable import Registry

private let blob = Array("the blob".utf8)

/// A registry that wants a login and sends everybody who has one elsewhere for its blobs.
private func redirectingRegistry(to location: @escaping @Sendable (Liar.Request) -> String) throws -> Liar {
    try Liar { request, connection in
        guard request.header("authorization") == basic else {
            return try connection.answer(401, [("WWW-Authenticate", "Basic realm=\"liar\"")])
        }
        try connection.answer(307, [("Location", location(request)), ("Set-Cookie", "a=b")])
    }
}

private func reference(_ liar: Liar) throws -> Reference { try Reference("\(liar.host)/a/b:latest") }

@Suite("A login stays where it belongs")
struct CredentialsStayTests {
    @Test("and follows no redirect to another port or host, nor does a cookie", arguments: ["127.0.0.1", "127.0.0.2"])
    func redirects(address: String) async throws {
        let other = try Liar(at: address) { _, connection in try connection.answer(200, body: blob) }
        let host = other.host
        let registry = try redirectingRegistry { _ in "http://\(host)/blob?signature=x" }
        let bytes = try await withClient(Setup(logins: logins(for: registry.host))) { client in
            try await client.blobBytes(digest(of: blob), size: blob.count, of: reference(registry))
        }
        #expect(bytes == blob)
        #expect(other.requests.count == 1)
        for request in other.requests {
            #expect(request.header("authorization") == nil)
            #expect(request.header("cookie") == nil)
        }
    }

    @Test("and does not come back after a detour")
    func detour() async throws {
        let home = Mutex("")
        let other = try Liar { _, connection in
            try connection.answer(307, [("Location", "http://\(home.withLock { $0 })/back")])
        }
        let host = other.host
        let registry = try Liar { request, connection in
            if request.target == "/back" { return try connection.answer(200, body: blob) }
            guard request.header("authorization") == basic else {
                return try connection.answer(401, [("WWW-Authenticate", "Basic realm=\"liar\"")])
            }
            try connection.answer(307, [("Location", "http://\(host)/")])
        }
        home.withLock { $0 = registry.host }
        let bytes = try await withClient(Setup(logins: logins(for: registry.host))) { client in
            try await client.blobBytes(digest(of: blob), size: blob.count, of: reference(registry))
        }
        #expect(bytes == blob)
        let back = try #require(registry.requests.last)
        #expect(back.target == "/back")
        #expect(back.header("authorization") == nil)
    }

    @Test(
        "where a redirect leads to what is no plain address",
        arguments: ["http://127.0.0.1@HOST/", "http://user:pass@HOST/", "file:///etc/passwd", "http:///x"])
    func strangeRedirects(template: String) async throws {
        let other = try Liar { _, connection in try connection.answer(200, body: blob) }
        let location = template.replacing("HOST", with: other.host)
        let registry = try redirectingRegistry { _ in location }
        let reason = await reason {
            try await withClient(Setup(logins: logins(for: registry.host))) { client in
                try await client.blobBytes(digest(of: blob), size: blob.count, of: reference(registry))
            }
        }
        guard case .refused? = reason else {
            Issue.record("\(String(describing: reason))")
            return
        }
        #expect(other.requests.isEmpty)
    }

    @Test("and is not told to whoever a redirect leads to, even if that asks for one")
    func challengeElsewhere() async throws {
        let other = try Liar { _, connection in
            try connection.answer(401, [("WWW-Authenticate", "Basic realm=\"other\"")])
        }
        let host = other.host
        let registry = try redirectingRegistry { _ in "http://\(host)/" }
        let reason = await reason {
            try await withClient(Setup(logins: logins(for: registry.host))) { client in
                try await client.blobBytes(digest(of: blob), size: blob.count, of: reference(registry))
            }
        }
        #expect(reason == .unauthorized(nil))
        #expect(other.requests.allSatisfy { $0.header("authorization") == nil })
    }

    @Test("and is not for mirrors, which may have one of their own")
    func mirrors() async throws {
        let mirror = try Liar { _, connection in
            try connection.answer(401, [("WWW-Authenticate", "Basic realm=\"mirror\"")])
        }
        let origin = try Liar { request, connection in
            if request.header("authorization") == nil {
                return try connection.answer(401, [("WWW-Authenticate", "Basic realm=\"origin\"")])
            }
            try connection.answer(200, body: blob)
        }
        let configuration = "{\"registries\": {\"\(origin.host)\": {\"mirrors\": [\"http://\(mirror.host)\"]}}}"
        let bytes = try await withClient(Setup(configuration: configuration, logins: logins(for: origin.host))) {
            client in
            try await client.blobBytes(digest(of: blob), size: blob.count, of: reference(origin))
        }
        #expect(bytes == blob)
        #expect(!mirror.requests.isEmpty)
        #expect(mirror.requests.allSatisfy { $0.header("authorization") == nil })
        #expect(origin.requests.last?.header("authorization") == basic)
    }
}

@Suite("A token server")
struct TokenServerTests {
    private func registry(realm: String) throws -> Liar {
        try Liar { request, connection in
            guard request.header("authorization") == "Bearer the-token" else {
                return try connection.answer(
                    401,
                    [("WWW-Authenticate", "Bearer realm=\"\(realm)\",service=\"s s\",scope=\"repository:a/b:pull\"")])
            }
            try connection.answer(200, body: blob)
        }
    }

    private func fetch(from registry: Liar, configuration: String = "{}") async throws -> [UInt8] {
        try await withClient(Setup(configuration: configuration, logins: logins(for: registry.host))) { client in
            try await client.blobBytes(digest(of: blob), size: blob.count, of: reference(registry))
        }
    }

    @Test("that nobody vouches for gets no login, and may still give a token")
    func unknown() async throws {
        let server = try Liar { _, connection in
            try connection.answer(200, body: Array(#"{"token": "the-token"}"#.utf8))
        }
        let registry = try registry(realm: "http://\(server.host)/token")
        #expect(try await fetch(from: registry) == blob)
        #expect(server.requests.map(\.target) == ["/token?service=s%20s&scope=repository%3Aa%2Fb%3Apull"])
        #expect(server.requests.allSatisfy { $0.header("authorization") == nil })
    }

    @Test("that the configuration names gets the login")
    func configured() async throws {
        let server = try Liar { _, connection in
            try connection.answer(200, body: Array(#"{"access_token": "the-token"}"#.utf8))
        }
        let registry = try registry(realm: "http://\(server.host)/token?x=y")
        let configuration = "{\"registries\": {\"\(registry.host)\": {\"tokenServers\": [\"http://\(server.host)\"]}}}"
        #expect(try await fetch(from: registry, configuration: configuration) == blob)
        #expect(server.requests.first?.header("authorization") == basic)
        #expect(
            server.requests.first?.target == "/token?x=y&service=s%20s&scope=repository%3Aa%2Fb%3Apull&account=user")
    }

    @Test(
        "must have an address that can be asked safely",
        arguments: ["file:///etc/passwd", "http://192.0.2.1/token", "http://a@127.0.0.1/", "x"])
    func address(realm: String) async throws {
        let registry = try registry(realm: realm)
        let reason = await reason { try await fetch(from: registry) }
        guard case .refused? = reason else {
            Issue.record("\(String(describing: reason))")
            return
        }
    }

    @Test(
        "must give a token that is one",
        arguments: [
            "{}", "[]", "nonsense", #"{"token": ""}"#, #"{"token": "a\r\nX-Injected: b"}"#, #"{"token": "a b"}"#,
        ])
    func badAnswers(body: String) async throws {
        let server = try Liar { _, connection in try connection.answer(200, body: Array(body.utf8)) }
        let registry = try registry(realm: "http://\(server.host)/")
        let reason = await reason { try await fetch(from: registry) }
        guard case .invalidResponse? = reason else {
            Issue.record("\(String(describing: reason))")
            return
        }
        #expect(registry.requests.allSatisfy { !$0.raw.contains("X-Injected") })
    }

    @Test("is not read for ever")
    func longAnswer() async throws {
        let server = try Liar { _, connection in
            try connection.send(connection.head(200, [("Content-Length", "\(8 << 20)")]) + "{\"token\": \"")
            while true { try connection.send([UInt8](repeating: 0x61, count: 64 << 10)) }
        }
        let registry = try registry(realm: "http://\(server.host)/")
        let reason = await reason { try await fetch(from: registry) }
        #expect(reason == .invalidResponse("its token answer is longer than 1048576 bytes"))
    }

    @Test("is asked once for each refusal, and the registry twice")
    func refusesForEver() async throws {
        let server = try Liar { _, connection in try connection.answer(200, body: Array(#"{"token": "another"}"#.utf8))
        }
        let registry = try registry(realm: "http://\(server.host)/")
        let reason = await reason { try await fetch(from: registry) }
        #expect(reason == .unauthorized(nil))
        #expect(server.requests.count == 1)
        #expect(registry.requests.count == 2)
    }

    @Test("takes an identity token in a form, not in the address")
    func identityToken() async throws {
        let registry = try Liar { request, connection in
            if request.target == "/token" {
                return try connection.answer(200, body: Array(#"{"token": "the-token"}"#.utf8))
            }
            guard request.header("authorization") == "Bearer the-token" else {
                return try connection.answer(
                    401, [("WWW-Authenticate", "Bearer realm=\"http://\(request.header("host") ?? "")/token\"")])
            }
            try connection.answer(200, body: blob)
        }
        let logins = "{\"auths\": {\"\(registry.host)\": {\"identitytoken\": \"i\\r\\n&x=y\"}}}"
        let bytes = try await withClient(Setup(logins: logins)) { client in
            try await client.blobBytes(digest(of: blob), size: blob.count, of: reference(registry))
        }
        #expect(bytes == blob)
        let request = try #require(registry.requests.first { $0.method == "POST" })
        #expect(request.raw.hasSuffix("client_id=hako&grant_type=refresh_token&refresh_token=i%0D%0A%26x%3Dy"))
    }
}
