import Archive
import Glibc
import Linux
import Testing
import TestSupport

private func isInstalled(_ program: String) -> Bool { access(program, X_OK) == 0 }

/// The archive of what is in a directory.
private func packed(_ path: String, _ rules: PackingRules = PackingRules()) throws -> [UInt8] {
    let sink = MemorySink()
    _ = try pack(path, rules, into: sink)
    return sink.bytes
}

private func pack(_ path: String, _ rules: PackingRules = PackingRules(), into sink: any ByteSink) throws -> PackedTree {
    let packer = TreePacker(sink, rules)
    try packer.packContents(of: FileDescriptor.directory(path))
    return try packer.finish()
}

private func entries(_ bytes: [UInt8]) throws -> [TarEntry] {
    let reader = TarReader(MemorySource(bytes))
    var entries: [TarEntry] = []
    while let entry = try reader.next() { entries.append(entry) }
    return entries
}

@Suite("Packing a tree")
final class TreePackerTests {
    let scratch: LayerScratch
    let tree: String

    init() throws {
        scratch = try LayerScratch()
        tree = scratch.scratch.path("tree")
        try Directory.create(tree, mode: 0o755)
    }

    private func directory(_ path: String = ".") throws -> FileDescriptor { try FileDescriptor.directory("\(tree)/\(path)") }

    private func file(_ path: String, _ text: String = "x", mode: mode_t = 0o644) throws {
        let file = try FileDescriptor.open("\(tree)/\(path)", flags: O_WRONLY | O_CREAT, mode: mode)
        try file.writeAll(text)
        try file.changeMode(mode)
    }

