import Glibc
import ImageStore
import Linux
import Metadata
import OCI
import StoreSamples
import TestSupport
import Testing

@Suite("Images of a store")
struct ImageTests: ~Copyable {
    let scratch: Scratch
    let store: ImageStore

    init() throws {
        let scratch = try Scratch()
        store = try ImageStore(root: scratch.path("root"))
        self.scratch = scratch
    }

    private func container(_ id: String, of image: ImageID, status: ContainerState.Status) throws {
        _ = try store.database.insertContainer(
            NewContainer(
                id: id, name: id, image: image, imageName: "x", created: 1, command: "true"), idSlots: nil)
        try store.database.setState(ContainerState(status: status), of: id)
    }

    @Test("share the layers that they have in common")
    func sharedLayers() throws {
        let one = try SampleImage([("base", "1"), ("a", "1")])
        let two = try SampleImage([("base", "1"), ("b", "1")])
        try one.pull(into: store, as: "one")
        try two.pull(into: store, as: "two")
        #expect(try store.database.stored(.layer).count == 3)
        _ = try store.removeImage("one")
        #expect(try store.database.stored(.layer).count == 2)
        #expect(try store.lowerDirectories(of: two.id).count == 2)
        #expect(try store.check(repair: false).isEmpty)
    }

    @Test("are found by id, name, name and digest, and beginning of an id")
    func resolve() throws {
        let image = try SampleImage([("a", "1")])
        try image.pull(into: store, as: "nginx:1.2")
        let id = try image.id
        for text in [
            "nginx:1.2", "docker.io/library/nginx:1.2", "nginx@\(try image.manifestDigest)", id.description, id.hex,
            id.short, "sha256:" + id.short,
        ] {
            #expect(try store.resolve(text).image.id == id, "\(text)")
        }
        for text in ["nginx", "nginx:1", "", "-rf", ".", "../x", "NGINX:1.2", "zzzz"] {
            let error = #expect(throws: StoreError.self) { try store.resolve(text) }
            guard case .noSuchImage(text) = error else {
                Issue.record("\(text): \(String(describing: error))")
                return
            }
        }
    }

    @Test("tagged like the beginning of another's id keep their names and ids apart")
    func takenNames() throws {
        let image = try SampleImage([("a", "1")])
        let other = try SampleImage([("b", "2")])
        try image.pull(into: store, as: "nginx")
        let prefix = String(try image.id.hex.prefix(6))
        try other.pull(into: store, as: prefix)
        #expect(try store.resolve(prefix).image.id == other.id)
        #expect(try store.resolve(image.id.hex).image.id == image.id)
        #expect(try store.resolve(String(image.id.hex.prefix(7))).image.id == image.id)
    }

    @Test("lose their name to a newer one, which says so")
    func movedTag() throws {
        let old = try SampleImage([("a", "1")])
        let new = try SampleImage([("a", "2")])
        try old.pull(into: store, as: "nginx")
        #expect(try new.pull(into: store, as: "nginx").movedFrom == old.id)
        let dangling = try store.images().filter(\.isDangling)
        #expect(try dangling.map(\.id) == [old.id])
        #expect(dangling.first?.repoDigests.first?.familiarName == "nginx")
    }

