import BuildContext
import Glibc
import Linux
import TestSupport

extension PathBytes {
    /// Of a text that isn't a literal.
    init(path: String) { self = PathBytes(path.utf8) ?? "" }
}

/// A context of a test's own, with a directory beside it that nothing may be read from.
struct ContextScratch: ~Copyable {
    let scratch: Scratch

    init(_ entries: KeyValuePairs<String, Scratch.Entry> = [:]) throws {
        let scratch = try Scratch(["context": .directory, "outside/secret": "HOSTSECRET"])
        for (path, entry) in entries { try scratch.add("context/" + path, entry) }
        self.scratch = scratch
    }

    var root: String { scratch.path("context") }

    func path(_ relative: String) -> String { root + "/" + relative }

    func add(_ path: String, _ entry: Scratch.Entry) throws { try scratch.add("context/" + path, entry) }

    func tree(ignoring patterns: [PathBytes] = []) throws -> ContextTree {
        ContextTree(root: try FileDescriptor.directory(root), ignoring: try PatternList(patterns))
    }

    func mode(_ path: String, _ mode: mode_t) throws {
        try FileDescriptor.open(self.path(path)).changeMode(mode)
    }

    /// The paths that a copy of these sources would make.
    func paths(
        _ sources: [PathBytes], ignoring patterns: [PathBytes] = [], parents: Bool = false, excluding: [PathBytes] = []
    ) throws -> [String] {
        try tree(ignoring: patterns)
            .select(sources, keepingParents: parents, excluding: PatternList(excluding)).paths()
    }

    func digest(_ sources: [PathBytes] = ["."], withOwners: Bool = false) throws -> String {
        try tree().select(sources).digest(withOwners: withOwners, cache: FileDigestCache(path: nil)).hex
    }
}

extension Selection {
    func entries() throws -> [SelectedEntry] {
        var walk = try walk()
        var entries: [SelectedEntry] = []
        while let entry = try walk.next() { entries.append(entry) }
        return entries
    }

    func paths() throws -> [String] { try entries().map { $0.path.description } }

    /// What is in the files, one after another.
    func text() throws -> String {
        var walk = try walk()
        var text = ""
        while let entry = try walk.next() {
            guard entry.status.kind == .regular else { continue }
            text += String(decoding: try walk.file.open().readAll(), as: UTF8.self)
        }
        return text
    }
}
