import Glibc
import Linux
import Testing
import TestSupport

@Suite("Removing a tree")
struct TreeRemovalTests {
    @Test("removes what is below and leaves what a symlink points to")
    func removesTree() throws {
        let scratch = try Scratch([
            "tree/a/b/file": "x", "tree/a/empty": .directory, "tree/link": .symlink("../kept"), "kept/file": "y",
        ])
        let top = try FileDescriptor.directory(scratch.root)
        try top.removeTree("tree")
        #expect(try top.names() == ["kept"])
        #expect(try FileDescriptor.contents(of: scratch.path("kept/file")) == Array("y".utf8))
    }

    @Test("copes with a tree that is deeper than any path may be long")
    func removesDeepTree() throws {
        let scratch = try Scratch(["tree": .directory])
        let top = try FileDescriptor.directory(scratch.root)
        var current = try top.openChild("tree")
        for _ in 0..<3000 {
            try current.makeDirectory("d")
            current = try current.openChild("d")
        }
        try top.removeTree("tree")
        #expect(try top.names().isEmpty)
    }

    @Test("takes a missing name for removed")
    func ignoresMissing() throws {
        let scratch = try Scratch()
        try FileDescriptor.directory(scratch.root).removeTree("nothing")
    }

    @Test("several at once remove one tree, and none of them fails")
    func together() async throws {
        let scratch = try Scratch([:])
        let root = scratch.root
        for _ in 0..<20 {
            for index in 0..<60 { try Directory.create("\(root)/tree/a\(index % 5)/b\(index)/c") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask { try await OwnThread.run { try FileDescriptor.directory(root).removeTree("tree") } }
                }
                try await group.waitForAll()
            }
            #expect(access("\(root)/tree", F_OK) != 0)
        }
    }
}
