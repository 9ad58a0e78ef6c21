import Archive
import Compression
import Glibc
import ImageStore
import Linux
import OCI
import TestSupport
import Testing

@testable import Transfer

/// An archive as `docker save` writes it, from its members.
private func archive(_ members: [(entry: TarEntry, body: [UInt8])]) throws -> [UInt8] {
    let sink = MemorySink()
    let writer = TarWriter(sink)
    for member in members { try writer.append(member.entry, body: member.body) }
    try writer.finish()
    return sink.bytes
}

private func file(_ name: PathBytes, _ body: [UInt8]) -> (entry: TarEntry, body: [UInt8]) {
    (TarEntry(.regular, name), body)
}
private func link(_ name: PathBytes, to target: PathBytes) -> (entry: TarEntry, body: [UInt8]) {
    (TarEntry(.symlink, name, linkTarget: target), [])
}
private func manifest(_ images: (config: String, tags: [String], layers: [String])...) -> (
    entry: TarEntry, body: [UInt8]
) {
    let list = images.map { image -> JSON in
        ["Config": .string(image.config), "RepoTags": JSON(image.tags), "Layers": JSON(image.layers)]
    }
    return file("manifest.json", JSON.array(list).bytes())
}

@Suite("Loading an archive of Docker's")
struct DockerArchiveTests: ~Copyable {
    let store: StoreScratch
    let image: SampleImage

    init() throws {
        // Nothing may throw once the store's directory has an owner here.
        let image = try SampleImage([("a", "one")], [("b", "two")], compression: .none)
        let store = try StoreScratch()
        self.image = image
        self.store = store
    }

    private func members(_ layers: [String] = ["1/layer.tar", "2/layer.tar"]) -> [(entry: TarEntry, body: [UInt8])] {
        [
            file("1/layer.tar", image.layers[0]), file("2/layer.tar", image.layers[1]),
            file("config.json", image.config),
            manifest((config: "config.json", tags: ["app:1", "example.com/app:2"], layers: layers)),
        ]
    }

    @Test("takes its members in any order, compressed or not", arguments: [CompressionFormatName.none, .gzip, .zstd])
    func order(format: CompressionFormatName) async throws {
        for order in [members(), members().reversed()] {
            let lines = try await store.load(SampleImage.compressed(archive(order), format.format))
            let images = lines.filter { $0["type"] == "image" }
            #expect(images.map { $0["reference"]?.string } == ["docker.io/library/app:1", "example.com/app:2"])
            #expect(images.allSatisfy { $0["imageID"]?.string == (try? digest(of: image.config).description) })
        }
        let layers = try store.layers("app:1")
        #expect(try store.contents("b", of: layers[0]) == "two")
        #expect(try store.leftovers().isEmpty)
    }

    @Test("takes compressed layers")
    func compressedLayers() async throws {
        let image = try SampleImage([("a", "one")], compression: .gzip)
        try await store.load(
            archive([
                manifest((config: "c", tags: [], layers: ["l"])), file("l", image.layers[0]), file("c", image.config),
            ]))
        #expect(try store.contents("a", of: store.layers(digest(of: image.config).hex)[0]) == "one")
    }

    @Test("writes a manifest of OCI's for it", arguments: [CompressionFormatName.none, .gzip, .zstd])
    func manifestType(format: CompressionFormatName) async throws {
        let image = try SampleImage([("a", "one")], compression: format.format)
        try await store.load(
            archive([
                manifest((config: "c", tags: ["app:1"], layers: ["l"])), file("l", image.layers[0]),
                file("c", image.config),
            ]))
        let store = try store.store()
        let found = try store.resolve("app:1").image
        #expect(found.id.hex == (try digest(of: image.config).hex))
        let written = try ImageManifest(json: JSON(parsing: store.contents(of: found.manifest)))
        #expect(written.mediaType == .imageManifest)
        #expect(written.config.mediaType == .imageConfig)
        #expect(written.config.digest == (try digest(of: image.config)))
        #expect(written.layers.map(\.mediaType) == [image.mediaType])
        #expect(written.layers.map(\.digest) == [try digest(of: image.layers[0])])
    }

    @Test("follows a link from one layer to another, as old versions wrote them")
    func links() async throws {
        let twice = try SampleImage([("a", "one")], [("a", "one")], compression: .none)
        try await store.load(
            archive([
                link("2/layer.tar", to: "../1/layer.tar"), file("1/layer.tar", twice.layers[0]),
                file("c", twice.config),
                manifest((config: "c", tags: ["app:1"], layers: ["1/layer.tar", "2/layer.tar"])),
            ]))
        #expect(try store.store().resolve("app:1").image.id.hex == digest(of: twice.config).hex)
    }

