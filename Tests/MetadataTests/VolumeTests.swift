import Metadata
import SQLite
import TestSupport
import Testing

@Suite("Volumes in the database")
struct VolumeTests {
    private func insert(_ database: Database, _ id: String, _ volumes: [String], _ uses: [VolumeUse]) throws {
        var container = try Samples.container(id, id)
        container.volumes = volumes.map { VolumeRecord(name: $0, created: 1) }
        container.volumeUses = uses
        _ = try database.insertContainer(container, idSlots: nil)
    }

    @Test("are entered once, and keep what they were entered with")
    func once() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        let first = VolumeRecord(name: "data", options: #"{"o":"ro"}"#, labels: #"{"a":"b"}"#, created: 5)
        #expect(try database.volume(orInsert: first) == first)
        #expect(try database.volume(orInsert: VolumeRecord(name: "data", created: 6)) == first)
        #expect(try database.volume(named: "data") == first)
        #expect(try database.volume(named: "Data") == nil)
        #expect(try database.volume(orInsert: VolumeRecord(name: "a", created: 7)).name == "a")
        #expect(try database.volumes().map(\.name) == ["a", "data"])
    }

    @Test("stay for as long as a container uses them")
    func used() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        try insert(database, "a0", ["data"], [VolumeUse(volume: "data", isAnonymous: false)])
        try insert(database, "a1", [], [VolumeUse(volume: "data", isAnonymous: true)])
        let error = #expect(throws: MetadataError.self) { try database.deleteVolume("data") }
        #expect(error == .volumeInUse(name: "data", by: [Samples.id("a0"), Samples.id("a1")]))
        #expect(try database.usedVolumes() == ["data"])
        try database.deleteContainer(ContainerDeletion(id: Samples.id("a0"), time: 1, withVolumes: true))
        #expect(try database.users(ofVolume: "data") == [Samples.id("a1")])
        #expect(try database.deleteContainer(ContainerDeletion(id: Samples.id("a1"), time: 1)) == [])
        try database.deleteVolume("data")
        let again = #expect(throws: MetadataError.self) { try database.deleteVolume("data") }
        #expect(again == .noSuchVolume("data"))
    }

    @Test("go with a container that didn't name them, if asked or by --rm, and if no other uses them")
    func anonymous() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        let uses = [VolumeUse(volume: "own", isAnonymous: true), VolumeUse(volume: "named", isAnonymous: false)]
        try insert(database, "a0", ["own", "named", "shared"], uses + [VolumeUse(volume: "shared", isAnonymous: true)])
        try insert(database, "a1", [], [VolumeUse(volume: "shared", isAnonymous: true)])
        #expect(try database.deleteContainer(ContainerDeletion(id: Samples.id("a0"), time: 1, withVolumes: true)) == ["own"])
        #expect(try database.volumes().map(\.name) == ["named", "shared"])
        #expect(try database.deleteContainer(ContainerDeletion(id: Samples.id("a1"), time: 1, withVolumes: false)) == [])
        var fleeting = try Samples.container("a2", "a2")
        fleeting.autoRemove = true
        fleeting.volumeUses = [
            VolumeUse(volume: "shared", isAnonymous: true), VolumeUse(volume: "named", isAnonymous: false),
        ]
        _ = try database.insertContainer(fleeting, idSlots: nil)
        #expect(try database.deleteContainer(ContainerDeletion(id: Samples.id("a2"), time: 1)) == ["shared"])
        #expect(try database.volumes().map(\.name) == ["named"])
    }

    @Test("come with their container or not at all")
    func together() throws {
        let scratch = try Scratch()
        let database = try Samples.database(scratch)
        let error = #expect(throws: MetadataError.self) {
            try insert(
                database, "a0", ["new"],
                [VolumeUse(volume: "new", isAnonymous: false), VolumeUse(volume: "gone", isAnonymous: false)])
        }
        #expect(error == .noSuchVolume("gone"))
        #expect(try database.volumes().isEmpty)
        #expect(try database.containers().isEmpty)
    }

    @Test("have their tables made in a store that was written before there were any")
    func migration() throws {
        let scratch = try Scratch()
        do {
            let database = try Samples.database(scratch)
            try insert(database, "a0", [], [])
        }
        try Connection(path: scratch.path("hako.db")).execute(
            "ALTER TABLE containers DROP COLUMN health; DROP TABLE volume_uses; DROP TABLE volumes; DROP TABLE retired_addresses; DROP TABLE build_inputs; DROP TABLE build_cache; DROP INDEX step_containers; PRAGMA user_version=2")
        let database = try Database(path: scratch.path("hako.db"))
        #expect(try database.volumes().isEmpty)
        try database.deleteContainer(ContainerDeletion(id: Samples.id("a0"), time: 1, withVolumes: true))
        #expect(try database.containers().isEmpty)
    }
}
