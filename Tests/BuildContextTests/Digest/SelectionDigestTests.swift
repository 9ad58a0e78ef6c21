import BuildContext
import Glibc
import Linux
import TestSupport
import Testing

@Suite("The digest of the files of an instruction")
struct SelectionDigestTests {
    static func sample() throws -> ContextScratch {
        let context = try ContextScratch(["d/a": "A", "d/b": "B", "d/sub/c": "C", "link": .symlink("d/a"), "x": "X"])
        for path in ["d", "d/sub"] { try context.mode(path, 0o755) }
        return context
    }

    static func touch(_ path: String) throws {
        try FileDescriptor.open(path).setTimes(accessed: nil, modified: FileTime(seconds: 1_000_000_000))
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (borrowing ContextScratch) throws -> Void

        init(_ description: String, _ change: @escaping @Sendable (borrowing ContextScratch) throws -> Void) {
            (testDescription, self.change) = (description, change)
        }
    }

    static let different = [
        Change("a file's content") { try $0.add("d/a", "a") },
        Change("a file's mode") { try $0.mode("d/a", 0o755) },
        Change("a set-id bit") { try $0.mode("d/a", 0o4644) },
        Change("a directory's mode") { try $0.mode("d/sub", 0o700) },
        Change("a new file") { try $0.add("d/new", "") },
        Change("a new empty directory") { try $0.add("d/sub/new", .directory) },
        Change("a file that is gone") { try FileDescriptor.removeIfThere($0.path("d/b")) },
        Change("a file's name") { try FileDescriptor.rename($0.path("d/b"), to: $0.path("d/bb")) },
        Change("a symlink's target") {
            try FileDescriptor.removeIfThere($0.path("link"))
            try $0.add("link", .symlink("d/b"))
        },
        Change("a symlink in place of its target") {
            try FileDescriptor.removeIfThere($0.path("d/b"))
            try $0.add("d/b", .symlink("a"))
        },
        Change("a new hard link") {
            let directory = try FileDescriptor.directory($0.path("d"))
            try FileDescriptor.link("a", in: directory, as: "hard", in: directory)
        },
        Change("two files' contents exchanged") {
            try $0.add("d/a", "B")
            try $0.add("d/b", "A")
        },
        Change("a device") {
            try FileDescriptor.directory($0.path("d")).makeNode(
                .characterDevice(major: 1, minor: 3), named: "n", mode: 0o600)
        },
        Change("a capability") {
            // VFS_CAP_REVISION_2, cap_net_raw permitted and effective (linux/capability.h).
            let value: [UInt8] = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
            try FileDescriptor.open($0.path("d/a")).setExtendedAttribute("security.capability", to: value)
        },
    ]

    @Test("tells", arguments: different)
    func tells(change: Change) throws {
        let context = try Self.sample()
        let before = try context.digest()
        try change.change(context)
        #expect(try context.digest() != before)
    }

    static let same = [
        Change("a file's times") { try SelectionDigestTests.touch($0.path("d/a")) },
        Change("a directory's times") { try SelectionDigestTests.touch($0.path("d/sub")) },
        Change("an owner") { try FileDescriptor.open($0.path("d/a")).changeOwner(userID: 7, groupID: 8) },
        Change("an attribute of the user's") {
            try FileDescriptor.open($0.path("d/a")).setExtendedAttribute("user.x", to: [1])
        },
        Change("another copy of the same file") {
            let copy = try FileDescriptor.contents(of: $0.path("d/b"))
            try FileDescriptor.replaceContents(of: $0.path("d/b"), with: copy, mode: 0o644)
        },
        Change("the mode of the directory itself") { try $0.mode("", 0o711) },
        Change("a file that isn't selected") { try $0.scratch.add("outside/new", "") },
    ]

    @Test("doesn't tell", arguments: same)
    func isSilent(change: Change) throws {
        let context = try Self.sample()
        try FileDescriptor.open(context.path("d/b")).changeMode(0o644)
        let before = try context.digest()
        try change.change(context)
        #expect(try context.digest() == before)
    }

    @Test("tells owners where it is asked to")
    func owners() throws {
        let context = try Self.sample()
        let (before, without) = (try context.digest(withOwners: true), try context.digest())
        #expect(before != without)
        try FileDescriptor.directory(context.root).changeOwner(of: "link", userID: 0, groupID: 5)
        #expect(try context.digest(withOwners: true) != before)
        #expect(try context.digest() == without)
    }

    @Test("is the same for the same files made in another order and place")
    func order() throws {
        let names = (0..<500).map { "d\($0 % 7)/f\($0)" }
        let one = try ContextScratch()
        let other = try ContextScratch()
        for name in names { try one.add(name, .file(Array(name.utf8))) }
        for name in names.reversed() { try other.add(name, .file(Array(name.utf8))) }
        #expect(try one.digest() == other.digest())
        #expect(try one.digest(["d1", "d2"]) == other.digest(["d1", "d2"]))
        #expect(try one.digest(["d1", "d2"]) != one.digest(["d2", "d1"]))
    }

    @Test("of nothing is one of its own, and of a file and a directory with the same are different")
    func edges() throws {
        let context = try ContextScratch([
            "d/f": "1", "e/f": "1", "empty": .directory, "f": "1", "big": .file(Array(repeating: 7, count: 700_000)),
        ])
        #expect(try context.digest(["nothing*"]) == context.digest(["empty"]))
        #expect(try context.digest(["d"]) == context.digest(["e"]))
        #expect(try context.digest(["d/f"]) == context.digest(["f"]))
        let big = try context.digest(["big"])
        try FileDescriptor.open(context.path("big"), flags: O_WRONLY).write([8], at: 699_999)
        #expect(try context.digest(["big"]) != big)
    }

    @Test("tells a hard link from a copy")
    func hardLinks() throws {
        let context = try ContextScratch(["a": "X", "b": "X"])
        let copies = try context.digest()
        let root = try FileDescriptor.directory(context.root)
        try root.unlink("b")
        try FileDescriptor.link("a", in: root, as: "b", in: root)
        #expect(try context.digest() != copies)
        // Two sources are copied each for itself.
        let linked = try context.digest(["a", "b"])
        try root.unlink("b")
        try context.add("b", "X")
        #expect(try context.digest(["a", "b"]) == linked)
    }

    @Test("counts, and tells of each entry what has changed in it")
    func observed() throws {
        let context = try Self.sample()
        let before = try Self.entryDigests(context)
        try context.add("d/b", "b")
        let after = try Self.entryDigests(context)
        #expect(before.keys.filter { before[$0] != after[$0] } == ["d/b"])
        try context.mode("d/b", 0o751)
        #expect(try Self.entryDigests(context) == after)
    }

    private static func entryDigests(_ context: borrowing ContextScratch) throws -> [PathBytes: [UInt8]] {
        var all: [PathBytes: [UInt8]] = [:]
        let digest = try context.tree().select(["."]).digest(withOwners: false, cache: FileDigestCache(path: nil)) {
            all[$0.path] = $1
        }
        #expect(digest.entryCount == 7 && digest.size == 4 && digest.bytes.count == 32)
        return all
    }
}