    @Test(
        "takes members from the stream alone",
        arguments: [
            "../x", "/etc/passwd", "../../etc/passwd", "1/../1/layer.tar", "missing", "", "1//layer.tar", "evil", "out",
            "a\\b",
        ])
    func names(name: String) async throws {
        let error = await #expect(throws: TransferError.self) {
            try await store.load(
                archive(
                    [link("evil", to: "/etc/passwd"), link("out", to: "../../../etc/passwd")]
                        + members(["1/layer.tar", name])))
        }
        #expect(error?.kind == .invalid)
        #expect(error?.message.hasPrefix("invalid archive: ") == true)
    }

    @Test("tells of a name that now leads elsewhere")
    func moved() async throws {
        try await store.load(archive(members()))
        let other = try SampleImage([("c", "three")], compression: .none)
        let lines = try await store.load(
            archive([
                file("l", other.layers[0]), file("c", other.config),
                manifest((config: "c", tags: ["app:1"], layers: ["l"])),
            ]))
        let text = lines.compactMap { $0["message"]?.string }.last ?? ""
        #expect(text.hasPrefix("The image app:1 already exists, renaming the old one with ID sha256:"))
    }

    @Test("refuses what is no archive of images", arguments: ["", "nonsense", "{}"])
    func nonsense(text: String) async throws {
        await #expect(throws: TransferError.self) { try await store.load(Array(text.utf8)) }
        await #expect(throws: TransferError.self) {
            try await store.load(archive([file("manifest.json", Array(text.utf8))]))
        }
        await #expect(throws: TransferError.self) {
            try await store.load(archive([file("index.json", Array(text.utf8))]))
        }
    }

    @Test("refuses layers that are not those of the config")
    func otherLayers() async throws {
        let error = await #expect(throws: TransferError.self) {
            try await store.load(archive(members(["2/layer.tar", "1/layer.tar"])))
        }
        #expect(error?.kind == .invalid)
        let fewer = await #expect(throws: TransferError.self) {
            try await store.load(archive(members(["1/layer.tar"])))
        }
        #expect(fewer?.kind == .invalid)
    }
}

@Suite("Loading a layout")
struct LayoutArchiveTests: ~Copyable {
    let store: StoreScratch
    let image: SampleImage

    init() throws {
        let image = try SampleImage([("a", "one")])
        let store = try StoreScratch()
        self.image = image
        self.store = store
    }

    private func blob(_ bytes: [UInt8]) throws -> (entry: TarEntry, body: [UInt8]) {
        file(PathBytes(stringLiteral: "./blobs/sha256/\(try digest(of: bytes).hex)"), bytes)
    }

    private func members(name: String? = "docker.io/library/app:1") throws -> [(entry: TarEntry, body: [UInt8])] {
        let manifest = try image.manifest()
        var entry = Descriptor(mediaType: .imageManifest, digest: try digest(of: manifest), size: Int64(manifest.count))
        entry.annotations[AnnotationName.refName] = name
        return [
            file("index.json", ImageIndex(manifests: [entry]).json.bytes()),
            file("oci-layout", OCILayout.marker.bytes()),
            try blob(manifest), try blob(image.config), try blob(image.layers[0]),
        ]
    }

    @Test("enters its images under their names", arguments: ["docker.io/library/app:1", "app:1", nil, "1"])
    func names(name: String?) async throws {
        let lines = try await store.load(archive(members(name: name)))
        let isNamed = name?.contains(":") == true
        #expect(lines.last?["reference"]?.string == (isNamed ? "docker.io/library/app:1" : nil))
        #expect(lines.last?["digest"]?.string == (try digest(of: image.manifest()).description))
    }

    @Test("refuses a blob that is not what its name says")
    func wrongBlob() async throws {
        var members = try members()
        members[4].body[20] ^= 1
        await #expect(throws: TransferError.self) { try await store.load(archive(members)) }
        #expect(try !store.stored().contains(digest(of: image.layers[0]).hex))
    }

    @Test("refuses one that lacks a blob", arguments: [2, 3, 4])
    func missing(index: Int) async throws {
        var members = try members()
        members.remove(at: index)
        let error = await #expect(throws: TransferError.self) { try await store.load(archive(members)) }
        #expect(error?.kind == .invalid)
    }
}

@Suite("Archives of other programs", .enabled(if: Program.isInstalled("skopeo"), "needs skopeo"))
struct ForeignArchiveTests: ~Copyable {
    let store: StoreScratch

    init() throws { store = try StoreScratch() }

    @Test("are loaded: skopeo's, of both kinds", arguments: ["docker-archive", "oci-archive"])
    func skopeo(kind: String) async throws {
        let image = try SampleImage([("a", "one")], [("b", "two")])
        let scratch = store.scratch.path("layout")
        var entry = Descriptor(
            mediaType: .imageManifest, digest: try digest(of: image.manifest()), size: Int64(try image.manifest().count)
        )
        entry.annotations[AnnotationName.refName] = "x"
        try store.scratch.add("layout/index.json", .file(ImageIndex(manifests: [entry]).json.bytes()))
        try store.scratch.add("layout/oci-layout", .file(OCILayout.marker.bytes()))
        for bytes in [try image.manifest(), image.config] + image.layers {
            try store.scratch.add("layout/blobs/sha256/\(try digest(of: bytes).hex)", .file(bytes))
        }
        let file = store.scratch.path("archive.tar")
        try Program.run("skopeo", "copy", "--quiet", "oci:\(scratch):x", "\(kind):\(file):docker.io/library/app:1")
        let lines = try await store.load(FileDescriptor.contents(of: file))
        #expect(lines.last?["reference"] == "docker.io/library/app:1")
        #expect(try store.contents("b", of: store.layers("app:1")[0]) == "two")
    }
}
