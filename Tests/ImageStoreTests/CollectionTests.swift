import Glibc
import ImageStore
import Linux
import Metadata
import OCI
import StoreSamples
import TestSupport
import Testing

@Suite("Collecting, checking and recovering")
struct CollectionTests: ~Copyable {
    let scratch: Scratch
    let store: ImageStore

    init() throws {
        let scratch = try Scratch()
        store = try ImageStore(root: scratch.path("root"))
        self.scratch = scratch
    }

    @Test("a prune takes what nothing holds, and nothing that a living lease does")
    func leases() throws {
        let lease = try store.lease()
        let held = try store.ingest(Array("held".utf8), lease: lease)
        let other = try ImageStore(root: scratch.path("root"))
        #expect(try other.prune(.unused).reclaimed == 0)
        #expect(try store.contents(of: held) == Array("held".utf8))
        try lease.end()
        #expect(try other.prune(.unused).reclaimed >= 4)
        #expect(throws: StoreError.self) { try store.contents(of: held) }
        #expect(try FileDescriptor.directory(scratch.path("root/leases")).names().isEmpty)
    }

    @Test("a prune removes what a killed process left, and nothing that a living one writes")
    func leftovers() throws {
        let image = try SampleImage([("a", "1")])
        let hex = try image.diffIDs[0].hex
        let lease = try store.lease()
        guard case .writer(let writer) = try store.ingestBlob(
            expecting: image.manifestDigest, size: nil, lease: lease, waiting: true)
        else {
            Issue.record("present")
            return
        }
        try writer.write(image.manifest)
        let strayBlob = String(repeating: "a", count: 64)
        try scratch.add("root/layers/.ingest/\(hex)/fs/x", "half")
        try scratch.add("root/layers/.ingest/\(hex).lock", "")
        try scratch.add("root/content/ingest/\(strayBlob)", "half")
        try scratch.add("root/content/ingest/new-1", "half")
        try scratch.add("root/content/blobs/sha256/\(strayBlob)", "unknown")
        try scratch.add("root/layers/\(strayBlob)/fs/x", "unknown")
        try scratch.add("root/leases/dead", "")
        try scratch.add("root/content/index.json.7.tmp", "half")
        #expect(try store.check(repair: false).count == 2)
        _ = try store.prune(.dangling)
        _ = try writer.finish()
        func names(_ path: String) throws -> Set<String> {
            Set(try FileDescriptor.directory(scratch.path("root/" + path)).names().map(\.description))
        }
        #expect(try names("layers") == [".ingest"])
        #expect(try names("layers/.ingest").isEmpty)
        #expect(try names("content/ingest").isEmpty)
        #expect(try names("content/blobs/sha256") == [image.manifestDigest.hex])
        #expect(try names("leases").count == 1)
        #expect(try names("content") == ["blobs", "index.json", "index.json.lock", "ingest", "oci-layout"])
        #expect(try store.check(repair: false).isEmpty)
    }

    @Test("a prune takes images without a tag, and all unused ones when asked")
    func scopes() throws {
        let old = try SampleImage([("a", "1")])
        let new = try SampleImage([("a", "2")])
        try old.pull(into: store, as: "nginx")
        try new.pull(into: store, as: "nginx")
        #expect(try store.prune(.dangling).removed.contains(.deletedImage(old.id)))
        #expect(try store.images().map(\.id) == [new.id])
        #expect(try store.prune(.dangling).removed.isEmpty)
        #expect(try store.prune(.unused) { _ in false }.removed.isEmpty)
        #expect(try store.prune(.unused).removed.contains(.untagged(Reference("nginx:latest"))))
        #expect(try store.images().isEmpty)
    }

