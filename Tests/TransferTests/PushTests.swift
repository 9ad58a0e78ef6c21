import Compression
import ImageStore
import Linux
import OCI
import TestSupport
import Testing

@testable import Registry
@testable import Transfer

extension StoreScratch {
    /// Pushes with a client that knows nothing of this machine's configuration.
    @discardableResult
    func push(_ name: String, platform: Platform? = nil) async throws -> [JSON] {
        try await transfer { store, progress, interruption in
            let client = try RegistryClient(
                configuration: RegistryConfiguration(), environment: [:], limits: .impatient,
                certificateParents: [store.root + "/none"])
            defer { try? Interruption().wait { await client.shutdown() } }
            try Pusher(store: store, client: client, progress: progress, interruption: interruption)
                .push(Reference(name), platform: platform)
        }
    }

    func tag(_ name: String, _ other: String) throws {
        let store = try store()
        try store.tag(store.resolve(name).image.id, as: Reference(other), at: 0)
    }

    /// The digest of the manifest that the name leads to.
    func manifest(_ name: String) throws -> Digest { try store().outgoingImage(named: Reference(name)).document.digest }
}

/// The last word on each layer, in the order in which they were first named.
private func statuses(_ lines: [JSON]) -> [String] {
    var (order, last): ([String], [String: String]) = ([], [:])
    for line in lines where line["type"] == "layer" {
        guard let id = line["id"]?.string else { continue }
        if last[id] == nil { order.append(id) }
        last[id] = (line["status"]?.string ?? "") + (line["from"]?.string.map { " " + $0 } ?? "")
    }
    return order.compactMap { last[$0] }
}

@Suite("Pushing an image", .enabled(if: DockerRegistry.isInstalled, "needs docker-registry"))
struct PushTests: ~Copyable {
    let store: StoreScratch

    init() throws { store = try StoreScratch() }

    @Test("lets another store pull it by the same digest", arguments: [CompressionFormatName.gzip, .zstd, .none])
    func roundTrip(format: CompressionFormatName) async throws {
        let other = try StoreScratch()
        let image = try SampleImage([("a", "one")], [("b", "two")], compression: format.format)
        let source = try image.served()
        try await store.pull("\(source.host)/app:1")
        let registry = try DockerRegistry()
        try store.tag("\(source.host)/app:1", "\(registry.host)/team/app:v1")
        let lines = try await store.push("\(registry.host)/team/app:v1")
        #expect(statuses(lines) == ["pushed", "pushed"])
        #expect(lines.first?["message"] == .string("The push refers to repository [\(registry.host)/team/app]"))
        #expect(lines.last?["type"] == "pushed")
        #expect(lines.last?["digest"]?.string == (try digest(of: image.manifest()).description))
        #expect(lines.last?["size"]?.integer == Int64(try image.manifest().count))
        let pulled = try await other.pull("\(registry.host)/team/app:v1")
        #expect(pulled.last?["digest"]?.string == (try digest(of: image.manifest()).description))
        #expect(try other.contents("b", of: other.layers("\(registry.host)/team/app:v1")[0]) == "two")
        let known = try store.store().storedImage(store.store().resolve("\(registry.host)/team/app:v1").image).repoDigests
        #expect(known.map(\.name).contains("\(registry.host)/team/app"))
    }

    @Test("keeps a manifest of Docker's as it is")
    func dockerTypes() async throws {
        let other = try StoreScratch()
        let image = try SampleImage([("a", "one")])
        let manifest = try image.manifest {
            $0.mediaType = .dockerManifest
            $0.config.mediaType = .dockerConfig
            $0.layers[0].mediaType = .dockerLayerGzip
        }
        let source = try image.served(manifest: manifest)
        try await store.pull("\(source.host)/app:1")
        let registry = try DockerRegistry()
        try store.tag("\(source.host)/app:1", "\(registry.host)/app:1")
        try await store.push("\(registry.host)/app:1")
        let pulled = try await other.pull("\(registry.host)/app:1")
        #expect(pulled.last?["digest"]?.string == (try digest(of: manifest).description))
        #expect(try other.store().resolve("\(registry.host)/app:1").image.manifestMediaType == .dockerManifest)
    }

