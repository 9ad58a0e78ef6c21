import Compression
import ImageStore
import OCI
import TestSupport
import Testing

@testable import Registry
@testable import Transfer

@Suite("A layer that isn't what it should be")
struct LyingLayerTests: ~Copyable {
    let store: StoreScratch

    init() throws { store = try StoreScratch() }

    /// Pulls, and looks for what must not be in the store then.
    private func expectRefusal(of image: SampleImage, from registry: Liar, kind: TransferError.Kind = .invalid)
        async throws
    {
        let error = await #expect(throws: TransferError.self) { try await store.pull("\(registry.host)/app") }
        #expect(error?.kind == kind, "\(error?.message ?? "")")
        let stored = try store.stored()
        for diffID in image.diffIDs { #expect(!stored.contains(String(diffID.dropFirst("sha256:".count)))) }
        #expect(throws: StoreError.self) { try store.store().resolve("\(registry.host)/app:latest") }
        #expect(try store.leftovers().isEmpty)
    }

    private let image: SampleImage = {
        do { return try SampleImage([("a", String(repeating: "content ", count: 1000))]) } catch {
            fatalError("\(error)")
        }
    }()

    @Test("by one flipped bit is refused", arguments: [0, 12, 40, -1])
    func flipped(position: Int) async throws {
        var bytes = image.layers[0]
        bytes[position < 0 ? bytes.count + position : position] ^= 1
        let registry = try image.served { [bytes] _, _, connection in
            try connection.answer(200, body: bytes)
            return true
        }
        try await expectRefusal(of: image, from: registry)
        #expect(try !store.stored().contains(digest(of: image.layers[0]).hex))
    }

    @Test("because it is longer or shorter is refused", arguments: [1, -1])
    func length(difference: Int) async throws {
        let whole = image.layers[0]
        let bytes = difference > 0 ? whole + [0] : Array(whole.dropLast())
        let registry = try image.served { _, _, connection in
            try connection.answer(200, body: bytes)
            return true
        }
        try await expectRefusal(of: image, from: registry)
    }

    @Test("because bytes follow it, or it unpacks to another tar, is refused", arguments: ["garbage", "diffID", "tar"])
    func otherContent(what: String) async throws {
        var image = self.image
        let tar = try SampleImage.tar([("b", [1])])
        switch what {
        case "garbage": image.layers[0] += Array("garbage".utf8)
        case "diffID": image.layers[0] = try SampleImage.compressed(tar, .gzip)
        // What follows the archive's end counts for the diffID.
        default: image.layers[0] = try SampleImage.compressed(SampleImage.tar([("a", [1])]) + [1], .gzip)
        }
        try await expectRefusal(of: image, from: image.served())
    }

    @Test("though it is what was promised is refused, and its blob is whole")
    func brokenFarAhead() async throws {
        // What is behind the damage is more than is ever read ahead.
        let body = (0..<16 << 20).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 8) }
        var tar = try SampleImage.tar([("a", [1]), ("b", body)])
        tar[1024] ^= 1
        var image = try SampleImage([("a", "")])
        image.layers[0] = try SampleImage.compressed(tar, .gzip)
        image.diffIDs[0] = try digest(of: tar).description
        try await expectRefusal(of: image, from: image.served())
        #expect(try store.stored().contains(digest(of: image.layers[0]).hex))
    }

    @Test("because it is kept elsewhere is not fetched")
    func foreign() async throws {
        let elsewhere = try Liar { _, connection in try connection.answer(200) }
        let manifest = try image.manifest { $0.layers[0].urls = ["http://\(elsewhere.host)/layer"] }
        try await expectRefusal(of: image, from: image.served(manifest: manifest))
        #expect(elsewhere.requests.isEmpty)
    }

    @Test("because its registry falls silent ends the pull when it is interrupted")
    func interruption() async throws {
        let image = image
        let interruption = Interruption()
        let registry = try image.served { _, _, connection in
            interruption.interrupt()
            try connection.fallSilent()
            return true
        }
        let host = registry.host
        let error = await #expect(throws: TransferError.self) {
            try await store.transfer { store, progress, _ in
                try pullImage("\(host)/app", into: store, progress, interruption)
            }
        }
        #expect(error?.kind == .interrupted)
    }
}

@Suite("A manifest with two meanings")
struct AmbiguousManifestTests: ~Copyable {
    let store: StoreScratch

    init() throws { store = try StoreScratch() }

    @Test(
        "is refused",
        arguments: [
            #"{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}"#,
            #"{"schemaVersion":2,"layers":[],"layers":[]}"#,
            #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","layers":[],"config":{}}"#,
            #"{"schemaVersion":1,"fsLayers":[]}"#, "[]", "", "nonsense",
        ])
    func refused(text: String) async throws {
        let registry = try Liar { _, connection in
            try connection.answer(
                200, [("Content-Type", "application/vnd.oci.image.manifest.v1+json")], body: Array(text.utf8))
        }
        let error = await #expect(throws: TransferError.self) { try await store.pull("\(registry.host)/app") }
        #expect(error?.kind == .invalid, "\(error?.message ?? "")")
    }

    @Test("is refused where its announced type contradicts it")
    func contradicted() async throws {
        let manifest = try SampleImage([("a", "b")]).manifest()
        let registry = try Liar { _, connection in
            try connection.answer(200, [("Content-Type", "application/vnd.oci.image.index.v1+json")], body: manifest)
        }
        let error = await #expect(throws: TransferError.self) { try await store.pull("\(registry.host)/app") }
        #expect(error?.kind == .invalid, "\(error?.message ?? "")")
    }
}
