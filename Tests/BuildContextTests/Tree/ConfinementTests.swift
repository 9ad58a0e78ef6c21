import BuildContext
import Glibc
import Linux
import TestSupport
import Testing

@Suite("Symlinks in a context")
struct ConfinementTests {
    @Test("that are named, or in a named path, are followed inside of it; a file keeps the link's name")
    func inside() throws {
        let context = try ContextScratch([
            "real/f": "F", "l": .symlink("real/f"), "abs": .symlink("/real"), "two": .symlink("abs"),
            "up": .symlink("../../real/f"), "real/back": .symlink("../l"),
        ])
        #expect(try context.paths(["l"]) == ["l"])
        #expect(try context.tree().select(["l"]).text() == "F")
        #expect(try context.paths(["abs"]) == ["back", "f"])
        #expect(try context.paths(["two/f"]) == ["f"])
        // `..` stops at the root.
        #expect(try context.tree().select(["up"]).text() == "F")
        #expect(try context.tree().select(["abs/back"]).sources.map(\.path) == ["real/f"])
        #expect(try context.tree().select(["u*"]).sources.map(\.name) == ["up"])
        #expect(try context.tree().select(["u*"]).text() == "F")
    }

    @Test("in a copied directory are entries themselves, wherever they lead")
    func asTheyAre() throws {
        let context = try ContextScratch([
            "d/out": .symlink("../../../outside/secret"), "d/dangling": .symlink("nowhere"),
        ])
        let entries = try context.tree().select(["d"]).entries()
        #expect(entries.map(\.path) == ["dangling", "out"])
        #expect(entries.map(\.linkTarget) == ["nowhere", "../../../outside/secret"])
    }

    @Test(
        "never lead out of it (T-B1)",
        arguments: [
            "../outside/secret", "../../../../../../outside/secret", "/outside/secret", "/proc/self/root/etc/passwd",
        ])
    func outside(target: String) throws {
        let context = try ContextScratch([
            "link": .symlink(target), "dirlink": .symlink("../outside"), "d/l": .symlink("../../outside"),
        ])
        for source in ["link", "dirlink/secret", "dirlink", "d/l/secret", "*k", "dirlink/*"] as [PathBytes] {
            let found = try? context.tree().select([source])
            #expect(found == nil || found?.sources.isEmpty == true)
        }
        #expect(throws: ContextError.notFound("/link", isIgnored: false)) { try context.tree().select(["link"]) }
        #expect(try ContextTree.contents(of: "link", in: FileDescriptor.directory(context.root)) == nil)
    }

    @Test("that go in circles are an error")
    func circles() throws {
        let context = try ContextScratch(["a": .symlink("b"), "b": .symlink("a"), "self": .symlink("self/x")])
        for source in ["a", "a/x", "self"] as [PathBytes] {
            let error = #expect(throws: ContextError.self) { try context.tree().select([source]) }
            #expect(error == .tooManyLinks(PathBytes(path: "/\(source)")))
        }
    }

    @Test("that somebody swaps with a directory meanwhile lead nowhere else (T-B1)", .timeLimit(.minutes(10)))
    func swapped() throws {
        let context = try ContextScratch(["t/d/secret": "inside", "t/e": "E"])
        let attacker = try Attacker(swapping: "d", in: context.path("t"), with: context.scratch.path("outside"))
        try attacker.confirm()
        let tree = try context.tree()
        var reads = 0
        for _ in 0..<300 {
            for source in ["t/d/secret", "t/d", "t/*/secret", "."] as [PathBytes] {
                // Not found and changed are good answers.
                guard let text = try? tree.select([source]).text() else { continue }
                #expect(!text.contains("HOSTSECRET"))
                if text.contains("inside") { reads += 1 }
            }
        }
        #expect(reads > 0)
    }

    @Test("that somebody swaps with a file meanwhile give nothing else to read (T-B1)", .timeLimit(.minutes(10)))
    func swappedFile() throws {
        let context = try ContextScratch(["t/f": "inside"])
        let attacker = try Attacker(swapping: "f", in: context.path("t"), with: context.scratch.path("outside/secret"))
        try attacker.confirm()
        let (tree, cache) = (try context.tree(), FileDigestCache(path: nil))
        for _ in 0..<300 {
            let text = try? tree.select(["t"]).text()
            #expect(text?.contains("HOSTSECRET") != true)
            _ = try? tree.select(["t/f"]).digest(withOwners: false, cache: cache)
        }
    }
}
