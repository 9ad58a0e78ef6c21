import Metadata
import OCI
import TestSupport
import Testing

@Suite("Images in the database")
struct ImageTests {
    private func id(_ number: Int) throws -> ImageID { ImageID(try Samples.digest(number)) }

    @Test("are entered only with all their parts, and say whom a name left")
    func register() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        let missing = StoredName.blob(try Samples.digest(0xA1))
        #expect(throws: MetadataError.missing(missing)) {
            try database.register(try Samples.registration(image: 0xA1, reference: "r:1"))
        }
        #expect(try database.reference(named: "r:1") == nil)
        try database.insert(StoredItem(missing, size: 1, unsyncedBoot: nil))
        let first = try database.register(try Samples.registration(image: Samples.image, reference: "r:1"))
        #expect(!first.isNew)
        #expect(first.movedFrom == nil)
        let second = try database.register(try Samples.registration(image: 0xA1, reference: "r:1"))
        #expect(second.isNew)
        #expect(try second.movedFrom == id(Samples.image))
        #expect(try database.danglingImages().map(\.id) == [id(Samples.image)])
        #expect(try database.layers(of: id(0xA1)).map(\.hex) == [Samples.digest(1).hex, Samples.digest(2).hex])
    }

    @Test("are found by the beginning of their id")
    func prefix() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        #expect(try database.image(idPrefix: "000")?.id == id(Samples.image))
        #expect(try database.image(idPrefix: "1") == nil)
        #expect(try database.image(idPrefix: "0%") == nil)
        try database.insert(StoredItem(.blob(try Samples.digest(0xA1)), size: 1, unsyncedBoot: nil))
        _ = try database.register(try Samples.registration(image: 0xA1, reference: nil))
        #expect(throws: MetadataError.ambiguousPrefix("000")) { try database.image(idPrefix: "000") }
    }

    @Test("stay as long as a container was made of them")
    func inUse() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        let image = try id(Samples.image)
        _ = try database.insertContainer(try Samples.container("a", "a"), idSlots: nil)
        #expect(try !database.remove([], [], of: image))
        #expect(throws: MetadataError.imageInUse(by: [Samples.id("a")])) { try database.deleteImage(image) }
        #expect(try database.unusedImages().isEmpty)
        try database.deleteContainer(ContainerDeletion(id: Samples.id("a"), time: 1))
        #expect(try database.remove([], [], of: image))
    }

    @Test("and leases keep what they hold from being swept")
    func sweep() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        #expect(try database.sweep().isEmpty)
        try database.insertLease("lease", at: 1)
        let held = StoredName.blob(try Samples.digest(0xB0))
        #expect(try database.hold(held, lease: "lease") != nil)
        #expect(try database.hold(.layer(DiffID(try Samples.digest(77))), lease: "lease") == nil)
        #expect(try database.remove([], [], of: id(Samples.image)))
        #expect(try Set(database.sweep().map(\.name)) == Set([
            .blob(Samples.digest(Samples.image)), .layer(DiffID(Samples.digest(1))), .layer(DiffID(Samples.digest(2))),
        ]))
        try database.deleteLeases(["lease"])
        #expect(try database.sweep().map(\.name) == [held])
    }

    @Test("know what isn't on the disk yet, and since which boot")
    func unsynced() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        #expect(try database.unsynced(.blob).count == 2)
        #expect(try database.unsynced(.blob, notOfBoot: "boot").isEmpty)
        #expect(try database.unsynced(.blob, notOfBoot: "next").count == 2)
        try database.markSynced(try database.unsynced(.blob).map(\.name))
        #expect(try database.unsynced(.blob).isEmpty)
    }
}