    @Test("what is damaged or gone is found, dropped on repair, and brought back by a pull")
    func check() throws {
        let image = try SampleImage([("a", "1"), ("b", "2")])
        try image.pull(into: store, as: "nginx")
        #expect(try store.check(repair: false).isEmpty)
        let blobs = scratch.path("root/content/blobs/sha256/")
        let config = try image.id.digest
        try FileDescriptor.open(blobs + config.hex, flags: O_WRONLY).writeAll("flip")
        let layerBlob = try SampleImage.digest(image.layers[0])
        try FileDescriptor.directory(blobs).unlink(layerBlob.hex)
        try FileDescriptor.directory(scratch.path("root/layers")).removeTree(try image.diffIDs[1].hex)
        let found: Set<Finding> = [.damagedBlob(config), .missingBlob(layerBlob), .missingLayer(try image.diffIDs[1])]
        #expect(try Set(store.check(repair: false)) == found)
        #expect(try Set(store.check(repair: true)).isSuperset(of: found))
        let error = #expect(throws: StoreError.self) { try store.lowerDirectories(of: image.id) }
        guard case .incomplete = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try !image.pull(into: store, as: "nginx").isNew)
        #expect(try store.check(repair: false).isEmpty)
    }

    @Test("after an unclean boot blobs are verified and layers dropped, but not what was synced")
    func uncleanBoot() throws {
        let synced = try SampleImage([("a", "1")])
        let unsynced = try SampleImage([("b", "2")])
        try synced.pull(into: store, as: "synced")
        try store.synchronizePending()
        #expect(try store.database.unsynced(.blob).isEmpty)
        try unsynced.pull(into: store, as: "unsynced")
        // As the same rows would be found after a reboot.
        for item in try store.database.unsynced(.blob) + store.database.unsynced(.layer) {
            try store.database.delete(item.name)
            try store.database.insert(StoredItem(item.name, size: item.size, unsyncedBoot: "an earlier boot"))
        }
        let damaged = try unsynced.manifestDigest
        // The layer's, too, from which it could be unpacked again.
        for digest in [damaged, try unsynced.diffIDs[0].digest] {
            try FileDescriptor.open(scratch.path("root/content/blobs/sha256/" + digest.hex), flags: O_WRONLY).writeAll("flip")
        }
        let reopened = try ImageStore(root: scratch.path("root"))
        #expect(try reopened.database.stored(.blob(damaged)) == nil)
        #expect(try reopened.database.stored(.blob(unsynced.id.digest))?.unsyncedBoot == nil)
        #expect(throws: StoreError.self) { try reopened.lowerDirectories(of: unsynced.id) }
        #expect(try reopened.lowerDirectories(of: synced.id).count == 1)
        try unsynced.pull(into: reopened, as: "unsynced")
        #expect(try reopened.check(repair: false).isEmpty)
    }

    @Test("pulls and prunes at once leave a whole store", arguments: [6])
    func racing(rounds: Int) async throws {
        let root = scratch.path("root")
        let images = try (0..<4).map { number in
            try SampleImage([("base", "shared"), ("file\(number)", "content \(number)")])
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    try await OwnThread.run {
                        let store = try ImageStore(root: root)
                        for round in 0..<rounds {
                            if worker % 2 == 0 {
                                try images[(worker + round) % 4].pull(into: store, as: "image\(round % 3)")
                            } else {
                                _ = try store.prune(round % 2 == 0 ? .unused : .dangling)
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try store.check(repair: false).isEmpty)
    }

    @Test("a store is closed to others whatever the umask and whatever was there", arguments: [0, 0o777] as [mode_t])
    func modes(mask: mode_t) async throws {
        try scratch.add("open", .directory)
        let root = scratch.path("open")
        chmod(root, 0o755)
        let image = try SampleImage([("a", "1")])
        try await OwnThread.run(umask: mask) { _ = try image.pull(into: ImageStore(root: root), as: "nginx") }
        func mode(_ path: String) throws -> UInt32 {
            try FileDescriptor.status(of: scratch.path(path)).permissions
        }
        #expect(try mode("open") == 0o700)
        #expect(try mode("open/content") == 0o700)
        #expect(try mode("open/hako.db") == 0o600)
        #expect(try mode("open/content/blobs/sha256/" + image.id.hex) == 0o600)
        #expect(try mode("open/layers/" + image.diffIDs[0].hex) == 0o700)
        #expect(try mode("open/layers/" + image.diffIDs[0].hex + "/fs") == 0o755)
    }
}
