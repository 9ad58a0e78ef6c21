import Glibc
import Linux
import Synchronization
import TestSupport
import Testing

@testable import BuildContext

@Suite("What is remembered of files")
struct FileDigestCacheTests: ~Copyable {
    let context: ContextScratch

    init() throws {
        context = try ContextScratch(["a": "A", "d/b": "B", "d/c": "C", "e": .directory])
    }

    private var path: String { context.scratch.path("cache") }

    /// With a clock that is ahead, so that files that were just made are old enough to be believed.
    private func cache(ahead seconds: Int64 = 100) -> FileDigestCache {
        FileDigestCache(path: path) {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return FileTime(seconds: Int64(time.tv_sec) + seconds, nanoseconds: Int64(time.tv_nsec))
        }
    }

    private struct Build: Equatable {
        let digest: String
        /// How many files were read for it.
        let read: Int

        init(_ digest: String, _ read: Int) { (self.digest, self.read) = (digest, read) }
    }

    private func build(_ sources: [PathBytes] = ["."], ahead seconds: Int64 = 100) throws -> Build {
        let cache = cache(ahead: seconds)
        let digest = try context.tree().select(sources).digest(withOwners: false, cache: cache)
        try cache.save()
        return Build(digest.hex, cache.filesRead)
    }

    @Test("keeps them from being read again; one that has changed is read alone")
    func hits() throws {
        let first = try build()
        #expect(first.read == 3)
        #expect(try build() == Build(first.digest, 0))
        try context.add("d/b", "b")
        let second = try build()
        #expect(second.read == 1 && second.digest != first.digest)
        #expect(try build() == Build(second.digest, 0))
        #expect(try second.digest == context.digest())
    }

    @Test("is no more believed when anything of a file has changed, times set back or not")
    func changes() throws {
        _ = try build()
        let file = try FileDescriptor.open(context.path("a"), flags: O_RDWR)
        let modified = try file.status().modified
        // The same size and modification time: only the change time tells.
        _ = try file.write([0x61], at: 0)
        try file.setTimes(accessed: nil, modified: modified)
        let second = try build()
        #expect(try second == Build(context.digest(), 1))
        try file.changeMode(0o600)
        #expect(try build().read == 1)
        try FileDescriptor.replaceContents(of: context.path("a"), with: Array("z".utf8), mode: 0o600)
        let last = try build()
        #expect(try last == Build(context.digest(), 1))
    }

    @Test("leaves out what was changed in the moment before it was read")
    func racy() throws {
        // The clock that is right: the files have just been made, or could have been in the same tick.
        let cache = FileDigestCache(path: path) { FileTime(seconds: 0) }
        _ = try context.tree().select(["."]).digest(withOwners: false, cache: cache)
        #expect(cache.filesRead == 3)
        #expect(try !cache.save())
        #expect(try build().read == 3)
        #expect(try build().read == 0)
    }

    @Test("is kept for files that one build doesn't ask for, a month long")
    func age() throws {
        _ = try build()
        try context.add("n1", "")
        #expect(try build(["n1"]).read == 1)
        #expect(try build().read == 0)
        try context.add("n2", "")
        #expect(try build(["n2"], ahead: 20 * 86_400).read == 1)
        try context.add("n3", "")
        #expect(try build(["n3", "a"], ahead: 25 * 86_400).read == 1)
        try context.add("n4", "")
        // d/b, d/c and n1 go, which nobody has asked for since the first day.
        #expect(try build(["n4"], ahead: 40 * 86_400).read == 1)
        #expect(try build(ahead: 40 * 86_400).read == 3)
    }

    @Test("is not written when nothing was learnt")
    func unwritten() throws {
        _ = try build()
        let before = try FileDescriptor.status(of: path).inode
        #expect(try !cache().save())
        _ = try build()
        #expect(try FileDescriptor.status(of: path).inode == before)
    }

    @Test("counts a file with several names once")
    func hardLinks() throws {
        let directory = try FileDescriptor.directory(context.path("d"))
        try FileDescriptor.link("b", in: directory, as: "again", in: FileDescriptor.directory(context.path("e")))
        #expect(try build(["d", "e"]).read == 2)
    }