    /// One of each kind, with whole seconds, in the order that is asked for.
    private func makeTree(at root: String, names: [String]) throws {
        try Directory.create(root, mode: 0o755)
        let top = try FileDescriptor.directory(root)
        for name in names {
            switch name {
            case "dir":
                try Directory.create("\(root)/dir/sub/empty", mode: 0o755)
                let inner = try FileDescriptor.directory("\(root)/dir")
                try inner.changeMode(0o2750)
                try inner.setExtendedAttribute("user.dir", to: [1, 2])
                try FileDescriptor.open("\(root)/dir/z", flags: O_WRONLY | O_CREAT, mode: 0o600).writeAll("z")
                try inner.setTimes(of: "z", accessed: nil, modified: FileTime(seconds: 5))
            case "dir.txt", "file":
                let file = try FileDescriptor.open("\(root)/\(name)", flags: O_WRONLY | O_CREAT, mode: 0o600)
                try file.writeAll((0..<700_000).map { UInt8(truncatingIfNeeded: $0 * 7) })
                try file.changeOwner(userID: 1000, groupID: 3_000_000)
                try file.changeMode(0o6755)
                try file.setExtendedAttribute("user.b", to: [0, 10, 255])
                try file.setExtendedAttribute("user.a", to: [])
                // cap_net_raw=ep
                try file.setExtendedAttribute("security.capability", to: [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            case "link":
                try top.makeSymlink(to: "../\(String(repeating: "long/", count: 30))end", named: name)
                try top.changeOwner(of: name, userID: 7, groupID: 8)
            case "fifo": try top.makeNode(.fifo, named: name, mode: 0o600)
            case "char": try top.makeNode(.characterDevice(major: 1, minor: 300), named: name, mode: 0o600)
            default: try top.makeNode(.blockDevice(major: 7, minor: 1), named: name, mode: 0o600)
            }
        }
        for (index, path) in names.sorted().enumerated() {
            try top.setTimes(of: path, accessed: nil, modified: FileTime(seconds: 1_500_000_000 + Int64(index)))
        }
        for path in ["dir/sub/empty", "dir/sub", "dir"] {
            try top.setTimes(of: path, accessed: nil, modified: FileTime(seconds: 1_400_000_000))
        }
    }

    private static let names = ["file", "dir.txt", "dir", "link", "fifo", "char", "block"]

    @Test("and unpacking it gives the same tree")
    func roundTrip() throws {
        try makeTree(at: tree, names: Self.names)
        try FileDescriptor.link("file", in: directory(), as: "hard", in: directory("dir"))
        try FileDescriptor.link("link", in: directory(), as: "hard-link", in: directory())
        try directory().setTimes(of: "dir", accessed: nil, modified: FileTime(seconds: 1_400_000_000))
        try scratch.unpack(try packed(tree))
        #expect(try scratch.tree() == snapshot(of: tree))
        #expect(try scratch.status("dir/hard").linkCount == 2)
    }

    @Test("gives the same bytes, in whatever order the files were made")
    func canonical() throws {
        try makeTree(at: tree, names: Self.names)
        try makeTree(at: scratch.scratch.path("other"), names: Self.names.reversed())
        let bytes = try packed(tree)
        #expect(try packed(scratch.scratch.path("other")) == bytes)
        #expect(
            try entries(bytes).map(\.name) == [
                "block", "char", "dir/", "dir/sub/", "dir/sub/empty/", "dir/z", "dir.txt", "fifo", "file", "link",
            ])
    }

    @Test(
        "can be read by GNU tar and by bsdtar", .enabled(if: isInstalled("/usr/bin/bsdtar"), "needs bsdtar (libarchive-tools)"),
        arguments: [["/usr/bin/tar", "--xattrs", "--xattrs-include=*", "--numeric-owner"], ["/usr/bin/bsdtar", "--xattrs", "--numeric-owner"]])
    func foreignReaders(words: [String]) throws {
        try makeTree(at: tree, names: Self.names)
        try FileDescriptor.link("file", in: directory(), as: "hard", in: directory())
        let archive = scratch.scratch.path("a.tar")
        try FileDescriptor.replaceContents(of: archive, with: try packed(tree))
        try run(words[0], ["-x", "-p", "-f", archive, "-C", scratch.layer] + words.dropFirst())
        #expect(try scratch.tree() == snapshot(of: tree))
    }

    @Test("keeps names as bytes, also long ones and those that look like something else")
    func hostileNames() throws {
        let names: [[UInt8]] = [
            Array("a\nb".utf8), [0x61, 0xFF], Array("e\u{301}".utf8), Array("é".utf8), Array("-rf".utf8), Array(" ".utf8),
            Array(".wh.x".utf8), [UInt8](repeating: 0x6E, count: 255),
        ]
        for name in names { try directory().openChild(PathBytes(name) ?? "", flags: O_WRONLY | O_CREAT).writeAll("\(name)") }
        // 4,081 bytes with the file's name.
        var current = try directory()
        let part = String(repeating: "d", count: 254)
        for _ in 0..<16 {
            try current.makeDirectory(part, mode: 0o755)
            current = try current.openChild(part, flags: O_RDONLY | O_DIRECTORY)
        }
        try current.openChild("f", flags: O_WRONLY | O_CREAT).writeAll("deep")
        let bytes = try packed(tree)
        #expect(try entries(bytes).count == names.count + 17)
        var rules = ExtractionRules()
        rules.readsWhiteouts = false
        _ = try LayerUnpacker.unpack(MemorySource(bytes), into: scratch.root(), rules: rules)
        #expect(try Set(scratch.root().names()) == Set(names.compactMap { PathBytes($0) } + [PathBytes(stringLiteral: part)]))
        #expect(try scratch.root().openChild(PathBytes(names[0]) ?? "").readAll() == Array("\(names[0])".utf8))
        // What nobody can unpack is refused.
        try current.makeDirectory(part)
        let error = #expect(throws: PackingError.self) { try packed(tree) }
        #expect(error?.reason == .pathTooLong)
    }

    @Test("of what an overlay has written gives a layer's whiteouts")
    func changes() throws {
        try directory().makeNode(.whiteout, named: "gone", mode: 0)
        try Directory.create(tree + "/opaque", mode: 0o755)
        try Directory.create(tree + "/merged", mode: 0o755)
        // Overlay makes one whiteout and links it.
        try FileDescriptor.link("gone", in: directory(), as: "gone", in: directory("merged"))
        try directory("opaque").setExtendedAttribute("trusted.overlay.opaque", to: "y".utf8)
        try directory("merged").setExtendedAttribute("trusted.overlay.origin", to: [1])
        try directory("merged").setExtendedAttribute("trusted.overlay.impure", to: "y".utf8)
        // By these a container says nothing: its overlay heeds others.
        try directory("merged").setExtendedAttribute("user.overlay.opaque", to: "y".utf8)
        try directory("merged").setExtendedAttribute("user.kept", to: [1])
        try file("opaque/new")
        let bytes = try packed(tree, PackingRules(.changes))
        let found = try entries(bytes)
        #expect(found.map(\.name) == [".wh.gone", "merged/", "merged/.wh.gone", "opaque/", "opaque/.wh..wh..opq", "opaque/new"])
        #expect(found.flatMap(\.attributes).map(\.name) == ["user.kept"])
        #expect(found.allSatisfy { $0.kind != .hardLink })
        try scratch.unpack(bytes)
        #expect(try scratch.status("gone").isWhiteout)
        #expect(try scratch.status("merged/gone").isWhiteout)
        #expect(try scratch.attribute("trusted.overlay.opaque", of: "opaque") == Array("y".utf8))
        #expect(try scratch.attribute("trusted.overlay.opaque", of: "merged") == nil)
    }

    @Test("of what an overlay has written refuses what a layer can't say", arguments: ["redirect", "metacopy"])
    func refusedAttribute(mark: String) throws {
        try file("f")
        try FileDescriptor.open(tree + "/f").setExtendedAttribute("trusted.overlay.\(mark)", to: "/x".utf8)
        let error = #expect(throws: PackingError.self) { try packed(tree, PackingRules(.changes)) }
        #expect(error == PackingError(.overlayAttribute(PathBytes(stringLiteral: "trusted.overlay.\(mark)")), "f"))
        #expect(try entries(try packed(tree)).flatMap(\.attributes) == [])
    }

    @Test("of what an overlay has written refuses names that would hide others")
    func refusedName() throws {
        try Directory.create(tree + "/d")
        try file("d/.wh.etc")
        let error = #expect(throws: PackingError.self) { try packed(tree, PackingRules(.changes)) }
        #expect(error == PackingError(.whiteoutName, "d/.wh.etc"))
    }

    @Test("gives ids and capabilities as a user namespace has them, and nobody's for what it doesn't have (T-C4)")
    func identities() throws {
        for (name, id) in [("root", 200_000), ("user", 201_000), ("last", 265_535), ("beyond", 265_536), ("host", 0), ("below", 199_999)] as [(String, UInt32)] {
            try file(name)
            try directory().changeOwner(of: name, userID: id, groupID: id)
        }
        let set: [UInt8] = [1, 0, 0, 3, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let (own, other): ([UInt8], [UInt8]) = ([0x40, 0x0D, 3, 0], [0x41, 0x0D, 3, 0])  // 200,000 and the next
        try FileDescriptor.open(tree + "/root").setExtendedAttribute("security.capability", to: set + own)
        try FileDescriptor.open(tree + "/user").setExtendedAttribute("security.capability", to: set + other)
        let rules = PackingRules(.changes, owner: .mapped(IDMap(outsideID: 200_000, size: 65_536)))
        let found = try Dictionary(uniqueKeysWithValues: entries(try packed(tree, rules)).map { ($0.name, $0) })
        let nobody = PackingRules.overflowID
        for (name, id) in [("root", 0), ("user", 1000), ("last", 65_535), ("beyond", nobody), ("host", nobody), ("below", nobody)] as [(PathBytes, UInt32)] {
            #expect(found[name]?.userID == id && found[name]?.groupID == id, "\(name)")
        }
        var plain = set
        plain[3] = 2
        #expect(found["root"]?.attributes == [ExtendedAttribute("security.capability", plain)])
        #expect(found["user"]?.attributes == [])
    }

    @Test("leaves sockets out, and times later than wanted")
    func leftOut() throws {
        try file("f")
        try directory().setTimes(of: "f", accessed: nil, modified: FileTime(seconds: 100, nanoseconds: 5))
        try file("later")
        try #require(mknod(tree + "/socket", S_IFSOCK | 0o600, 0) == 0)
        var rules = PackingRules()
        rules.latestModified = 1000
        let sink = MemorySink()
        #expect(try pack(tree, rules, into: sink).leftOut == 1)
        #expect(try entries(sink.bytes).map { "\($0.name) \($0.modified.seconds).\($0.modified.nanoseconds)" } == ["f 100.0", "later 1000.0"])
        rules.keepsFractionsOfSeconds = true
        #expect(try entries(try packed(tree, rules)).map(\.modified.nanoseconds) == [5, 0])
    }

    @Test("fills up with zeros what a file loses while it is read, and tells of it")
    func shrinkingFile() throws {
        try file("f", String(repeating: "a", count: 2 << 20))
        try file("g", "behind")
        /// Cuts the file when its beginning has come.
        final class Cutter: ByteSink {
            let path: String
            let sink = MemorySink()
            init(_ path: String) { self.path = path }
            func write(_ bytes: Span<UInt8>) throws {
                sink.write(bytes)
                if sink.bytes.count > 1000 { try FileDescriptor.open(path, flags: O_WRONLY).truncate(to: 1000) }
            }
        }
        let cutter = Cutter(tree + "/f")
        let result = try pack(tree, into: cutter)
        #expect(result.shortened == 1)
        try scratch.unpack(cutter.sink.bytes)
        let found = try scratch.contents("f")
        #expect(found.count == 2 << 20 && found.first == UInt8(ascii: "a") && found.last == 0)
        #expect(try scratch.contents("g") == Array("behind".utf8))
    }

    @Test("goes nowhere else while somebody swaps what is in it (T-C1)")
    func swapped() throws {
        try Directory.create(tree + "/d/secret", mode: 0o755)
        try file("d/dir")
        try makeTreeDeep()
        // A process of its own: a task that waits for another one's turn may be what that one waits for.
        let attacker = try Attacker(swapping: "d", in: tree, with: scratch.canary)
        try attacker.confirm()
        for _ in 0..<200 {
            let bytes = try packed(tree)
            #expect(!String(decoding: bytes, as: UTF8.self).contains("HOSTSECRET"))
            _ = try entries(bytes)
        }
        _ = consume attacker
    }

    private func makeTreeDeep() throws {
        try Directory.create(tree + "/d/a/b/c", mode: 0o755)
        for index in 0..<20 { try file("d/a/b/c/\(index)") }
    }
}
