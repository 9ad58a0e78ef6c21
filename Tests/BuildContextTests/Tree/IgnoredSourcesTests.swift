import BuildContext
import Glibc
import Linux
import TestSupport
import Testing

@Suite("Ignored files")
struct IgnoredSourcesTests {
    static func sample() throws -> ContextScratch {
        try ContextScratch([
            "Dockerfile": "", "a.txt": "", "b.txt": "", "dir/k": "", "dir/sub/k": "", "dir/sub/l": "",
            "dir/empty": .directory,
            "link": .symlink("dir/k"), "node/x": "", "p/node/x": "",
        ])
    }

    @Test(
        "are not there for a copy of everything",
        arguments: [
            (["*", "!a.txt"], ["a.txt"]),
            (["*.txt", "dir/sub", "**/node"], ["Dockerfile", "dir", "dir/empty", "dir/k", "link", "p"]),
            (["*", "!dir/sub"], ["dir", "dir/sub", "dir/sub/k", "dir/sub/l"]),
            (["**", "!dir/sub/k"], ["dir", "dir/sub", "dir/sub/k"]),
            (["*", "!dir", "dir/*"], ["dir"]), (["**/node", "dir", "*.txt", "link"], ["Dockerfile", "p"]),
            (["**", "!**/x"], ["node", "node/x", "p", "p/node", "p/node/x"]),
            (["**", "!p/*", "p/node/x"], ["p", "p/node"]), (["**"], []),
        ] as [([PathBytes], [String])])
    func everything(patterns: [PathBytes], paths: [String]) throws {
        #expect(try Self.sample().paths(["."], ignoring: patterns) == paths)
    }

    @Test(
        "can't be named",
        arguments: [
            (["Dockerfile"], "Dockerfile"), (["dir"], "dir/k"), (["dir"], "dir"), (["dir", "!dir/nothing"], "dir"),
            (["dir/k"], "link"), (["link"], "link"),
        ] as [([PathBytes], PathBytes)])
    func named(patterns: [PathBytes], source: PathBytes) throws {
        let context = try Self.sample()
        let error = #expect(throws: ContextError.self) { try context.tree(ignoring: patterns).select([source]) }
        #expect(error == .notFound(PathBytes(path: "/\(source)"), isIgnored: true))
    }

    @Test(
        "don't match wildcards",
        arguments: [
            (["dir", "b.txt", "link"], "*", ["Dockerfile", "a.txt", "x", "node", "node/x"]),
            (["*", "!dir/sub/k"], "*", ["sub", "sub/k"]),
            (["dir/sub"], "dir/s*", []), (["*.txt"], "*.txt", []),
        ] as [([PathBytes], PathBytes, [String])])
    func wildcards(patterns: [PathBytes], source: PathBytes, paths: [String]) throws {
        #expect(try Self.sample().paths([source], ignoring: patterns) == paths)
    }

    @Test("come back where a pattern takes something below them back")
    func takenBack() throws {
        let context = try Self.sample()
        #expect(try context.paths(["dir"], ignoring: ["dir", "!dir/sub/k"]) == ["sub", "sub/k"])
        #expect(try context.paths(["dir/sub/k"], ignoring: ["dir", "!dir/sub/k"]) == ["k"])
        let withParents = try context.paths(["dir/**/k"], ignoring: ["dir", "!dir/sub/k"], parents: true)
        #expect(withParents == ["dir", "dir/sub", "dir/sub/k"])
    }

    @Test(
        "in a directory that is ignored as a whole aren't even looked for",
        arguments: [
            (["node"], false), (["**/node", "!dir/x"], false), (["node", "!**/x"], true),
        ] as [([PathBytes], Bool)])
    func pruning(patterns: [PathBytes], isOpened: Bool) throws {
        let context = try Self.sample()
        let watch = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        let events = FileDescriptor(adopting: watch)
        #expect(inotify_add_watch(watch, context.path("node"), UInt32(IN_OPEN)) >= 0)
        _ = try context.paths(["."], ignoring: patterns)
        // Nothing to read is EAGAIN.
        let seen = try? events.read(upTo: 4096)
        #expect((seen != nil) == isOpened)
    }

    @Test("are listed beside the Dockerfile, else in the root; links are followed inside of the context only")
    func ignoreFiles() throws {
        let context = try ContextScratch([
            ".dockerignore": "a", "docker/D.dockerignore": "b", "out.dockerignore": .symlink("../outside/secret"),
        ])
        let root = try FileDescriptor.directory(context.root)
        #expect(try ContextTree.ignorePatterns(in: root, dockerfile: "docker/D") == PatternList(["b"]))
        #expect(try ContextTree.ignorePatterns(in: root, dockerfile: "Dockerfile") == PatternList(["a"]))
        #expect(try ContextTree.ignorePatterns(in: root, dockerfile: nil) == PatternList(["a"]))
        #expect(try ContextTree.ignorePatterns(in: root, dockerfile: "out") == PatternList(["a"]))
        try context.add(".dockerignore", "x\n!\n")
        #expect(throws: ContextError.invalidPattern(.loneExclamationMark)) {
            try ContextTree.ignorePatterns(in: root, dockerfile: nil)
        }
    }

    @Test("list nothing where there is no list")
    func noIgnoreFile() throws {
        let context = try ContextScratch()
        #expect(
            try ContextTree.ignorePatterns(in: FileDescriptor.directory(context.root), dockerfile: "Dockerfile").isEmpty
        )
    }
}
