import Compression
import Glibc
import ImageStore
import Linux
import OCI
import Synchronization
import TestSupport
import Testing

@testable import Registry
@testable import Transfer

@Suite("Pulling an image")
struct PullTests: ~Copyable {
    let store: StoreScratch

    init() throws { store = try StoreScratch() }

    @Test("unpacks its layers and enters it under its name", arguments: [CompressionFormatName.gzip, .zstd, .none])
    func whole(format: CompressionFormatName) async throws {
        let image = try SampleImage([("a", "one")], [("b", "two")], compression: format.format)
        let registry = try image.served()
        let lines = try await store.pull("\(registry.host)/app")
        let layers = try store.layers("\(registry.host)/app:latest")
        #expect(
            try layers.count == 2 && store.contents("b", of: layers[0]) == "two"
                && store.contents("a", of: layers[1]) == "one")
        #expect(lines.last?["type"] == "image")
        #expect(lines.last?["isNew"] == true)
        #expect(lines.last?["imageID"]?.string == (try digest(of: image.config).description))
        #expect(lines.last?["digest"]?.string == (try digest(of: image.manifest()).description))
        #expect(try store.leftovers().isEmpty)
    }

    @Test("fetches nothing that is there, and says that the name leads where it did")
    func again() async throws {
        let registry = try SampleImage([("a", "one")]).served()
        try await store.pull("\(registry.host)/app:1")
        let before = registry.requests.count
        let lines = try await store.pull("\(registry.host)/app:1")
        #expect(registry.requests.count == before + 1)
        #expect(lines.last?["isNew"] == false)
        #expect(lines.contains { $0["status"] == "exists" })
    }

    @Test("by two at once does the work once")
    func twice() async throws {
        let arrived = Mutex(0)
        let registry = try SampleImage([("a", String(repeating: "x", count: 100_000))]).served { _, _, _ in
            arrived.withLock { $0 += 1 }
            return false
        }
        let (host, root) = (registry.host, store.root)
        _ = try store.store()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...3 {
                group.addTask {
                    try await onThread {
                        let interruption = Interruption()
                        let file = try FileDescriptor.open("\(root)/progress\(number)", flags: O_WRONLY | O_CREAT)
                        try pullImage(
                            "\(host)/app:1", into: ImageStore(root: root),
                            Progress(file, onReaderGone: interruption.interrupt), interruption)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(arrived.withLock { $0 } == 1)
        #expect(try store.layers("\(host)/app:1").count == 1)
    }

    @Test("chooses the platform from an index, and keeps the index's digest")
    func index() async throws {
        let image = try SampleImage([("a", "one")])
        let manifest = try image.manifest()
        let other = Descriptor(
            mediaType: .imageManifest, digest: try digest(of: [1]), size: 1,
            platform: Platform(os: "linux", architecture: "s390x"))
        let own = Descriptor(
            mediaType: .imageManifest, digest: try digest(of: manifest), size: Int64(manifest.count), platform: .host)
        let index = ImageIndex(manifests: [other, own]).json.bytes()
        let served = try image.served()
        let registry = try Liar { request, connection in
            if request.target.hasSuffix("/manifests/1") { return try connection.answer(200, body: index) }
            if request.target.contains("/manifests/") { return try connection.answer(200, body: manifest) }
            try connection.answer(307, [("Location", "http://\(served.host)\(request.target)")])
        }
        let lines = try await store.pull("\(registry.host)/app:1")
        #expect(lines.last?["digest"]?.string == (try digest(of: index).description))
        let error = await #expect(throws: TransferError.self) {
            try await store.pull("\(registry.host)/app:1", platform: Platform("linux/arm64"))
        }
        #expect(error?.message == "no matching manifest for linux/arm64 in the manifest list entries")
    }

    @Test(
        "says what Docker says when there is no such image",
        arguments: [
            (401, "", "pull access denied for HOST/app, repository does not exist or may require 'docker login'"),
            (
                404, #"{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known to registry"}]}"#,
                "pull access denied for HOST/app, repository does not exist or may require 'docker login': repository name not known to registry"
            ),
            (
                404, #"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#,
                "manifest for HOST/app:latest not found: manifest unknown"
            ),
        ])
    func absent(status: Int, body: String, message: String) async throws {
        let registry = try Liar { _, connection in try connection.answer(status, body: Array(body.utf8)) }
        let error = await #expect(throws: TransferError.self) { try await store.pull("\(registry.host)/app") }
        #expect(error?.message == message.replacing("HOST", with: registry.host))
    }

    @Test("goes on where an earlier one was broken off")
    func resumes() async throws {
        // Bytes that can't be compressed, so that the half of them is in more than one part.
        var generator = SystemRandomNumberGenerator()
        let noise = String(
            (0..<300_000).map { _ in Character(UnicodeScalar(UInt8.random(in: 0x21...0x7E, using: &generator))) })
        let image = try SampleImage([("noise", noise)])
        let half = image.layers[0].count / 2
        let isBroken = Mutex(true)
        let registry = try image.served { [layer = image.layers[0]] _, request, connection in
            guard isBroken.withLock({ $0 }) else {
                guard let range = request.header("range") else { return false }
                let start = Int(range.dropFirst("bytes=".count).dropLast()) ?? 0
                try connection.answer(
                    206, [("Content-Range", "bytes \(start)-\(layer.count - 1)/\(layer.count)")],
                    body: Array(layer[start...]))
                return true
            }
            guard request.header("range") == nil else { throw Liar.Connection.HangUp() }
            try connection.send(connection.head(200, [("Content-Length", "\(layer.count)")]))
            try connection.send(Array(layer[..<half]))
            throw Liar.Connection.HangUp()
        }
        let error = await #expect(throws: TransferError.self) { try await store.pull("\(registry.host)/app") }
        #expect(error?.kind == .unavailable)
        isBroken.withLock { $0 = false }
        try await store.pull("\(registry.host)/app")
        #expect(registry.requests.last?.header("range") != nil)
        #expect(try store.contents("noise", of: store.layers("\(registry.host)/app:latest")[0]) == noise)
    }
}

/// For arguments of tests, which are shown by name.
enum CompressionFormatName: String, Sendable {
    case none, gzip, zstd
    var format: CompressionFormat { CompressionFormat(rawValue: rawValue) ?? .none }
}
