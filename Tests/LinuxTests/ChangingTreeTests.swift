import Glibc
import Linux
import Testing
import TestSupport

/// What looks at the files of containers and volumes, or removes them, does so while programs may change them.
@Suite("A tree that changes meanwhile")
struct ChangingTreeTests {
    @Test("is added up, whoever swaps its directories for symlinks (T-V3)")
    func size() throws {
        let scratch = try Scratch(["tree/d/file": "12345", "tree/file": "123", "outside/file": "1234567"])
        let attacker = try Attacker(swapping: "d", in: scratch.path("tree"), with: scratch.path("outside"))
        try attacker.confirm()
        let tree = try FileDescriptor.directory(scratch.path("tree"))
        var sizes: Set<Int64> = []
        for _ in 0..<5000 { sizes.insert(try tree.treeSize()) }
        #expect(sizes.isSubset(of: [3, 8, 13]), "once, not at all, or, moved while the names were read, twice")
        #expect(sizes.contains(8))
    }

    @Test("is removed, whoever swaps its directories for symlinks (T-V3)")
    func removal() throws {
        for _ in 0..<200 {
            let scratch = try Scratch(["tree/d/d/file": "x", "outside/file": "y"])
            let attacker = try Attacker(swapping: "d", in: scratch.path("tree/d"), with: scratch.path("outside"))
            try attacker.confirm()
            let top = try FileDescriptor.directory(scratch.root)
            try top.removeTree("tree")
            #expect(try top.names() == ["outside"])
            #expect(try FileDescriptor.contents(of: scratch.path("outside/file")) == Array("y".utf8))
        }
    }

    @Test("is added up where it is deeper than a path may be long")
    func depth() throws {
        let scratch = try Scratch(["tree": .directory])
        let tree = try FileDescriptor.directory(scratch.path("tree"))
        var current = try tree.openChild(".")
        for _ in 0..<3000 {
            try current.makeDirectory("d")
            current = try current.openChild("d")
        }
        try current.openChild("file", flags: O_WRONLY | O_CREAT).writeAll("12345")
        #expect(try tree.treeSize() == 5)
        try FileDescriptor.directory(scratch.root).removeTree("tree")
    }
}
