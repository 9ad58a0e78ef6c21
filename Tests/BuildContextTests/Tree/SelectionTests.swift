import BuildContext
import Glibc
import Linux
import TestSupport
import Testing

@Suite("The sources of an instruction")
struct SelectionTests {
    static func sample() throws -> ContextScratch {
        try ContextScratch([
            "f": "F", "g": "G", ".dot": "D", "d/a": "A", "d/b/c": "C", "d/b/e": .directory, "d.txt": "T", "x/y/f": "Y",
            "x/y/z/f": "Z", "[x]": "B",
        ])
    }

    @Test(
        "are files under their own names, and directories' contents, cleaned against the root",
        arguments: [
            (["f"], ["f"]), (["/f"], ["f"]), (["../f"], ["f"]), (["/../d/../f"], ["f"]), (["./f"], ["f"]),
            (["f/"], ["f"]),
            (["d"], ["a", "b", "b/c", "b/e"]), (["d/"], ["a", "b", "b/c", "b/e"]), (["d/."], ["a", "b", "b/c", "b/e"]),
            (["d/b/c", "f"], ["c", "f"]), (["d/b/e"], []), (["\\[x\\]"], ["[x]"]),
            (["d/b", "f", "d/b"], ["c", "e", "f", "c", "e"]),
        ] as [([PathBytes], [String])])
    func named(sources: [PathBytes], paths: [String]) throws {
        #expect(try Self.sample().paths(sources) == paths)
    }

    @Test("can be all there is, in byte order, a directory before what is in it")
    func everything() throws {
        let expected = [
            ".dot", "[x]", "d", "d/a", "d/b", "d/b/c", "d/b/e", "d.txt", "f", "g", "x", "x/y", "x/y/f", "x/y/z",
            "x/y/z/f",
        ]
        for source in [".", "/", "", "d/.."] as [PathBytes] { #expect(try Self.sample().paths([source]) == expected) }
    }

    @Test(
        "may have wildcards, whose matches come in byte order",
        arguments: [
            // d, f, g and x.
            (["?"], ["a", "b", "b/c", "b/e", "f", "g", "y", "y/f", "y/z", "y/z/f"]),
            (["d*"], ["a", "b", "b/c", "b/e", "d.txt"]), (["*t"], [".dot", "d.txt"]), (["x/*/f"], ["f"]),
            (["*/y/f"], ["f"]), (["x/y/?"], ["f", "f"]), (["nothing*"], []), (["no/such/*"], []), (["f/*"], []),
            (["[[]x]"], ["[x]"]), (["[f-g]"], ["f", "g"]), (["[^a-z.]*"], ["[x]"]),
            (["../[f]"], ["f"]), (["x/**"], ["f", "z", "z/f"]),
        ] as [([PathBytes], [String])])
    func wildcards(sources: [PathBytes], paths: [String]) throws {
        #expect(try Self.sample().paths(sources) == paths)
    }

    @Test("tell where they come from")
    func sourceList() throws {
        let context = try Self.sample()
        let selection = try context.tree().select(["g", "d*", "none*"])
        #expect(selection.sources.map(\.path) == ["g", "d", "d.txt"])
        #expect(selection.sources.map(\.name) == ["g", "", "d.txt"])
        #expect(selection.sources.map(\.argument) == [0, 1, 1])
        #expect(selection.sources.map(\.isDirectory) == [false, true, false])
        #expect(try selection.openSource(0).readAll() == Array("G".utf8))
        #expect(try selection.openSource(1, flags: FileDescriptor.pathOnly).status().kind == .directory)
    }

    @Test(
        "that aren't there are an error in BuildKit's words",
        arguments: [
            ("nope", "\"/nope\": not found"), ("../d/nope", "\"/d/nope\": not found"), ("f/x", "\"/f/x\": not found"),
            ("d/b/../nope/", "\"/d/nope\": not found"),
        ] as [(PathBytes, String)])
    func missing(source: PathBytes, text: String) throws {
        let context = try Self.sample()
        let error = #expect(throws: ContextError.self) { try context.tree().select([source]) }
        #expect(error?.description == text)
    }

    @Test("with a mistake in a wildcard are an error")
    func mistakes() throws {
        let context = try Self.sample()
        #expect(throws: ContextError.invalidPattern(.syntax("[a"))) { try context.tree().select(["d/[a"]) }
    }

    @Test(
        "leave out what is excluded, relative to the source",
        arguments: [
            (["."], ["*"], []), (["."], ["*", "!x/y/f"], ["x", "x/y", "x/y/f"]), (["d"], ["*/c"], ["a", "b", "b/e"]),
            (["d"], ["b"], ["a"]), (["d"], ["d/a"], ["a", "b", "b/c", "b/e"]),
            (["d*"], ["*.txt"], ["a", "b", "b/c", "b/e"]),
            (["d*"], ["d"], ["d.txt"]), (["f"], ["f"], ["f"]),
            (["."], ["**/?", "!d"], [".dot", "[x]", "d", "d/a", "d/b", "d/b/c", "d/b/e", "d.txt"]),
        ] as [([PathBytes], [PathBytes], [String])])
    func excluding(sources: [PathBytes], patterns: [PathBytes], paths: [String]) throws {
        #expect(try Self.sample().paths(sources, excluding: patterns) == paths)
    }

    @Test(
        "keep their parents where that is asked for, from the pivot on",
        arguments: [
            (["x/y/f"], ["x", "x/y", "x/y/f"]), (["x/./y/f"], ["y", "y/f"]), (["./x/y/f"], ["x", "x/y", "x/y/f"]),
            (["**/f"], ["f", "x", "x/y", "x/y/f", "x/y/z", "x/y/z/f"]), (["x/./**/f"], ["y", "y/f", "y/z", "y/z/f"]),
            (["d/b"], ["d", "d/b", "d/b/c", "d/b/e"]), (["x/y/./"], ["f", "z", "z/f"]), (["nothing/*"], []),
            (["*/./b/c"], ["b", "b/c"]), (["d/*", "f"], ["d", "d/a", "d/b", "d/b/c", "d/b/e", "f"]),
        ] as [([PathBytes], [String])])
    func parents(sources: [PathBytes], paths: [String]) throws {
        #expect(try Self.sample().paths(sources, parents: true) == paths)
    }

    @Test(
        "have to be there with their parents too, unless they are wildcards",
        arguments: ["x/nope", "nope/./x", "f/./x"])
    func missingWithParents(source: String) throws {
        let context = try Self.sample()
        #expect(throws: ContextError.self) {
            try context.tree().select([PathBytes(path: source)], keepingParents: true)
        }
    }

    @Test("can be a directory together with itself, as a mount shows it")
    func topDirectory() throws {
        let context = try Self.sample()
        let entries = try context.tree().select(["d/b"], includingTopDirectory: true).entries()
        #expect(entries.map(\.path) == [".", "c", "e"])
        #expect(entries[0].status.kind == .directory)
    }
}