    @Test("are removed with their last name, and before that only lose it")
    func untag() throws {
        let image = try SampleImage([("a", "1")])
        try image.pull(into: store, as: "nginx")
        try store.tag(image.id, as: Reference("other:x"), at: 1)
        #expect(try store.removeImage("other:x") == [.untagged(Reference("other:x"))])
        let removed = try store.removeImage("nginx")
        #expect(
            try removed == [
                .untagged(Reference("nginx:latest")), .untagged(Reference("nginx@\(image.manifestDigest)")),
                .deletedImage(image.id), .deletedLayer(image.diffIDs[0]),
            ])
        #expect(try store.images().isEmpty)
        #expect(try FileDescriptor.directory(scratch.path("root/content/blobs/sha256")).names().isEmpty)
        #expect(try FileDescriptor.directory(scratch.path("root/layers")).names() == [".ingest"])
    }

    @Test("that a container was made of are refused in Docker's words")
    func usedByContainer() throws {
        let image = try SampleImage([("a", "1")])
        try image.pull(into: store, as: "nginx")
        try container("c1", of: image.id, status: .exited)
        let short = try image.id.short
        func refusal(_ text: String, force: Bool = false) -> String {
            do throws(StoreError) {
                _ = try store.removeImage(text, force: force)
                return ""
            } catch { return error.description }
        }
        #expect(
            refusal("nginx") == """
                conflict: unable to remove repository reference "nginx" (must force) - container c1 is using its \
                referenced image \(short)
                """)
        #expect(
            refusal(short) == """
                conflict: unable to delete \(short) (must be forced) - image is being used by stopped container c1
                """)
        try container("c2", of: image.id, status: .running)
        #expect(
            refusal(short, force: true) == """
                conflict: unable to delete \(short) (cannot be forced) - image is being used by running container c2
                """)
        // Forced by name it loses the name; the containers keep the image.
        #expect(try store.removeImage("nginx", force: true).contains(.untagged(Reference("nginx:latest"))))
        #expect(try store.images().map(\.id) == [image.id])
        #expect(try store.lowerDirectories(of: image.id).count == 1)
    }

    @Test("with several names are not removed by id unless that is forced")
    func severalNames() throws {
        let image = try SampleImage([("a", "1")])
        try image.pull(into: store, as: "nginx")
        try store.tag(image.id, as: Reference("other"), at: 1)
        let error = #expect(throws: StoreError.self) { try store.removeImage(image.id.hex) }
        guard case .conflict(.severalRepositories) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try store.removeImage(image.id.hex, force: true).contains(.deletedImage(image.id)))
    }

    @Test("have a config that is verified whenever it is read")
    func tamperedConfig() throws {
        let image = try SampleImage([("a", "1")])
        try image.pull(into: store, as: "nginx")
        #expect(try store.configuration(of: image.id).diffIDs == image.diffIDs)
        let path = scratch.path("root/content/blobs/sha256/" + (try image.id.hex))
        var bytes = try FileDescriptor.contents(of: path)
        bytes[bytes.count / 2] ^= 1
        try FileDescriptor.open(path, flags: O_WRONLY).writeAll(bytes)
        #expect(throws: StoreError.self) { try store.configuration(of: image.id) }
    }

    @Test("show a directory that a layer only implies as the layers below have it")
    func implicitDirectories() throws {
        let image = try SampleImage(layers: [
            SampleImage.directory("tmp", mode: 0o1777) + SampleImage.end,
            SampleImage.file("tmp/x", [1]) + SampleImage.end,
        ])
        try image.pull(into: store, as: "nginx")
        let top = try #require(try store.lowerDirectories(of: image.id).first)
        #expect(try FileDescriptor.status(of: top + "/tmp").permissions == 0o1777)
    }

    @Test("need all of their parts to be entered")
    func incomplete() throws {
        let image = try SampleImage([("a", "1")])
        let lease = try store.lease()
        _ = try store.ingest(image.manifest, lease: lease)
        _ = try store.ingest(image.config, lease: lease)
        let error = #expect(throws: StoreError.self) {
            try store.register(manifest: image.manifestDigest, reference: Reference("nginx:x"))
        }
        guard case .incomplete(_, missing: .layer) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try store.images().isEmpty)
    }

    @Test("tell when they were made", arguments: [
        ("2024-01-02T03:04:05Z", 1_704_164_645_000_000_000), ("2024-01-02T03:04:05.25+01:00", 1_704_161_045_250_000_000),
        ("1969-12-31T23:59:59Z", -1_000_000_000), ("0001-01-01T00:00:00Z", nil), ("yesterday", nil), ("2024-13-02T03:04:05Z", nil),
    ] as [(String, Int64?)])
    func created(text: String, nanoseconds: Int64?) throws {
        let image = try SampleImage([("a", text)], created: text)
        try image.pull(into: store, as: nil)
        #expect(try store.image(image.id)?.created == nanoseconds)
    }
}
