import Archive
import Compression
import Glibc
import ImageStore
import Linux
import OCI
import TestSupport
import Testing

@testable import Transfer

extension StoreScratch {
    func save(_ names: [String], platform: Platform? = nil) async throws -> [UInt8] {
        let path = scratch.path("saved")
        try await transfer { store, progress, interruption in
            let file = try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_TRUNC)
            try Saver(store: store, progress: progress, interruption: interruption)
                .save(names, platform: platform, to: FileSink(file))
        }
        return try FileDescriptor.contents(of: path)
    }
}

/// The members of an archive, in its order.
private func members(of archive: [UInt8]) throws -> [(name: String, kind: TarEntry.Kind, body: [UInt8])] {
    let reader = TarReader(MemorySource(archive))
    var members: [(name: String, kind: TarEntry.Kind, body: [UInt8])] = []
    while let entry = try reader.next() {
        members.append((entry.name.description, entry.kind, entry.kind == .regular ? try reader.readBody(limit: 1 << 20) : []))
    }
    return members
}

@Suite("Saving images")
struct SaveTests: ~Copyable {
    let store: StoreScratch

    init() throws { store = try StoreScratch() }

    @Test("keeps them as they are for who loads them, each layer once", arguments: [CompressionFormatName.gzip, .zstd, .none])
    func roundTrip(format: CompressionFormatName) async throws {
        let other = try StoreScratch()
        let one = try SampleImage([("a", "one")], [("b", "two")], compression: format.format)
        let two = try SampleImage([("a", "one")], [("c", "three")], compression: format.format)
        let (first, second) = (try one.served(), try two.served())
        try await store.pull("\(first.host)/one:1")
        try await store.pull("\(second.host)/two:1")
        try store.tag("\(first.host)/one:1", "one:x")
        let archive = try await store.save(["one:x", "\(first.host)/one:1", "\(second.host)/two:1"])
        let names = try members(of: archive).map(\.name)
        #expect(names.count == Set(names).count)
        #expect(names.count { $0.hasPrefix("blobs/sha256/") && $0.utf8.count > 13 } == 2 + 2 + 3)
        #expect(Array(names.suffix(3)) == ["index.json", "manifest.json", "oci-layout"])
        let lines = try await other.load(archive)
        let loaded = lines.filter { $0["type"] == "image" }
        #expect(loaded.map { $0["reference"]?.string } == ["docker.io/library/one:x", "\(first.host)/one:1", "\(second.host)/two:1"])
        #expect(try other.manifest("one:x") == digest(of: one.manifest()))
        #expect(try other.manifest("\(second.host)/two:1") == digest(of: two.manifest()))
        #expect(try other.contents("c", of: other.layers("\(second.host)/two:1")[0]) == "three")
        #expect(try await other.save(["one:x", "\(first.host)/one:1", "\(second.host)/two:1"]) == archive)
    }

    @Test("without a tag saves each of the repository, and by its id one without a name")
    func names() async throws {
        let other = try StoreScratch()
        let image = try SampleImage([("a", "one")])
        let source = try image.served()
        try await store.pull("\(source.host)/one:1")
        for tag in ["b", "a"] { try store.tag("\(source.host)/one:1", "app:\(tag)") }
        try store.tag("\(source.host)/one:1", "other")
        func tags(_ archive: [UInt8]) throws -> [JSON] {
            let document = try members(of: archive).first { $0.name == "manifest.json" }?.body ?? []
            return try JSON(parsing: document).array ?? []
        }
        let all = try tags(await store.save(["app"]))
        #expect(all.map { $0["RepoTags"] } == [["app:a", "app:b"]])
        let unnamed = try tags(await store.save([digest(of: image.config).hex]))
        #expect(unnamed.map { $0["RepoTags"] } == [.null])
        try await other.load(await store.save([digest(of: image.config).hex]))
        #expect(try other.store().resolve(digest(of: image.config).hex).image.id.digest == digest(of: image.config))
    }

    @Test("names what isn't there, or is for another platform")
    func absent() async throws {
        let source = try SampleImage([("a", "one")]).served()
        try await store.pull("\(source.host)/one:1")
        let missing = await #expect(throws: TransferError.self) { try await store.save(["nothing"]) }
        #expect(missing?.message == "No such image: nothing:latest" && missing?.kind == .notFound)
        let platform = await #expect(throws: TransferError.self) {
            try await store.save(["\(source.host)/one:1"], platform: Platform("linux/s390x"))
        }
        #expect(platform?.message.hasSuffix("was found but does not provide the specified platform (linux/s390x)") == true)
    }

    @Test("loads again only what is missing")
    func missingLayers() async throws {
        let source = try SampleImage([("a", "one")], [("b", "two")]).served()
        try await store.pull("\(source.host)/one:1")
        let archive = try await store.save(["\(source.host)/one:1"])
        let lines = try await store.load(archive)
        let statuses = lines.filter { $0["type"] == "layer" && $0["status"] != "pulling" }.map { $0["status"]?.string }
        #expect(statuses == ["exists", "exists"])
        #expect(lines.last?["isNew"] == false)
    }
}

