import Archive
import Glibc
import ImageStore
import Linux
import Metadata
import OCI
import StoreSamples
import TestSupport
import Testing

@Suite("Writing blobs and layers")
struct IngestTests: ~Copyable {
    let scratch: Scratch
    let store: ImageStore

    init() throws {
        let scratch = try Scratch()
        store = try ImageStore(root: scratch.path("root"))
        self.scratch = scratch
    }

    private func writer(_ content: String, size: Int64?, _ lease: Lease) throws -> BlobWriter {
        let digest = try SampleImage.digest(Array(content.utf8))
        guard case .writer(let writer) = try store.ingestBlob(expecting: digest, size: size, lease: lease, waiting: true)
        else { throw SystemCallError("ingest", on: content, .exists) }
        return writer
    }

    private func names(_ path: String) throws -> Set<String> {
        Set(try FileDescriptor.directory(scratch.path("root/" + path)).names().map(\.description))
    }

    @Test("a blob appears when it is whole, and stays what it is")
    func blob() throws {
        let lease = try store.lease()
        let writer = try writer("hello", size: 5, lease)
        try writer.write(Array("hel".utf8))
        let digest = try SampleImage.digest(Array("hello".utf8))
        #expect(throws: StoreError.self) { try store.openBlob(digest).close() }
        try writer.write(Array("lo".utf8))
        #expect(try writer.finish() == digest)
        #expect(try store.contents(of: digest) == Array("hello".utf8))
        #expect(try names("content/ingest").isEmpty)
        guard case .present(size: 5) = try store.ingestBlob(expecting: digest, size: 5, lease: lease, waiting: true)
        else {
            Issue.record("not present")
            return
        }
    }

    @Test(
        "a blob of other bytes, or of more, leaves nothing",
        arguments: [("jello", 5 as Int64?), ("hello world", 5), ("jello", nil)])
    func wrongBlob(sent: String, size: Int64?) throws {
        let lease = try store.lease()
        let writer = try writer("hello", size: size, lease)
        #expect(throws: StoreError.self) {
            try writer.write(Array(sent.utf8))
            _ = try writer.finish()
        }
        #expect(try names("content/ingest").isEmpty)
        #expect(try names("content/blobs/sha256").isEmpty)
        #expect(try store.database.stored(.blob).isEmpty)
    }

    @Test("a blob that broke off is gone on with")
    func resume() throws {
        let lease = try store.lease()
        do {
            let first = try writer("hello", size: 5, lease)
            try first.write(Array("hel".utf8))
            #expect(throws: StoreError.self) { try first.finish() }
        }
        let second = try writer("hello", size: 5, lease)
        #expect(second.resumeOffset == 3)
        try second.write(Array("lo".utf8))
        _ = try second.finish()
        #expect(try store.contents(of: SampleImage.digest(Array("hello".utf8))) == Array("hello".utf8))
    }

    @Test("what is already there and wrong is begun anew")
    func restart() throws {
        let lease = try store.lease()
        do { try writer("hello", size: 5, lease).write(Array("XYZ".utf8)) }
        let second = try writer("hello", size: 5, lease)
        #expect(second.resumeOffset == 3)
        try second.restart()
        try second.write(Array("hello".utf8))
        _ = try second.finish()
    }

    @Test("a blob without a digest gets its own, and twice is once")
    func unknownDigest() throws {
        let lease = try store.lease()
        let first = try store.ingest(Array("hello".utf8), lease: lease)
        #expect(try store.ingest(Array("hello".utf8), lease: lease) == first)
        #expect(try names("content/blobs/sha256") == [first.hex])
        #expect(try names("content/ingest").isEmpty)
    }

    @Test("two can't write the same at once")
    func exclusive() throws {
        let lease = try store.lease()
        let first = try writer("hello", size: 5, lease)
        let digest = try SampleImage.digest(Array("hello".utf8))
        let other = try ImageStore(root: scratch.path("root"))
        guard case .inProgress = try other.ingestBlob(expecting: digest, size: 5, lease: other.lease(), waiting: false)
        else {
            Issue.record("both write")
            return
        }
        try first.discard()
        guard case .writer = try other.ingestBlob(expecting: digest, size: 5, lease: other.lease(), waiting: false)
        else {
            Issue.record("nobody writes")
            return
        }
    }

    @Test("a layer whose stream isn't its diffID's, or breaks, leaves nothing", arguments: [true, false])
    func wrongLayer(isWhole: Bool) throws {
        let image = try SampleImage([("a", "one")])
        let other = try SampleImage([("a", "two")])
        let lease = try store.lease()
        guard case .writer(let writer) = try store.ingestLayer(image.diffIDs[0], lease: lease, waiting: true)
        else {
            Issue.record("present")
            return
        }
        let stream = isWhole ? other.layers[0] : Array(image.layers[0].prefix(700))
        #expect(throws: StoreError.self) { try writer.unpack(from: MemorySource(stream)) }
        #expect(try names("layers") == [".ingest"])
        #expect(try names("layers/.ingest").isEmpty)
    }

    @Test("bytes after the archive's end belong to the diffID")
    func trailingBytes() throws {
        let image = try SampleImage([("a", "one")])
        let lease = try store.lease()
        guard case .writer(let writer) = try store.ingestLayer(image.diffIDs[0], lease: lease, waiting: true)
        else {
            Issue.record("present")
            return
        }
        let error = #expect(throws: StoreError.self) {
            try writer.unpack(from: MemorySource(image.layers[0] + [UInt8](repeating: 0, count: 512)))
        }
        guard case .wrongDigest = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("pulls of one image at once do the work once and none fails")
    func racing() async throws {
        let root = scratch.path("root")
        let image = try SampleImage((0..<5).map { ("file\($0)", "content \($0)") })
        let new = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                // These wait for each other, which tasks must not.
                group.addTask {
                    try await OwnThread.run { try image.pull(into: ImageStore(root: root), as: "nginx").isNew }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(new == 1)
        #expect(try store.check(repair: false).isEmpty)
        #expect(try names("content/ingest").isEmpty)
        #expect(try names("leases").isEmpty)
        let lowers = try store.lowerDirectories(of: try image.id)
        #expect(lowers.count == 5)
        #expect(try FileDescriptor.contents(of: lowers[0] + "/file4") == Array("content 4".utf8))
    }
}
