import Archive
import Glibc
import Linux
import Testing

/// One way in which an entry tries to get out, as one or two entries.
private struct Trick: Sendable, CustomStringConvertible {
    let description: String
    /// `$` stands for the canary's absolute path.
    let entries: [Entry]

    /// With the canary's path put in, and below `prefix` so that two tricks of a kind don't hit one another by accident.
    func entries(canary: String) -> [Entry] {
        entries.map { item in
            var item = item
            item.entry.name = replaced(item.entry.name, canary)
            item.entry.linkTarget = replaced(item.entry.linkTarget, canary)
            return item
        }
    }

    private func replaced(_ path: PathBytes, _ canary: String) -> PathBytes {
        let bytes = path.bytes.flatMap { $0 == UInt8(ascii: "$") ? Array(canary.utf8) : [$0] }
        return PathBytes(bytes) ?? path
    }
}

private let setIDDirectory = Entry(TarEntry(.directory, "d", mode: 0o6777, userID: 1234, groupID: 1234))

private let tricks: [Trick] = [
    Trick(description: "dot dot", entries: [.file("../canary/secret", "EVIL")]),
    Trick(description: "dot dot inside", entries: [.file("a/../../canary/secret", "EVIL")]),
    Trick(description: "absolute", entries: [.file("$/secret", "EVIL")]),
    Trick(description: "dot as symlink", entries: [.symlink(".", "$"), .file("secret", "EVIL")]),
    Trick(description: "through an absolute symlink", entries: [.symlink("a", "$"), .file("a/secret", "EVIL")]),
    Trick(
        description: "through a relative symlink",
        entries: [.symlink("b", "../canary"), .file("b/secret", "EVIL"), .file("b/dir/new", "EVIL")]),
    Trick(
        description: "hard link to the outside",
        entries: [.hardLink("h", "$/secret"), .file("h", "EVIL")]),
    Trick(
        description: "hard link through a symlink",
        entries: [.symlink("l", "$"), .hardLink("h2", "l/secret"), .file("h2", "EVIL")]),
    Trick(
        description: "parent replaced",
        entries: [setIDDirectory, .symlink("d", "$"), .file("d/secret", "EVIL"), setIDDirectory]),
    Trick(
        description: "whiteout through a symlink",
        entries: [.symlink("w", "$"), .file("w/.wh.secret"), .file("w/.wh..wh..opq"), .directory("w/dir", mode: 0o777)]),
]

@Suite("Unpacking a hostile layer")
struct ConfinementTests {
    /// All pairs of tricks (T-I1): the second finds what the first left.
    @Test("touches nothing outside of the root", arguments: 0..<tricks.count)
    func staysInside(first: Int) throws {
        for second in tricks {
            let scratch = try LayerScratch()
            let before = try snapshot(of: scratch.canary)
            let entries = tricks[first].entries(canary: scratch.canary) + second.entries(canary: scratch.canary)
            // Refused or inside: both are good, the canary decides.
            do { try scratch.unpack(entries) } catch is ArchiveError {}
            #expect(try snapshot(of: scratch.canary) == before, "\(tricks[first]), then \(second)")
            #expect(try snapshot(of: scratch.layer).allSatisfy { !$0.contains("HOSTSECRET") })
        }
    }

    @Test("says which entry leaves the root", arguments: ["../x", "a/../../x", "..", "a/../.."])
    func namesTheEntry(name: String) throws {
        let scratch = try LayerScratch()
        let path = PathBytes(stringLiteral: name)
        let error = #expect(throws: ArchiveError.self) { try scratch.unpack([.file("a/b"), .file(path)]) }
        #expect(error?.reason == .refusedName(.leavesRoot))
        #expect(error?.entry == path)
    }

    @Test("takes an absolute name as one below the root, and dots out of it")
    func cleansNames() throws {
        let scratch = try LayerScratch()
        try scratch.unpack([.file("/etc//./passwd", "x"), .file("etc/a/../hosts", "y")])
        #expect(try scratch.contents("etc/passwd") == Array("x".utf8))
        #expect(try scratch.contents("etc/hosts") == Array("y".utf8))
    }

