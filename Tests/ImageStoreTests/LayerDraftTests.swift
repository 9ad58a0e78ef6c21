import Archive
import Glibc
import ImageStore
import Linux
import Metadata
import OCI
import TestSupport
import Testing

@Suite("A layer that comes to be in the store", .enabled(if: geteuid() == 0, "sets what only root can"))
struct LayerDraftTests: ~Copyable {
    let scratch: Scratch
    let store: ImageStore

    init() throws {
        let scratch = try Scratch()
        store = try ImageStore(root: scratch.path("root"))
        self.scratch = scratch
    }

    private func draft(_ content: String) throws -> LayerDraft {
        let draft = try store.layerDraft()
        let file = try draft.openFiles().openChild("f", flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
        try file.writeAll(content)
        try file.setTimes(accessed: nil, modified: FileTime(seconds: 1000))
        return draft
    }

    private func names(_ path: String) throws -> [String] {
        try FileDescriptor.directory(scratch.path("root/" + path)).names().map(\.description).sorted()
    }

    @Test("is its directory, which the digest of its stream names, and is made once")
    func adoption() throws {
        let lease = try store.lease()
        let one = try draft("one")
        let inode = try one.openFiles().status().inode
        try Directory.create(one.path + "/work")
        let blob = try one.adopt(PackingRules(), lease: lease)
        let layer = scratch.path("root/layers/\(blob.digest.hex)")
        #expect(try FileDescriptor.directory(layer + "/fs").status().inode == inode)
        #expect(try names("layers/\(blob.digest.hex)") == ["fs"])
        #expect(try FileDescriptor.contents(of: layer + "/fs/f") == Array("one".utf8))
        #expect(try store.size(of: DiffID(blob.digest)) == 3)
        #expect(try draft("one").adopt(PackingRules(), lease: lease) == blob)
        #expect(try FileDescriptor.directory(layer + "/fs").status().inode == inode)
        #expect(try names("layers/.ingest").isEmpty)
        #expect(try store.check(repair: false).isEmpty)
        let config = ImageConfig(platform: .host, diffIDs: [DiffID(blob.digest)])
        #expect(try store.image(of: config) == nil)
        let image = try store.register(config, layers: [blob], isDocker: false, reference: nil, lease: lease)
        #expect(try store.image(of: config)?.id == image.id)
        #expect(try store.lowerDirectories(of: image.id) == [layer + "/fs"])
    }

    @Test("is unpacked anew after an unclean boot from its stream, if that is whole", arguments: [false, true])
    func uncleanBoot(isDamaged: Bool) throws {
        let lease = try store.lease()
        let blob = try draft("one").adopt(PackingRules(), lease: lease)
        let config = ImageConfig(platform: .host, diffIDs: [DiffID(blob.digest)])
        let image = try store.register(config, layers: [blob], isDocker: false, reference: nil, lease: lease)
        // As the same rows would be found after a reboot, and the files after a power cut.
        for item in try store.database.unsynced(.blob) + store.database.unsynced(.layer) {
            try store.database.delete(item.name)
            try store.database.insert(StoredItem(item.name, size: item.size, unsyncedBoot: "an earlier boot"))
        }
        let file = scratch.path("root/layers/\(blob.digest.hex)/fs/f")
        try FileDescriptor.open(file, flags: O_WRONLY | O_TRUNC).writeAll("")
        if isDamaged {
            try FileDescriptor.open(scratch.path("root/content/blobs/sha256/" + blob.digest.hex), flags: O_WRONLY).writeAll("flip")
        }
        let reopened = try ImageStore(root: scratch.path("root"))
        guard !isDamaged else {
            #expect(throws: StoreError.self) { try reopened.lowerDirectories(of: image.id) }
            return
        }
        #expect(try reopened.lowerDirectories(of: image.id).count == 1)
        #expect(try FileDescriptor.contents(of: file) == Array("one".utf8))
        #expect(try reopened.check(repair: false).isEmpty)
    }

    @Test("is nothing where it was given up, and what a killed process left of one goes with a prune")
    func leftovers() throws {
        do { _ = try draft("gone") }
        #expect(try names("layers/.ingest").isEmpty)
        try scratch.add("root/layers/.ingest/new-1/fs/x", "half")
        try scratch.add("root/layers/.ingest/new-1.lock", "")
        try scratch.add("root/layers/.ingest/new-2/fs/x", "half")
        let living = try draft("living")
        _ = try store.prune(.dangling)
        #expect(try FileDescriptor.contents(of: living.path + "/fs/f") == Array("living".utf8))
        #expect(try names("layers/.ingest").count == 2)
    }

    @Test("without layers an image is one, too")
    func withoutLayers() throws {
        let lease = try store.lease()
        let image = try store.register(ImageConfig(platform: .host, diffIDs: []), layers: [], isDocker: false, reference: nil, lease: lease)
        #expect(try store.lowerDirectories(of: image.id).isEmpty)
        #expect(try store.check(repair: false).isEmpty)
    }
}
