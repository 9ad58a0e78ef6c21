import OCI
import Synchronization
import TestSupport
import Testing

@testable import Registry

/// Bytes that no two parts of are the same.
private func noise(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: 0x21...0x7E, using: &generator) }
}

private func outgoing(_ bytes: [UInt8]) throws -> OutgoingBlob { OutgoingBlob(try digest(of: bytes), bytes) }

@Suite("An upload to a real registry", .enabled(if: DockerRegistry.isInstalled, "needs docker-registry"))
struct RealUploadTests {
    @Test("is what a download gets, and is made once", arguments: [0, 1, 300_000, 5 << 20])
    func whole(size: Int) async throws {
        let registry = try DockerRegistry()
        let bytes = noise(size)
        let repository = try Reference("\(registry.host)/a/b:1")
        try await withClient { client async throws in
            #expect(try await client.upload(outgoing(bytes), to: repository) == .sent)
            #expect(try await client.blobBytes(digest(of: bytes), size: size, of: repository) == bytes)
            #expect(try await client.upload(outgoing(bytes), to: repository) == .existed)
        }
    }

    @Test("is mounted from where the registry has it, and sent where that is nowhere")
    func mounted() async throws {
        let registry = try DockerRegistry()
        let bytes = noise(1000)
        try await withClient { client async throws in
            _ = try await client.upload(outgoing(bytes), to: Reference("\(registry.host)/a/b:1"))
            let second = try Reference("\(registry.host)/c:1")
            let candidates = ["not/there", "a/b"]
            #expect(try await client.upload(outgoing(bytes), to: second, mountingFrom: candidates) == .mounted(from: "a/b"))
            #expect(try await client.blobBytes(digest(of: bytes), size: 1000, of: second) == bytes)
            let other = noise(1000)
            #expect(try await client.upload(outgoing(other), to: second, mountingFrom: candidates) == .sent)
        }
    }

    @Test("goes on in parts, each where the registry has got to")
    func parts() async throws {
        let registry = try DockerRegistry()
        let bytes = noise((16 << 20) + 5000)
        let repository = try Reference("\(registry.host)/a:1")
        let blob = try outgoing(bytes)
        try await withClient { client async throws in
            let endpoint = try await client.endpoint(of: registry.host)
            let uploader = BlobUploader(client: client, blob: blob, repository: repository, endpoint: endpoint)
            var session = try await uploader.begin()
            try await uploader.sendPart(&session)
            #expect(session.offset == 16 << 20)
            let resumed = try #require(await uploader.resumed(session))
            #expect(resumed.offset == 16 << 20)
            try await uploader.sendParts(in: resumed) { _ in }
            #expect(try await client.blobBytes(digest(of: bytes), size: bytes.count, of: repository) == bytes)
        }
    }

    @Test("of other bytes than the digest's is refused, and of a manifest whose blobs are missing")
    func wrong() async throws {
        let registry = try DockerRegistry()
        let repository = try Reference("\(registry.host)/a:1")
        let blob = OutgoingBlob(try digest(of: [1, 2, 3]), [1, 2, 4])
        let manifest = ImageManifest(
            config: Descriptor(mediaType: .imageConfig, digest: try digest(of: [1]), size: 1), layers: []
        ).json.bytes()
        try await withClient { client async throws in
            guard case .status(400, _)? = await reason({ try await client.upload(blob, to: repository) }) else {
                Issue.record("taken")
                return
            }
            let refused = await reason { try await client.put(manifest: manifest, .imageManifest, as: repository) }
            #expect(refused != nil)
            #expect(try await !client.hasManifest(digest(of: manifest), in: repository))
        }
    }
}

@Suite("An upload")
struct UploadTests {
    /// A registry that keeps what it gets, and breaks off as it is told.
    private final class Keeper: Sendable {
        let received = Mutex<[UInt8]>([])
        /// Requests that carry bytes, so far.
        let count = Mutex(0)

        func answer(
            _ request: Liar.Request, _ connection: Liar.Connection,
            _ disturb: (Int, Liar.Request, inout [UInt8]) throws -> Void
        ) throws {
            let place = ("Location", "/v2/a/blobs/uploads/1?state=x")
            switch request.method {
            case "HEAD": try connection.answer(404)
            case "POST":
                received.withLock { $0 = [] }
                try connection.answer(202, [place])
            case "GET":
                let last = max(received.withLock { $0.count } - 1, 0)
                try connection.answer(204, [place, ("Range", "0-\(last)")])
            default:
                let number = count.withLock { $0 += 1; return $0 }
                let body = Array((request.raw.split(separator: "\r\n\r\n", maxSplits: 1).dropFirst().first ?? "").utf8)
                try received.withLock { kept in
                    kept += body
                    try disturb(number, request, &kept)
                }
                let last = max(received.withLock { $0.count } - 1, 0)
                try connection.answer(request.method == "PUT" ? 201 : 202, [place, ("Range", "0-\(last)")])
            }
        }
    }

