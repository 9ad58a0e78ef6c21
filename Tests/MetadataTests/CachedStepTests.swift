import Metadata
import OCI
import SQLite
import TestSupport
import Testing

@Suite("Steps of builds in the database")
struct CachedStepTests {
    private func key(_ number: UInt8) -> [UInt8] { Array(repeating: number, count: 32) }

    /// A step whose layer, of 50 bytes, and blob, of 60, are in the store and no image's.
    private func step(_ number: UInt8, in database: Database) throws -> CachedStepRecord {
        let digest = try Samples.digest(0x500 + Int(number))
        try database.insert(layer: DiffID(digest), size: 50, unsyncedBoot: nil, implicitDirectories: [])
        try database.insert(StoredItem(.blob(digest), size: 60, unsyncedBoot: nil))
        return CachedStepRecord(
            key: key(number), kind: "RUN", title: "RUN make", layer: DiffID(digest),
            blob: Descriptor(mediaType: .layer, digest: digest, size: 60), created: 10, lastUsed: Int64(number))
    }

    @Test("come back by their key as they were entered, the last one of a key")
    func lookup() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        let first = try step(1, in: database)
        try database.insertCachedStep(first)
        #expect(try database.cachedStep(key(1))?.step == first)
        #expect(try database.cachedStep(key(1))?.isWhole == true)
        #expect(try database.cachedStep(key(2)) == nil)
        var second = try step(2, in: database)
        second.key = key(1)
        try database.insertCachedStep(second)
        #expect(try database.cachedStep(key(1))?.step == second)
        let empty = CachedStepRecord(key: key(3), kind: "COPY", title: "", layer: nil, blob: nil, created: 1, lastUsed: 1)
        try database.insertCachedStep(empty)
        #expect(try database.cachedStep(key(3))?.step == empty)
        #expect(try database.cachedStep(key(3))?.isWhole == true)
    }

    @Test("are of no use without their layer or blob, and aren't entered without them")
    func lost() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        let (a, b) = (try step(1, in: database), try step(2, in: database))
        try database.insertCachedStep(a)
        try database.insertCachedStep(b)
        try database.delete(.layer(try #require(a.layer)))
        try database.delete(.blob(try #require(b.blob).digest))
        #expect(try database.cachedStep(a.key)?.isWhole == false)
        #expect(try database.cachedStep(b.key)?.isWhole == false)
        let error = #expect(throws: MetadataError.self) { try database.insertCachedStep(a) }
        #expect(error == .missing(.layer(try #require(a.layer))))
    }

    @Test("keep their layers and blobs from a sweep until they are deleted")
    func sweep() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        let (kept, other) = (try step(1, in: database), try step(2, in: database))
        try database.insertCachedStep(kept)
        let garbage = Set(try database.sweep().map(\.name))
        #expect(garbage == [.blob(try #require(other.blob).digest), .layer(try #require(other.layer))])
        #expect(try database.sweep().isEmpty)
        #expect(try database.deleteCachedSteps([kept.key, key(9)]) == [kept.key])
        #expect(Set(try database.sweep().map(\.name)) == [.blob(try #require(kept.blob).digest), .layer(try #require(kept.layer))])
    }

    @Test("are listed, those first that were used last, with whether a build has them, and hold what they name")
    func list() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        for number in [1, 2] { try database.insertCachedStep(try step(UInt8(number), in: database)) }
        try database.insertLease("lease", at: 1)
        _ = try database.hold(.layer(DiffID(try Samples.digest(0x502))), lease: "lease")
        try database.noteUse(ofCachedSteps: [key(1)], at: 100)
        try database.noteUse(ofCachedSteps: [key(1)], at: 90)
        let all = try database.cachedSteps()
        #expect(all.map(\.step.key) == [key(1), key(2)])
        #expect(all.map(\.isInUse) == [false, true])
        #expect(all.map(\.step.lastUsed) == [100, 2])
        #expect(all.map(\.step.uses) == [2, 0])
        let names = try database.holdings().holdings.filter { $0.holder == .step(key(1)) }.map(\.name)
        #expect(Set(names) == [.blob(try Samples.digest(0x501)), .layer(DiffID(try Samples.digest(0x501)))])
    }

    @Test("leave what their keys were made of at their place in the Dockerfile, until they go")
    func inputs() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        func inputs(_ position: Int, _ title: String, _ byte: UInt8) -> BuildInputs {
            BuildInputs(place: BuildPlace(build: [1], stage: "s", position: position, title: title), bytes: [byte])
        }
        try database.insertCachedStep(try step(1, in: database), inputs: inputs(0, "RUN a", 1))
        try database.insertCachedStep(try step(2, in: database), inputs: inputs(1, "RUN b", 2))
        #expect(try database.buildInputs([1], stage: "s") == [inputs(0, "RUN a", 1), inputs(1, "RUN b", 2)])
        #expect(try database.buildInputs([2], stage: "s").isEmpty)
        #expect(try database.buildInputs([1], stage: "t").isEmpty)
        // The same step again keeps its inputs; other ones replace them.
        try database.insertCachedStep(try step(1, in: database))
        try database.insertCachedStep(try step(3, in: database), inputs: inputs(1, "RUN c", 3))
        #expect(try database.buildInputs([1], stage: "s") == [inputs(0, "RUN a", 1), inputs(1, "RUN c", 3)])
        try database.deleteCachedSteps([key(1), key(2)])
        #expect(try database.buildInputs([1], stage: "s") == [inputs(1, "RUN c", 3)])
    }
}
