import BuildContext
import Glibc
import Linux
import TestSupport
import Testing

@Suite("A walk over the files of an instruction")
struct SelectionWalkTests {
    @Test("tells kind, mode, device and size of each")
    func kinds() throws {
        let context = try ContextScratch(["d/file": "12345", "d/link": .symlink("file"), "d/sub": .directory])
        let directory = try FileDescriptor.directory(context.path("d"))
        try directory.makeNode(.fifo, named: "fifo", mode: 0o600)
        try directory.makeNode(.characterDevice(major: 1, minor: 3), named: "null", mode: 0o600)
        try #require(mknod(context.path("d/socket"), S_IFSOCK | 0o600, 0) == 0)
        try context.mode("d/file", 0o4711)
        try context.mode("d/sub", 0o1777)

        let entries = try context.tree().select(["d"]).entries()
        #expect(entries.map(\.path) == ["fifo", "file", "link", "null", "socket", "sub"])
        #expect(
            entries.map(\.status.kind) == [.fifo, .regular, .symlink, .characterDevice, .socket, .directory])
        #expect(entries[1].status.permissions == 0o4711 && entries[1].status.size == 5)
        #expect(entries[2].linkTarget == "file")
        #expect(entries[3].status.deviceMajor == 1 && entries[3].status.deviceMinor == 3)
        #expect(entries[5].status.permissions == 0o1777)
        // None of them is opened by a digest but the file.
        _ = try context.digest(["d"])
        // A FIFO that is named, too.
        #expect(try context.tree().select(["d/fifo"]).entries().map(\.status.kind) == [.fifo])
    }

    @Test("tells hard links among the files of one source, and not between sources")
    func hardLinks() throws {
        let context = try ContextScratch(["d/a": "A", "e/b": "B"])
        let directory = try FileDescriptor.directory(context.path("d"))
        try FileDescriptor.link("a", in: directory, as: "z", in: directory)
        try FileDescriptor.link("a", in: directory, as: "k", in: FileDescriptor.directory(context.path("e")))
        let entries = try context.tree().select(["d", "e"]).entries()
        #expect(entries.map(\.path) == ["a", "z", "b", "k"])
        #expect(entries.map(\.hardLink) == [nil, "a", nil, nil])
        #expect(try context.tree().select(["."]).entries().map(\.hardLink) == [nil, nil, "d/a", nil, nil, "d/a"])
    }

    @Test("takes names as bytes")
    func bytes() throws {
        let context = try ContextScratch()
        let raw: [[UInt8]] = [[0xFF, 0x2E], [0xC3, 0xA9], [0x65, 0xCC, 0x81], [0x0A], [0x2A]]
        let names = raw.compactMap { PathBytes($0) }
        let root = try FileDescriptor.directory(context.root)
        for name in names { try root.openChild(name, flags: O_WRONLY | O_CREAT, mode: 0o644).writeAll(name.bytes) }
        let tree = try context.tree()
        let sorted = names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        #expect(try tree.select(["."]).entries().map(\.path) == sorted)
        for name in names where name != "*" {
            let selection = try tree.select([name])
            #expect(try selection.openSource(0).readAll() == name.bytes)
        }
        #expect(try tree.select(["\\*"]).sources.map(\.path) == ["*"])
        let digest = try context.digest()
        try root.unlink(names[0])
        try root.openChild(#require(PathBytes([0xFE, 0x2E])), flags: O_WRONLY | O_CREAT, mode: 0o644).writeAll(
            names[0].bytes)
        #expect(try context.digest() != digest)
    }

    @Test("goes as deep as there are directories")
    func deep() throws {
        let context = try ContextScratch()
        var directory = try FileDescriptor.directory(context.root)
        for _ in 0..<1500 {
            try directory.makeDirectory("dddd", mode: 0o755)
            directory = try directory.openChild("dddd", flags: O_RDONLY | O_DIRECTORY)
        }
        try directory.openChild("f", flags: O_WRONLY | O_CREAT, mode: 0o644).writeAll("deep")
        let entries = try context.tree(ignoring: ["**/x", "!**/y"]).select(["."]).entries()
        #expect(entries.count == 1501)
        #expect(entries.last?.path.bytes.count == 1500 * 5 + 1)
        _ = try context.digest()
    }

    @Test("passes over what goes away meanwhile, and says so when a directory is moved under it")
    func changes() throws {
        let context = try ContextScratch(["a/x": "", "b": "", "c/d/e": "", "elsewhere": .directory])
        var walk = try context.tree().select(["."]).walk()
        #expect(try walk.next()?.path == "a")
        let root = try FileDescriptor.directory(context.root)
        try root.unlink("b")
        #expect(try walk.next()?.path == "a/x")
        #expect(try walk.next()?.path == "c")
        #expect(try walk.next()?.path == "c/d")
        try FileDescriptor.rename(context.path("c/d"), to: context.path("elsewhere/d"))
        #expect(try walk.next()?.path == "c/d/e")
        #expect(throws: ContextError.changed("c/d/e")) { while try walk.next() != nil {} }
    }

    @Test("says which file can't be read, and why", .enabled(if: geteuid() == 0))
    func unreadable() async throws {
        let context = try ContextScratch(["open/f": "F", "closed/f": "F"])
        let root = context.root
        for path in [context.scratch.root, root, root + "/open"] {
            try FileDescriptor.directory(path).changeMode(0o755)
        }
        try FileDescriptor.open(root + "/open/f").changeMode(0)
        let errors = try await OwnThread.run {
            try EffectiveIdentity.run(user: 65534, group: 65534) {
                [Self.failure(root, "open"), Self.failure(root, "closed"), Self.failure(root, "closed/f")]
            }
        }
        #expect(
            errors == [
                "cannot read \"open/f\": permission denied", "cannot read \"closed\": permission denied",
                "cannot read \"closed/f\": permission denied",
            ])
    }

    @Sendable private static func failure(_ root: String, _ source: PathBytes) -> String {
        do {
            let tree = ContextTree(root: try FileDescriptor.directory(root))
            return try tree.select([source]).digest(withOwners: false, cache: FileDigestCache(path: nil)).hex
        } catch { return "\(error)" }
    }
}