    @Test("that breaks off goes on from where the registry has got to", arguments: [1000, 299_999])
    func resumes(arrived: Int) async throws {
        let (keeper, bytes) = (Keeper(), noise(300_000))
        let registry = try Liar { request, connection in
            try keeper.answer(request, connection) { number, _, kept in
                guard number == 1 else { return }
                kept.removeLast(kept.count - arrived)
                throw Liar.Connection.HangUp()
            }
        }
        try await withClient { client async throws in
            #expect(try await client.upload(outgoing(bytes), to: Reference("\(registry.host)/a:1")) == .sent)
        }
        #expect(keeper.received.withLock { $0 } == bytes)
        let part = try #require(registry.requests.first { $0.method == "PATCH" })
        #expect(part.header("content-range") == "\(arrived)-299999")
        #expect(registry.requests.last?.method == "PUT")
        #expect(registry.requests.last?.target == "/v2/a/blobs/uploads/1?state=x&digest=sha256%3A\(try digest(of: bytes).hex)")
    }

    @Test("begins anew where the registry has lost it, or says what can't be", arguments: ["lost", "0-0", "0-999999", "5-7", "x"])
    func lost(range: String) async throws {
        let (keeper, bytes) = (Keeper(), noise(2000))
        let registry = try Liar { request, connection in
            if request.method == "GET" {
                return range == "lost" ? try connection.answer(404) : try connection.answer(204, [("Range", range)])
            }
            try keeper.answer(request, connection) { number, _, _ in if number == 1 { throw Liar.Connection.HangUp() } }
        }
        try await withClient { client async throws in
            #expect(try await client.upload(outgoing(bytes), to: Reference("\(registry.host)/a:1")) == .sent)
        }
        #expect(keeper.received.withLock { $0 } == bytes)
        #expect(registry.requests.count { $0.method == "POST" } == 2)
    }

    @Test("ends when a registry breaks off again and again, and when it doesn't answer")
    func ends() async throws {
        let (keeper, bytes) = (Keeper(), noise(2000))
        let breaking = try Liar { request, connection in
            try keeper.answer(request, connection) { _, _, _ in throw Liar.Connection.HangUp() }
        }
        let broken = await reason {
            try await withClient { client in try await client.upload(outgoing(bytes), to: Reference("\(breaking.host)/a:1")) }
        }
        guard case .brokenConnection? = broken else {
            Issue.record("\(String(describing: broken))")
            return
        }
        let silent = try Liar { request, connection in
            if request.method == "PUT" { try connection.fallSilent() }
            try keeper.answer(request, connection) { _, _, _ in }
        }
        var setup = Setup()
        (setup.limits.commit, setup.limits.attempts) = (.milliseconds(200), 1)
        let timedOut = await reason {
            try await withClient(setup) { client in try await client.upload(outgoing(bytes), to: Reference("\(silent.host)/a:1")) }
        }
        #expect(timedOut == .timedOut(.response))
    }

    @Test("to a place elsewhere goes there, without the login (T-G1)", arguments: ["127.0.0.1", "127.0.0.2"])
    func elsewhere(address: String) async throws {
        let bytes = noise(100)
        let other = try Liar(at: address) { _, connection in try connection.answer(201) }
        let host = other.host
        let registry = try Liar { request, connection in
            guard request.header("authorization") == basic else {
                return try connection.answer(401, [("WWW-Authenticate", "Basic realm=\"liar\"")])
            }
            if request.method == "HEAD" { return try connection.answer(404) }
            try connection.answer(202, [("Location", "http://\(host)/place"), ("Set-Cookie", "a=b")])
        }
        try await withClient(Setup(logins: logins(for: registry.host))) { client async throws in
            #expect(try await client.upload(outgoing(bytes), to: Reference("\(registry.host)/a:1")) == .sent)
        }
        #expect(other.requests.map(\.method) == ["PUT"])
        #expect(other.requests.allSatisfy { $0.header("authorization") == nil && $0.header("cookie") == nil })
    }

    @Test("goes to no place that is none", arguments: ["http://127.0.0.1@HOST/", "file:///tmp/x", ""])
    func strangePlaces(template: String) async throws {
        let other = try Liar { _, connection in try connection.answer(201) }
        let location = template.replacing("HOST", with: other.host)
        let registry = try Liar { request, connection in
            if request.method == "HEAD" { return try connection.answer(404) }
            try connection.answer(202, location.isEmpty ? [] : [("Location", location)])
        }
        let reason = await reason {
            try await withClient { client in try await client.upload(outgoing([1]), to: Reference("\(registry.host)/a:1")) }
        }
        switch reason {
        case .refused?, .invalidResponse?: break
        default: Issue.record("\(String(describing: reason))")
        }
        #expect(other.requests.isEmpty)
    }

    @Test("asks for a token that may push, and for another repository's only to mount from it")
    func scopes() async throws {
        let server = try Liar { _, connection in try connection.answer(200, body: Array(#"{"token": "t"}"#.utf8)) }
        let realm = "http://\(server.host)/token"
        let registry = try Liar { request, connection in
            guard request.header("authorization") == "Bearer t" else {
                return try connection.answer(401, [("WWW-Authenticate", "Bearer realm=\"\(realm)\"")])
            }
            if request.method == "HEAD" { return try connection.answer(404) }
            if request.target.contains("from=") { return try connection.answer(403) }
            try connection.answer(request.method == "PUT" ? 201 : 202, [("Location", "/here")])
        }
        try await withClient { client async throws in
            let repository = try Reference("\(registry.host)/a:1")
            #expect(try await client.upload(outgoing([1]), to: repository, mountingFrom: ["b/c"]) == .sent)
        }
        let push = "/token?scope=repository%3Aa%3Apull%2Cpush"
        #expect(server.requests.map(\.target) == [push, push + "&scope=repository%3Ab%2Fc%3Apull"])
    }
}
