import ImageStore
import Linux
import Metadata
import OCI
import StoreSamples
import TestSupport
import Testing

@Suite("What images take")
struct UsageTests: ~Copyable {
    let scratch: Scratch
    let store: ImageStore

    init() throws {
        let scratch = try Scratch()
        store = try ImageStore(root: scratch.path("root"))
        self.scratch = scratch
    }

    private func layer(_ entries: [UInt8]...) -> [UInt8] { entries.flatMap { $0 } + SampleImage.end }
    private func file(_ name: String, _ size: Int) -> [UInt8] { SampleImage.file(name, [UInt8](repeating: 1, count: size)) }

    @Test("tells of each layer what it adds, overwrites, deletes, and what of it nobody sees")
    func layers() throws {
        let image = try SampleImage(layers: [
            layer(SampleImage.directory("d/", mode: 0o755), file("d/a", 100), file("d/b", 20), file("c", 3)),
            layer(file("c", 50), file("d/n", 7)),
            layer(file("d/.wh.a", 0), file("c", 1)),
            layer(file("d/.wh..wh..opq", 0), file("d/z", 5)),
            layer(file(".wh.d", 0), file("d2", 9)),
        ]).pull(into: store, as: "app")
        let uses = try store.layerUse(of: image.id)
        #expect(uses.map(\.size) == [123, 57, 1, 5, 9])
        #expect(uses.map(\.added) == [123, 7, 0, 5, 9])
        #expect(uses.map(\.overwritten) == [0, 3, 50, 0, 0])
        #expect(uses.map(\.deleted) == [0, 0, 100, 27, 5])
        #expect(uses.map(\.wasted) == [123, 57, 0, 5, 0])
    }

    @Test("counts a directory in a file's place as overwriting it")
    func kinds() throws {
        let image = try SampleImage(layers: [
            layer(file("a", 10), file("p", 4)), layer(SampleImage.directory("a/", mode: 0o755), file("a/x", 2), file("p", 4)),
        ]).pull(into: store, as: "app")
        let uses = try store.layerUse(of: image.id)
        #expect(uses.map(\.overwritten) == [0, 14])
        #expect(uses.map(\.wasted) == [14, 0])
    }

    @Test("is shared where two have the same layer, and freed when the last of them goes")
    func account() throws {
        let base = ("base", String(repeating: "b", count: 1000))
        let one = try SampleImage([base, ("one", String(repeating: "1", count: 100))])
        let two = try SampleImage([base, ("two", String(repeating: "2", count: 10))])
        for (name, image) in [("one", one), ("two", two)] { try image.pull(into: store, as: name) }
        let account = try store.storageAccount()
        for (image, size) in [(one, 1100), (two, 1010)] as [(SampleImage, Int64)] {
            let layers = account.layers(of: try image.id)
            #expect(layers.total == size && layers.shared == 1000)
        }
        let blobs = { (image: SampleImage) in Int64(image.config.count + image.manifest.count) }
        let plain = { (layer: [UInt8]) in Int64(layer.count) }
        #expect(try account.freed(by: [one.id]) == 100 + plain(one.layers[1]) + blobs(one))
        #expect(account.freed(by: []) == 0)
        #expect(try account.freed(by: [one.id, two.id]) == account.total)
        #expect(try account.images(with: one.diffIDs[0]) == [one.id, two.id])
        let before = account.total
        _ = try store.removeImage("one")
        #expect(try store.storageAccount().total == before - account.freed(by: [one.id]))
    }

