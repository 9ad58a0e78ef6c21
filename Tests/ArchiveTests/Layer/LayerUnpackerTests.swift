import Archive
import Glibc
import Linux
import Testing

@Suite("Unpacking a layer")
struct LayerUnpackerTests {
    @Test("gives every kind of file its owner, mode, time and attributes")
    func metadata() throws {
        let scratch = try LayerScratch()
        let modified = FileTime(seconds: 1_600_000_000, nanoseconds: 123_456_789)
        func entry(_ kind: TarEntry.Kind, _ name: PathBytes, mode: UInt32, target: PathBytes = "") -> Entry {
            var entry = TarEntry(kind, name, linkTarget: target, mode: mode, userID: 1000, groupID: 70_000, modified: modified)
            entry.accessed = FileTime(seconds: 1_700_000_000, nanoseconds: 1)
            return Entry(entry, kind == .regular ? Array("body".utf8) : [])
        }
        try scratch.unpack([
            entry(.directory, "d", mode: 0o2755), entry(.regular, "d/f", mode: 0o4755), entry(.symlink, "d/l", mode: 0o777, target: "f"),
            entry(.fifo, "d/p", mode: 0o622), entry(.characterDevice(major: 1, minor: 5), "d/c", mode: 0o666),
            entry(.blockDevice(major: 259, minor: 300), "d/b", mode: 0o660), entry(.directory, "d/sub", mode: 0o1777),
        ])
        let time = "1600000000.123456789"
        let body = Array("body".utf8).hashValue
        #expect(
            try scratch.tree() == [
                "d directory 2755 1000:70000 \(time)",
                "d/b blockDevice 660 1000:70000 \(time) 259:300",
                "d/c characterDevice 666 1000:70000 \(time) 1:5",
                "d/f regular 4755 1000:70000 \(time) 4 links=1 \(body)",
                "d/l symlink 777 1000:70000 \(time) -> f",
                "d/p fifo 622 1000:70000 \(time)",
                "d/sub directory 1777 1000:70000 \(time)",
            ])
    }

    @Test("puts every directory's own time back, in whatever order the entries come")
    func directoryTimes() throws {
        let scratch = try LayerScratch()
        try scratch.unpack([
            .directory("./", modified: 1), .directory("a", modified: 2), .directory("a/b", modified: 3), .file("x"),
            .file("a/b/f"), .file("a/y"), .file("a/b/new/f"), .file("a/b/f2"), .directory("z", modified: 4), .file("z/f"),
            .file("a/.wh.q"), .hardLink("z/g", "z/f"), .symlink("a/b/l", "f"), .file("a/b/f", "again"),
        ])
        #expect(try FileDescriptor.status(of: scratch.layer).modified.seconds == 1)
        #expect(try scratch.status("a").modified.seconds == 2)
        #expect(try scratch.status("a/b").modified.seconds == 3)
        #expect(try scratch.status("z").modified.seconds == 4)
    }

    @Test("reports the parents that the layer doesn't name")
    func implicitDirectories() throws {
        let scratch = try LayerScratch()
        let layer = try scratch.unpack([.file("tmp/x"), .file("a/b/c/d"), .directory("a/b", mode: 0o700), .directory("n"), .file("n/f")])
        #expect(layer.implicitDirectories == ["a", "a/b/c", "tmp"])
        #expect(try scratch.status("tmp").permissions == 0o755)
        #expect(try scratch.status("a/b").permissions == 0o700)
    }

    @Test("replaces an earlier entry of the same name, and no other name of that file")
    func replaces() throws {
        let scratch = try LayerScratch()
        try scratch.unpack([
            .file("f", "old"), .hardLink("other", "f"), .file("f", "new"),
            .directory("d"), .file("d/x/y"), .file("d", "file now"),
            .file("g", "x"), .directory("g"), .file("g/in", "x"), .symlink("g", "f"),
            .directory("kept"), .file("kept/x", "1"), .directory("kept", mode: 0o700),
        ])
        #expect(try scratch.contents("f") == Array("new".utf8))
        #expect(try scratch.contents("other") == Array("old".utf8))
        #expect(try scratch.contents("d") == Array("file now".utf8))
        #expect(try scratch.status("g").kind == .symlink)
        #expect(try scratch.contents("kept/x") == Array("1".utf8))
        #expect(try scratch.status("kept").permissions == 0o700)
    }

    @Test("links names of the layer, also when the link is there already")
    func hardLinks() throws {
        let scratch = try LayerScratch()
        try scratch.unpack([
            .file("usr/a", "x"), .symlink("s", "usr/a"), .hardLink("b", "/usr/a"), .hardLink("t", "s"),
            .symlink("lib", "usr"), .hardLink("c", "lib/../usr/a"), .hardLink("d", "lib/a"), .hardLink("b", "usr/a"),
        ])
        #expect(try scratch.status("usr/a").linkCount == 4)
        #expect(try scratch.status("t").kind == .symlink)
    }

    @Test("reads on behind the end of the archive, so that a digest is of the whole stream")
    func trailingBytes() throws {
        let scratch = try LayerScratch()
        let bytes = try tar([.file("f", "x")]) + [UInt8](repeating: 7, count: 100_000)
        let source = HashingSource(MemorySource(bytes, chunkSize: 700))
        _ = try LayerUnpacker.unpack(source, into: try scratch.root())
        #expect(source.byteCount == Int64(bytes.count))
    }

    @Test("stops at the first byte that is too many")
    func streamTooLong() throws {
        let scratch = try LayerScratch()
        let bytes = try tar([.file("f", "x")])
        let source = HashingSource(MemorySource(bytes), limitInBytes: Int64(bytes.count) - 1)
        let error = #expect(throws: ArchiveError.self) { _ = try LayerUnpacker.unpack(source, into: try scratch.root()) }
        #expect(error?.reason == .streamTooLong(limitInBytes: Int64(bytes.count) - 1))
    }

    @Test("keeps attributes that a layer may bring and drops those that steer the host or overlay")
    func attributes() throws {
        let scratch = try LayerScratch()
        // vfs_cap_data, version 2: cap_net_raw=ep.
        let capability: [UInt8] = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let attributes = [
            ExtendedAttribute("security.capability", capability), ExtendedAttribute("security.selinux", [1]),
            ExtendedAttribute("security.ima", [1]), ExtendedAttribute("trusted.overlay.redirect", Array("/hidden".utf8)),
            ExtendedAttribute("trusted.overlay.opaque", Array("y".utf8)), ExtendedAttribute("trusted.x", [1]),
            ExtendedAttribute("user.empty", []), ExtendedAttribute("user.overlay.metacopy", []),
            ExtendedAttribute("user.é\u{301}", [0, 0xFF]),
        ]
        var file = Entry.file("f", "x")
        file.entry.attributes = attributes
        file.entry.userID = 1000
        var directory = Entry.directory("d")
        directory.entry.attributes = attributes.filter { $0.name != "security.capability" }
        let layer = try scratch.unpack([file, directory])
        let kept = try FileDescriptor.open(scratch.layer + "/f")
        #expect(try kept.extendedAttributeNames() == ["security.capability", "user.empty", "user.é\u{301}"])
        #expect(try kept.extendedAttribute("security.capability") == capability)
        #expect(try kept.extendedAttribute("user.é\u{301}") == [0, 0xFF])
        let names = try FileDescriptor.open(scratch.layer + "/d").extendedAttributeNames()
        #expect(names == ["user.empty", "user.é\u{301}"])
        #expect(layer.skippedAttributes == 12)
    }

    @Test("keeps names that differ in bytes apart, whatever they look like (T-I10)")
    func namesAreBytes() throws {
        let scratch = try LayerScratch()
        let bytes: [[UInt8]] = [[0xC3, 0xA9], [0x65, 0xCC, 0x81], [0x61, 0xFF], [0x61, 0xFE], [0x61, 0x0D, 0x0A, 0x62]]
        let names = bytes.compactMap { PathBytes($0) }
        try scratch.unpack(names.map { .file($0, "\($0.bytes)") })
        let root = try scratch.root()
        #expect(try Set(root.names()) == Set(names))
        for name in names { #expect(try root.openChild(name).readAll() == Array("\(name.bytes)".utf8)) }
    }
}
