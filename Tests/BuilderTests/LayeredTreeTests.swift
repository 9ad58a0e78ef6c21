import Builder
import Glibc
import Linux
import TestSupport
import Testing

@Suite("Layers looked at without mounting them", .enabled(if: geteuid() == 0, "needs whiteouts, which only root can make"))
struct LayeredTreeTests {
    private func directory(_ scratch: borrowing Scratch, _ path: String) throws -> FileDescriptor {
        try Directory.create(scratch.path(path))
        return try FileDescriptor.directory(scratch.path(path))
    }

    private func tree(_ scratch: borrowing Scratch, _ layers: String...) throws -> LayeredTree {
        try LayeredTree(layers.map { scratch.path($0) })
    }

    private func names(_ resolution: LayeredTree.Resolution) -> String { "/" + resolution.names.map(\.description).joined(separator: "/") }

    @Test("a file hides what is below, a directory is merged, a whiteout and an opaque directory end that")
    func merging() throws {
        let scratch = try Scratch()
        for path in ["low/a/b", "low/gone/x", "low/opaque/old", "low/file", "top/a/c", "top/opaque/new", "top"] {
            try Directory.create(scratch.path(path))
        }
        try directory(scratch, "top").makeNode(.whiteout, named: "gone", mode: 0)
        try directory(scratch, "top/opaque").setExtendedAttribute("trusted.overlay.opaque", to: Array("y".utf8))
        _ = try FileDescriptor.openEmpty(scratch.path("top/file"), mode: 0o640)
        let tree = try tree(scratch, "top", "low")
        for path in ["/a/b", "/a/c", "/opaque/new", "/a/../a/./b"] {
            guard case .directory = try tree.resolve(path.utf8).node else {
                Issue.record("\(path) is no directory")
                continue
            }
        }
        for (path, existing) in [("/gone/x", 0), ("/opaque/old", 1), ("/a/d/e", 1)] {
            guard case .missing(existing) = try tree.resolve(path.utf8).node else {
                Issue.record("\(path) is there")
                continue
            }
        }
        guard case .file(let status, _) = try tree.resolve("/file".utf8).node else { throw Unexpected() }
        #expect(status.permissions == 0o640)
        #expect(throws: SystemCallError.self) { try tree.resolve("/file/x".utf8) }
    }

    @Test("symlinks lead nowhere but into the tree, and end after forty")
    func symlinks() throws {
        let scratch = try Scratch()
        try Directory.create(scratch.path("low/usr/lib"))
        let top = try directory(scratch, "top")
        for (name, target) in [
            ("lib", "usr/lib"), ("out", "../../../../usr"), ("absolute", "/usr"), ("dangling", "/new/place"), ("loop", "loop"), ("chain", "lib"),
        ] { try top.makeSymlink(to: target, named: name) }
        let tree = try tree(scratch, "top", "low")
        let cases = [
            ("/lib", "/usr/lib"), ("/lib/x", "/usr/lib/x"), ("/out", "/usr"), ("/absolute/lib", "/usr/lib"), ("/dangling", "/new/place"),
            ("/chain/../y", "/usr/y"), ("/dangling/../x", "/new/x"), ("/../../usr", "/usr"),
        ]
        for (path, expected) in cases { #expect(names(try tree.resolve(path.utf8)) == expected, "\(path)") }
        #expect(names(try tree.resolve("/lib".utf8, followsLast: false)) == "/lib")
        let error = #expect(throws: SystemCallError.self) { try tree.resolve("/loop".utf8) }
        #expect(error?.errno == Errno(rawValue: ELOOP))
    }

    @Test("random layers are seen as overlayfs shows them", arguments: 0..<8)
    func oracle(_ seed: UInt64) throws {
        let scratch = try Scratch()
        var random = SplitMix(state: seed)
        let layers = try (0..<4).map { try randomLayer(scratch.path("layer\($0)"), &random) }
        for path in ["upper", "work", "merged"] { try Directory.create(scratch.path(path)) }
        let options = "lowerdir=\(layers.joined(separator: ":")),upperdir=\(scratch.path("upper")),workdir=\(scratch.path("work"))"
        let script = """
            mount -t overlay overlay -o '\(options)' '\(scratch.path("merged"))' && cd '\(scratch.path("merged"))' &&
            for a in a b c; do for b in a b c; do for c in a b c; do stat -c '%n %F %a' $a $a/$b $a/$b/$c 2>/dev/null; done; done; done | sort -u
            """
        let shown = try ProgramRun.of("/usr/bin/unshare", ["-m", "--propagation", "private", "sh", "-c", script])
        #expect(shown.status == 0, "\(shown)")
        #expect(try listing(of: LayeredTree(layers)) == shown.text)
    }

    private func listing(of tree: LayeredTree) throws -> String {
        let names = ["a", "b", "c"]
        let paths = names.flatMap { a in [a] + names.flatMap { b in ["\(a)/\(b)"] + names.map { "\(a)/\(b)/\($0)" } } }
        var lines: [String] = []
        for path in paths {
            let resolution: LayeredTree.Resolution
            do { resolution = try tree.resolve(path.utf8) } catch { continue }
            switch resolution.node {
            case .directory(let directory): lines.append("\(path) directory \(String(directory.status?.permissions ?? 0, radix: 8))")
            case .file(let status, _): lines.append("\(path) regular empty file \(String(status.permissions, radix: 8))")
            case .missing: break
            }
        }
        return lines.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.joined(separator: "\n")
    }

    /// Directories, files, whiteouts and opaque directories of the names a, b and c, three levels deep.
    private func randomLayer(_ path: String, _ random: inout SplitMix) throws -> String {
        try Directory.create(path)
        try fill(try FileDescriptor.directory(path), path, depth: 3, &random)
        return path
    }

    private func fill(_ directory: borrowing FileDescriptor, _ path: String, depth: Int, _ random: inout SplitMix) throws {
        for name in ["a", "b", "c"] {
            switch random.next() % 8 {
            case 0...2 where depth > 1:
                try directory.makeDirectory(name, mode: 0o700)
                let child = try FileDescriptor.directory("\(path)/\(name)")
                try child.changeMode([0o755, 0o700, 0o711][Int(random.next() % 3)])
                if random.next() % 4 == 0 { try child.setExtendedAttribute("trusted.overlay.opaque", to: Array("y".utf8)) }
                try fill(child, "\(path)/\(name)", depth: depth - 1, &random)
            case 3, 4: try FileDescriptor.openEmpty("\(path)/\(name)", mode: 0o600).changeMode(0o640)
            case 5: try directory.makeNode(.whiteout, named: name, mode: 0)
            default: break
            }
        }
    }

    private struct Unexpected: Error {}
}