    @Test("is freed by steps of builds, one after the other, as far as no image and no other step has it")
    func steps() throws {
        let image = try SampleImage([("base", String(repeating: "b", count: 1000))])
        try image.pull(into: store, as: "app")
        let lease = try store.lease()
        var own: [DiffID] = []
        for (name, size) in [("x", 100), ("y", 10)] {
            let bytes = layer(file(name, size))
            let diffID = DiffID(try SampleImage.digest(bytes))
            guard case .writer(let writer) = try store.ingestLayer(diffID, lease: lease, waiting: true) else {
                Issue.record("there already")
                return
            }
            try writer.unpack(from: MemorySource(bytes))
            own.append(diffID)
        }
        func insert(_ key: UInt8, _ layer: DiffID) throws {
            try store.database.insertCachedStep(
                CachedStepRecord(key: [key], kind: "RUN", title: "", layer: layer, blob: nil, created: 1, lastUsed: 1))
        }
        for (key, layer) in [(1, own[0]), (2, own[0]), (3, own[1]), (4, try image.diffIDs[0])] as [(UInt8, DiffID)] { try insert(key, layer) }
        try lease.end()
        let account = try store.storageAccount()
        #expect(account.freed(bySteps: [[1], [2], [3], [4]]) == [0, 100, 10, 0])
        #expect(account.freed(bySteps: [[4], [2], [3]], without: [try image.id]) == [1000, 0, 10])
        #expect(account.totalOfImages == account.total - 110)
        #expect(account.step([4]).size == 1000 && account.step([4]).isShared)
        #expect(account.step([2]).size == 100 && !account.step([2]).isShared)
        #expect(try account.layers(of: image.id).shared == 0)
        #expect(try store.check(repair: true).isEmpty)
        _ = try store.prune(.unused)
        #expect(try store.storageAccount().total == 1110)
        try store.database.deleteCachedSteps([[1], [3], [4]])
        #expect(try store.prune(.unused).reclaimed == 1010)
    }

    @Test("is what a prune frees")
    func prune() throws {
        try SampleImage([("a", "aaa")]).pull(into: store, as: nil)
        try SampleImage([("b", "bb")]).pull(into: store, as: "kept")
        let planned = try store.storageAccount().freed(by: Set(store.candidates(.dangling).map(\.id)))
        #expect(try store.prune(.dangling).reclaimed == planned)
        #expect(planned > 0)
    }
}

@Suite("An image that leaves a store")
struct OutgoingTests: ~Copyable {
    let scratch: Scratch
    let store: ImageStore

    init() throws {
        let scratch = try Scratch()
        store = try ImageStore(root: scratch.path("root"))
        self.scratch = scratch
    }

    @Test("has the manifest that its name leads to, byte for byte")
    func manifest() throws {
        let image = try SampleImage([("a", "one")])
        try image.pull(into: store, as: "app")
        let outgoing = try store.outgoingImage(named: Reference("app"))
        #expect(outgoing.document.bytes == image.manifest)
        #expect(try outgoing.document.digest == image.manifestDigest)
        #expect(outgoing.document.mediaType == .imageManifest)
        #expect(throws: StoreError.self) { try store.outgoingImage(named: Reference("other")) }
    }

    @Test("gets another manifest with all its names, and lets the old one's blobs go")
    func replaced() throws {
        let image = try SampleImage([("a", "one")])
        try image.pull(into: store, as: "app")
        try store.tag(image.id, as: Reference("again"), at: 0)
        let lease = try store.lease()
        let blob = try store.ingest(Array("compressed".utf8), lease: lease)
        let outgoing = try store.outgoingImage(named: Reference("app"))
        let descriptor = Descriptor(mediaType: .layerGzip, digest: blob, size: 10)
        let replaced = try store.replaceManifest(of: outgoing, lease: lease) { $0.layers = [descriptor] }
        try lease.end()
        for name in ["app", "again"] {
            #expect(try store.outgoingImage(named: Reference(name)).document.digest == replaced.document.digest)
        }
        #expect(try store.compressedLayer(image.diffIDs[0])?.digest == blob)
        _ = try store.prune(.dangling)
        #expect(try store.hasBlob(blob))
        #expect(try !store.hasBlob(image.manifestDigest))
        #expect(try !store.hasBlob(SampleImage.digest(image.layers[0])))
        #expect(try store.check(repair: false).isEmpty)
    }

    @Test("is known where registries have it")
    func repositories() throws {
        let image = try SampleImage([("a", "one")])
        try image.pull(into: store, as: "example.com/app")
        let layer = try SampleImage.digest(image.layers[0])
        #expect(try store.repositories(holding: layer).map(\.name) == ["example.com/app"])
        try store.note(Reference("other.com/b").pinned(to: image.manifestDigest), of: image.id)
        #expect(try store.repositories(holding: layer).map(\.name) == ["example.com/app", "other.com/b"])
        #expect(try store.resolve("other.com/b@\(image.manifestDigest)").image.id == image.id)
    }
}
