import Glibc
import Linux
import Metadata
import TestSupport
import Testing

@testable import Engine

@Suite("A volume's directory", .enabled(if: geteuid() == 0, "the store is root's"))
struct VolumeContentTests {
    @Test("is seen once it is placed, and goes if it never is")
    func staging() throws {
        let scratch = try Scratch(["source/f": "x"])
        let directories = VolumeDirectories(path: scratch.path("volumes"))
        let record = VolumeRecord(name: "data", created: 1)
        do {
            let abandoned = try directories.stage(record)
            #expect(!abandoned.isPlaced)
            #expect(try FileDescriptor.directory(scratch.path("volumes")).names().count == 1)
        }
        #expect(try FileDescriptor.directory(scratch.path("volumes")).names().isEmpty)
        let staged = try directories.stage(record)
        try VolumeContent.fillDirectly(staged.data(), from: FileDescriptor.directory(scratch.path("source")))
        // What had the name, and no row, gives way.
        try scratch.add("volumes/data/_data/stale", "old")
        let retired = try directories.locked { directory throws(EngineError) in
            try directories.place(staged, in: directory)
        }
        try #require(retired).remove()
        #expect(try FileDescriptor.directory(scratch.path("volumes")).names() == ["data"])
        #expect(try FileDescriptor.directory(scratch.path("volumes/data/_data")).names() == ["f"])
        #expect(try FileDescriptor.status(of: scratch.path("volumes")).permissions == 0o700)
    }

    @Test(
        "is not waited for without end, where a process that makes or removes volumes stands still (T-X5)",
        .timeLimit(.minutes(10)))
    func lockedForLong() throws {
        let scratch = try Scratch(["volumes": .directory])
        let stopped = try FileDescriptor.directory(scratch.path("volumes"))
        try stopped.lockWhole()
        let directories = VolumeDirectories(path: scratch.path("volumes"), patienceMilliseconds: 20)
        let record = VolumeRecord(name: "data", created: 1)
        let error = #expect(throws: EngineError.self) { try directories.stage(record) }
        #expect(error?.kind == .unavailable)
        try stopped.unlockWhole()
        _ = try directories.stage(record)
    }

    @Test("is filled if it is empty, and then has the source's owner and mode")
    func filling() throws {
        let scratch = try Scratch(["source/d/f": "new", "volume/_data": .directory])
        let source = try FileDescriptor.directory(scratch.path("source"))
        try source.changeOwner(userID: 7, groupID: 8)
        try source.changeMode(0o2750)
        try VolumeContent(scratch.path("volume")).fill(from: source, subpath: "")
        let status = try FileDescriptor.status(of: scratch.path("volume/_data"))
        #expect(status.userID == 7 && status.groupID == 8 && status.permissions == 0o2750)
        #expect(try FileDescriptor.contents(of: scratch.path("volume/_data/d/f")) == Array("new".utf8))
        try scratch.add("source/more", "x")
        try VolumeContent(scratch.path("volume")).fill(from: source, subpath: "")
        #expect(try FileDescriptor.directory(scratch.path("volume/_data")).names() == ["d"])
        #expect(try FileDescriptor.directory(scratch.path("volume")).names() == ["_data"])
    }

    @Test("keeps what somebody made in it while it was filled, and what a killed process copied whole")
    func settling() throws {
        let scratch = try Scratch([
            "volume/_data/f": "theirs", "volume/copied/f": "ours", "volume/copied/g": "ours",
            "volume/copying/half": "x",
        ])
        #expect(try VolumeContent.isUnsettled(scratch.path("volume")) == true)
        _ = try VolumeContent(scratch.path("volume"))
        #expect(try VolumeContent.isUnsettled(scratch.path("volume")) == false)
        #expect(try FileDescriptor.contents(of: scratch.path("volume/_data/f")) == Array("theirs".utf8))
        #expect(try FileDescriptor.contents(of: scratch.path("volume/_data/g")) == Array("ours".utf8))
        #expect(try FileDescriptor.directory(scratch.path("volume")).names() == ["_data"])
    }

    @Test("is not left by a path in it", arguments: ["link", "../source", "d/../../source"])
    func confined(path: String) throws {
        let scratch = try Scratch([
            "source/f": "x", "volume/_data/d": .directory, "volume/_data/link": .symlink("../../outside"),
            "outside": .directory,
        ])
        let source = try FileDescriptor.directory(scratch.path("source"))
        #expect(throws: SystemCallError.self) {
            try VolumeContent(scratch.path("volume")).fill(from: source, subpath: path)
        }
        #expect(try FileDescriptor.directory(scratch.path("outside")).names().isEmpty)
    }
}