@Suite("Archives for other programs", .enabled(if: Program.isInstalled("skopeo"), "needs skopeo"))
struct SavedForOthersTests: ~Copyable {
    let store: StoreScratch

    init() throws { store = try StoreScratch() }

    @Test("are read by skopeo as both kinds that they are, with the same digest", arguments: ["docker-archive", "oci-archive"])
    func skopeo(kind: String) async throws {
        let image = try SampleImage([("a", "one")], [("b", "two")])
        let source = try image.served()
        try await store.pull("\(source.host)/one:1")
        try store.tag("\(source.host)/one:1", "app:1")
        try store.scratch.add("archive.tar", .file(try await store.save(["app:1"])))
        let (archive, layout) = (store.scratch.path("archive.tar"), store.scratch.path("layout"))
        let name = kind == "oci-archive" ? "" : ":app:1"
        try Program.run("skopeo", "--insecure-policy", "copy", "--quiet", "\(kind):\(archive)\(name)", "oci:\(layout):x")
        let index = try ImageIndex(json: JSON(parsing: FileDescriptor.contents(of: layout + "/index.json")))
        let manifest = try FileDescriptor.contents(of: "\(layout)/blobs/sha256/\(index.manifests[0].digest.hex)")
        #expect(try ImageManifest(json: JSON(parsing: manifest)).config.digest == digest(of: image.config))
        if kind == "oci-archive" { #expect(try index.manifests[0].digest == digest(of: image.manifest())) }
    }
}

@Suite("Importing files")
struct ImportTests: ~Copyable {
    let store: StoreScratch

    init() throws { store = try StoreScratch() }

    private func settings(_ name: String?) throws -> ImportSettings {
        var config = ExecutionConfig()
        config.command = ["/bin/sh"]
        return ImportSettings(
            reference: try name.map { try Reference($0).withDefaultTag }, platform: .host, config: config, message: "from a test",
            created: "2024-01-02T03:04:05Z")
    }

    @Test("makes an image of one layer, which is kept as it came", arguments: [CompressionFormatName.gzip, .zstd, .none])
    func imported(format: CompressionFormatName) async throws {
        let bytes = try SampleImage.compressed(SampleImage.tar([("a", Array("one".utf8))]), format.format)
        let settings = try settings("app")
        let lines = try await store.transfer { store, progress, interruption in
            try Importer(store: store, progress: progress, interruption: interruption)
                .importTree(from: MemorySource(bytes, chunkSize: 100), settings)
        }
        #expect(lines.last?["reference"] == "docker.io/library/app:latest")
        #expect(try store.contents("a", of: store.layers("app")[0]) == "one")
        let image = try store.store().outgoingImage(named: Reference("app"))
        #expect(try image.manifest.layers.map(\.digest) == [digest(of: bytes)])
        #expect(image.config.config.command == ["/bin/sh"])
        #expect(image.config.history.map(\.comment) == ["from a test"])
        #expect(try store.leftovers().isEmpty)
        // The same archive makes the same image.
        let again = try await store.transfer { store, progress, interruption in
            try Importer(store: store, progress: progress, interruption: interruption)
                .importTree(from: MemorySource(bytes), settings)
        }
        #expect(again.last?["imageID"] == lines.last?["imageID"] && again.last?["isNew"] == false)
    }

    @Test("refuses what is no archive, and says why", arguments: ["", "BZh91AY", "\u{FD}7zXZ", "nonsense that is no tar at all"])
    func refused(text: String) async throws {
        let bytes = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
            + (text.count > 10 ? [UInt8](repeating: 0x41, count: 1000) : [])
        let settings = try settings(nil)
        let error = await #expect(throws: TransferError.self) {
            try await store.transfer { store, progress, interruption in
                try Importer(store: store, progress: progress, interruption: interruption)
                    .importTree(from: MemorySource(bytes), settings)
            }
        }
        #expect(error?.kind == .invalid, "\(String(describing: error))")
        if text.hasPrefix("BZ") { #expect(error?.message.contains("bzip2 -dc") == true) }
        #expect(try store.leftovers().isEmpty && store.store().images().isEmpty)
    }
}