    @Test("sends nothing that is there, and has the registry take the rest from where it knows it")
    func again() async throws {
        let image = try SampleImage([("a", "one")], [("b", "two")])
        let source = try image.served()
        try await store.pull("\(source.host)/app:1")
        let registry = try DockerRegistry()
        try store.tag("\(source.host)/app:1", "\(registry.host)/one:1")
        try await store.push("\(registry.host)/one:1")
        #expect(statuses(try await store.push("\(registry.host)/one:1")) == ["existed", "existed"])
        try store.tag("\(registry.host)/one:1", "\(registry.host)/two/app:1")
        #expect(statuses(try await store.push("\(registry.host)/two/app:1")) == ["mounted one", "mounted one"])
    }

    @Test("without a tag pushes each tag of the repository")
    func allTags() async throws {
        let other = try StoreScratch()
        let source = try SampleImage([("a", "one")]).served()
        try await store.pull("\(source.host)/app:1")
        let registry = try DockerRegistry()
        for tag in ["v2", "v1"] { try store.tag("\(source.host)/app:1", "\(registry.host)/app:\(tag)") }
        let lines = try await store.push("\(registry.host)/app")
        #expect(
            lines.filter { $0["type"] == "pushed" }.map { $0["reference"]?.string }
                == ["v1", "v2"].map { "\(registry.host)/app:\($0)" })
        for tag in ["v1", "v2"] { try await other.pull("\(registry.host)/app:\(tag)") }
    }

    @Test("compresses plain layers once, for all images that have them")
    func plain() async throws {
        let other = try StoreScratch()
        let base = String(repeating: "base ", count: 10_000)
        let image = try SampleImage([("a", base)], [("b", "two")], compression: .none)
        let second = try SampleImage([("a", base)], [("c", "three")], compression: .none)
        for (name, image) in [("one", image), ("two", second)] { try await store.load(Self.archive(image, name)) }
        let registry = try DockerRegistry()
        try store.tag("one", "\(registry.host)/one:1")
        let before = try store.manifest("one")
        let lines = try await store.push("\(registry.host)/one:1")
        let pushed = try store.manifest("\(registry.host)/one:1")
        #expect(pushed != before)
        #expect(lines.last?["digest"]?.string == pushed.description)
        #expect(try store.manifest("one") == pushed)
        let kept = try store.store().outgoingImage(named: Reference("one"))
        #expect(kept.manifest.layers.map(\.mediaType) == [.layerGzip, .layerGzip])
        // Its id is its config's digest, and stays.
        #expect(kept.id.digest == (try digest(of: image.config)))
        #expect(statuses(try await store.push("\(registry.host)/one:1")) == ["existed", "existed"])
        #expect(try store.manifest("one") == pushed)
        try store.tag("two", "\(registry.host)/two:1")
        #expect(statuses(try await store.push("\(registry.host)/two:1")) == ["pushed", "mounted one"])
        try await other.pull("\(registry.host)/one:1")
        #expect(try other.contents("a", of: other.layers("\(registry.host)/one:1")[1]) == base)
        // What is compressed now isn't kept twice.
        _ = try store.store().prune(.dangling)
        let stored = try store.stored()
        for blob in kept.manifest.layers { #expect(stored.contains(blob.digest.hex)) }
        let blobs = try FileDescriptor.directory("\(store.root)/content/blobs/sha256").names().map(\.description)
        for plain in image.layers { #expect(try !blobs.contains(digest(of: plain).hex)) }
        #expect(try store.store().check(repair: false).isEmpty)
    }

    private static func archive(_ image: SampleImage, _ name: String) throws -> [UInt8] {
        var files: [(name: PathBytes, body: [UInt8])] = [("config.json", image.config)]
        for (index, layer) in image.layers.enumerated() { files.append((PathBytes(stringLiteral: "\(index).tar"), layer)) }
        let manifest: JSON = [
            "Config": "config.json", "RepoTags": [.string("\(name):latest")],
            "Layers": JSON(image.layers.indices.map { "\($0).tar" }),
        ]
        files.append(("manifest.json", JSON.array([manifest]).bytes()))
        return try SampleImage.tar(files)
    }

    @Test("takes an index along if all that it names is in the store, or in the repository", arguments: ["here", "there", "nowhere"])
    func index(second: String) async throws {
        let other = try StoreScratch()
        let own = try SampleImage([("a", "one")])
        var foreign = try SampleImage([("a", "two")])
        foreign.platform = Platform(os: "linux", architecture: "s390x")
        let entries = try [(own, Platform.host), (foreign, foreign.platform)].map { image, platform in
            let manifest = try image.manifest()
            return Descriptor(
                mediaType: .imageManifest, digest: try digest(of: manifest), size: Int64(manifest.count), platform: platform)
        }
        let index = ImageIndex(manifests: entries).json.bytes()
        let (ownServed, foreignServed) = (try own.served(), try foreign.served())
        let foreignNames = try ([foreign.config, try foreign.manifest()] + foreign.layers).map { try digest(of: $0).description }
        let source = try Liar { request, connection in
            if request.target.hasSuffix("/manifests/1") { return try connection.answer(200, body: index) }
            let isForeign = foreignNames.contains { request.target.hasSuffix($0) }
            try connection.answer(307, [("Location", "http://\((isForeign ? foreignServed : ownServed).host)\(request.target)")])
        }
        let registry = try DockerRegistry()
        let name = "\(registry.host)/app:1"
        if second == "there" {
            try await other.pull("\(source.host)/app:1", platform: foreign.platform)
            try other.tag("\(source.host)/app:1", name)
            try await other.push(name, platform: foreign.platform)
        } else if second == "here" {
            try await store.pull("\(source.host)/app:1", platform: foreign.platform)
        }
        try await store.pull("\(source.host)/app:1")
        try store.tag("\(source.host)/app:1", name)
        let lines = try await store.push(name)
        let (whole, single) = (try digest(of: index).description, try digest(of: own.manifest()).description)
        #expect(lines.last?["digest"]?.string == (second == "nowhere" ? single : whole))
        #expect(lines.last?["insteadOf"]?.string == (second == "nowhere" ? whole : nil))
        let third = try StoreScratch()
        let pulled = try await third.pull(name)
        #expect(pulled.last?["digest"]?.string == (second == "nowhere" ? single : whole))
        if second != "nowhere" { try await third.pull(name, platform: foreign.platform) }
    }

    @Test("says what Docker says of what isn't there")
    func absent() async throws {
        let source = try SampleImage([("a", "one")]).served()
        try await store.pull("\(source.host)/app:1")
        let digest = String(repeating: "0", count: 64)
        for (name, message) in [
            ("nothing:1", "An image does not exist locally with the tag: nothing"),
            ("\(source.host)/app:2", "tag does not exist: \(source.host)/app:2"),
            ("\(source.host)/app@sha256:\(digest)", "cannot push a digest reference"),
        ] {
            let error = await #expect(throws: TransferError.self) { try await store.push(name) }
            #expect(error?.message == message)
        }
        let error = await #expect(throws: TransferError.self) {
            try await store.push("\(source.host)/app:1", platform: Platform("linux/s390x"))
        }
        #expect(error?.message.contains("does not provide the specified platform (linux/s390x)") == true)
    }

    @Test("says what the registry says when it refuses", arguments: [(401, "unauthorized: who are you"), (403, "denied: who are you")])
    func refused(status: Int, message: String) async throws {
        let source = try SampleImage([("a", "one")]).served()
        try await store.pull("\(source.host)/app:1")
        let registry = try Liar { request, connection in
            let body = request.method == "HEAD" ? "" : #"{"errors":[{"code":"X","message":"who are you"}]}"#
            try connection.answer(status, body: Array(body.utf8))
        }
        try store.tag("\(source.host)/app:1", "\(registry.host)/app:1")
        let error = await #expect(throws: TransferError.self) { try await store.push("\(registry.host)/app:1") }
        #expect(error?.message == message && error?.kind == .unauthorized)
    }

    @Test("ends at once when it is interrupted, whatever it waits for")
    func interrupted() async throws {
        let source = try SampleImage([("a", "one")]).served()
        try await store.pull("\(source.host)/app:1")
        let registry = try Liar { request, connection in
            if request.method == "POST" { try connection.fallSilent() }
            try connection.answer(404)
        }
        let name = "\(registry.host)/app:1"
        try store.tag("\(source.host)/app:1", name)
        let error = await #expect(throws: TransferError.self) {
            try await store.transfer { store, progress, interruption in
                let client = try RegistryClient(
                    configuration: RegistryConfiguration(), environment: [:], certificateParents: [store.root + "/none"])
                defer { try? Interruption().wait { await client.shutdown() } }
                Task.detached {
                    while !registry.requests.contains(where: { $0.method == "POST" }) { try await Task.sleep(for: .milliseconds(1)) }
                    interruption.interrupt()
                }
                try Pusher(store: store, client: client, progress: progress, interruption: interruption)
                    .push(Reference(name), platform: nil)
            }
        }
        #expect(error?.kind == .interrupted)
    }
}