    @Test("is as nothing when the file is damaged, at whatever byte")
    func damaged() throws {
        let first = try build()
        let good = try FileDescriptor.contents(of: path)
        for index in stride(from: 0, to: good.count, by: 7) {
            var bad = good
            bad[index] ^= 0x10
            try FileDescriptor.replaceContents(of: path, with: bad)
            #expect(FileDigestTable(contentsOf: path) == nil)
        }
        for length in [0, 1, 8, good.count - 8, good.count - 1] {
            try FileDescriptor.replaceContents(of: path, with: good[..<length])
            #expect(FileDigestTable(contentsOf: path) == nil)
        }
        try FileDescriptor.replaceContents(of: path, with: good + [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(FileDigestTable(contentsOf: path) == nil)
        #expect(try build() == Build(first.digest, 3))
        #expect(try build().read == 0)
    }

    @Test("is as nothing when it is another kind of file", arguments: ["directory", "fifo", "symlink", "text"])
    func foreign(kind: String) throws {
        let scratch = try FileDescriptor.directory(context.scratch.root)
        switch kind {
        case "directory": try scratch.makeDirectory("cache")
        case "fifo": try scratch.makeNode(.fifo, named: "cache", mode: 0o600)
        case "symlink": try scratch.makeSymlink(to: "outside/secret", named: "cache")
        default: try context.scratch.add("cache", "HAKO")
        }
        let cache = cache()
        _ = try context.tree().select(["."]).digest(withOwners: false, cache: cache)
        #expect(cache.filesRead == 3)
        if kind == "directory" {
            // It can't be replaced, and that is said.
            #expect(throws: SystemCallError.self) { try cache.save() }
        } else {
            #expect(try cache.save())
            #expect(try build().read == 0)
        }
        #expect(try FileDescriptor.contents(of: context.scratch.path("outside/secret")) == Array("HOSTSECRET".utf8))
    }

    private final class Flag: Sendable {
        let isSet = Atomic(false)
        func set() { isSet.store(true, ordering: .relaxed) }
        var value: Bool { isSet.load(ordering: .relaxed) }
    }

    @Test("is whole after many builds at once", .timeLimit(.minutes(10)))
    func concurrent() async throws {
        for index in 0..<200 { try context.add("many/\(index)", .file(Array("\(index)".utf8))) }
        let (root, path, expected, isBroken) = (context.root, path, try context.digest(), Flag())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    for round in 0..<20 {
                        // Something to be read and written down each time, with the same digest.
                        let file = try FileDescriptor.open("\(root)/many/\(task * 20 + round)")
                        try file.setTimes(accessed: nil, modified: FileTime(seconds: Int64(round)))
                        let cache = FileDigestCache(path: path) { FileTime(seconds: 4_000_000_000) }
                        let tree = ContextTree(root: try FileDescriptor.directory(root))
                        let digest = try tree.select(["."]).digest(withOwners: false, cache: cache)
                        if digest.hex != expected { isBroken.set() }
                        try cache.save()
                        if FileDigestTable(contentsOf: path) == nil { isBroken.set() }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(!isBroken.value)
        #expect(try build().digest == expected)
    }

    @Test("never is half of one state and half of another", .timeLimit(.minutes(10)))
    func changedWhileRead() async throws {
        let contents = [UInt8](arrayLiteral: 1, 2).map { [UInt8](repeating: $0, count: 1 << 20) }
        var states: [FileContent] = []
        for content in contents {
            try context.add("big", .file(content))
            var hasher = FileHasher()
            states.append(try #require(try hasher.content(of: FileDescriptor.open(context.path("big")))).content)
        }
        let (file, isDone) = (context.path("big"), Flag())
        // In place and by rename, as editors do, with pauses in which the file may be remembered.
        async let writer: Void = OwnThread.run {
            var round = 0
            while !isDone.value {
                try FileDescriptor.open(file, flags: O_WRONLY).write(contents[round % 2][...], at: 0)
                if round % 8 == 7 {
                    try FileDescriptor.replaceContents(of: file, with: contents[round / 8 % 2], mode: 0o644)
                }
                if round % 50 == 49 { usleep(300_000) }
                round += 1
            }
        }
        defer { isDone.set() }
        for _ in 0..<300 {
            let cache = FileDigestCache(path: path)
            // That it changes too fast is a good answer.
            _ = try? context.tree().select(["big"]).digest(withOwners: false, cache: cache)
            try cache.save()
        }
        isDone.set()
        try await writer
        let table = FileDigestTable(contentsOf: path) ?? FileDigestTable()
        #expect(table.indices.allSatisfy { states.contains(table[$0].content) })
    }

    @Test("holds 10,000 files")
    func many() throws {
        for directory in 0..<100 {
            try context.add("m/\(directory)", .directory)
            let opened = try FileDescriptor.directory(context.path("m/\(directory)"))
            for file in 0..<100 {
                let made = try opened.openChild("file\(file)", flags: O_WRONLY | O_CREAT, mode: 0o644)
                try made.writeAll("\(directory)\(file)")
            }
        }
        let first = try build()
        #expect(first.read == 10_003)
        #expect(try build() == Build(first.digest, 0))
        try context.add("m/50/file50", "changed")
        #expect(try build().read == 1)
    }
}