    @Test("follows the layer's own symlinks as the container will")
    func followsOwnSymlinks() throws {
        let scratch = try LayerScratch()
        try scratch.unpack([
            .directory("usr/lib"), .symlink("lib", "usr/lib"), .file("lib/x", "1"),
            .symlink("usr/abs", "/usr/lib"), .file("usr/abs/y", "2"),
            .symlink("run", "/var/run/deep"), .file("run/pid", "3"),
        ])
        #expect(try scratch.contents("usr/lib/x") == Array("1".utf8))
        #expect(try scratch.contents("usr/lib/y") == Array("2".utf8))
        #expect(try scratch.contents("var/run/deep/pid") == Array("3".utf8))
        #expect(try scratch.status("lib").kind == .symlink)
    }

    @Test("gives up on symlinks in a circle and on parents that are files")
    func refusesBadParents() throws {
        let circle: [Entry] = [.symlink("a", "b"), .symlink("b", "a"), .file("a/x")]
        for entries in [circle, [.file("f"), .file("f/x")]] {
            let error = #expect(throws: ArchiveError.self) { try LayerScratch().unpack(entries) }
            #expect(error?.reason == .refusedName(.parentNotDirectory))
        }
    }

    @Test("refuses a hard link that the layer has no file for")
    func missingTarget() throws {
        let error = #expect(throws: ArchiveError.self) { try LayerScratch().unpack([.hardLink("h", "etc/passwd")]) }
        #expect(error?.reason == .missingHardLinkTarget("etc/passwd"))
    }
}

@Suite("Metadata of unpacked files")
struct LinkMetadataTests {
    @Test("never goes to where a symlink points")
    func notThroughSymlinks() throws {
        let scratch = try LayerScratch()
        let before = try snapshot(of: scratch.canary)
        let target = PathBytes(stringLiteral: scratch.canary)
        var link = Entry.symlink("d", target)
        link.entry.userID = 1234
        link.entry.modified = FileTime(seconds: 99)
        link.entry.attributes = [ExtendedAttribute("user.x", [1])]
        let directory = Entry(
            TarEntry(
                .directory, "d", mode: 0o4777, userID: 77, groupID: 78, modified: FileTime(seconds: 5),
                attributes: [ExtendedAttribute("user.y", [2])]))
        try scratch.unpack([directory, link, directory, link])
        #expect(try snapshot(of: scratch.canary) == before)
        #expect(try scratch.status("d").kind == .symlink)
        #expect(try scratch.status("d").userID == 1234)
        #expect(try scratch.status("d").modified.seconds == 99)
    }

    /// T-I2 with a racer: while the layer is unpacked again and again, `d` in it is swapped with a symlink to the canary.
    @Test("stays inside while somebody swaps a directory with a symlink")
    func racer() async throws {
        let scratch = try LayerScratch()
        let before = try snapshot(of: scratch.canary)
        let archive = try tar(
            (0..<200).flatMap { index -> [Entry] in
                [
                    Entry(
                        TarEntry(
                            .directory, "d", mode: index % 2 == 0 ? 0o777 : 0o4711, userID: 1234, groupID: 1234,
                            attributes: [ExtendedAttribute("user.evil", [1])])),
                    .file("d/secret", "EVIL", mode: 0o666),
                    Entry(TarEntry(.fifo, "d/dir", mode: 0o6777, userID: 1234)),
                ]
            })
        let swapper = Swapper()
        let (layer, canary) = (scratch.layer, scratch.canary)
        let racing = Task.detached { try swapper.run(in: layer, "d", with: canary) }
        var rounds = 0
        while rounds < 20 || !swapper.hasSwapped {
            // A name that is gone at the wrong moment is an error; only the canary counts.
            do { try scratch.unpack(archive) } catch is ArchiveError {}
            rounds += 1
        }
        swapper.stop()
        let swaps = try await racing.value
        #expect(swaps > 0)
        #expect(try snapshot(of: scratch.canary) == before)
    }
}
