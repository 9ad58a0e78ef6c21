import BuildContext
import Glibc
import Linux
import TestSupport
import Testing

@testable import Builder

@Suite("What a build says of a step that isn't cached")
struct BuildExplanationTests {
    private static let text = "FROM base\nARG V=1\nCOPY src /src\nRUN make"

    private func rehearsal() throws -> Rehearsal {
        var build = try Rehearsal(["src/a": "a", "src/b": "b", "src/d/c": "c"])
        #expect(try build.build(Self.text).explanations == Array(repeating: "nothing is known of an earlier build of this step", count: 2))
        return build
    }

    @Test("names each file, and what of it has changed")
    func files() throws {
        var build = try rehearsal()
        try build.add("src/a", "changed")
        try build.mode("src/d", 0o711)
        try build.remove("src/b")
        try build.add("src/d/e", "new")
        #expect(try build.build(Self.text).explanations == [
            "a: content", "b: removed", "d: mode 0700 → 0711", "d/e: added", "a step before it was made anew: COPY src /src",
        ])
        var other = try Rehearsal(["src/keep": ""])
        try other.build(Self.text)
        for number in 0..<25 { try other.add("src/f\(number)", "") }
        let lines = try other.build(Self.text).explanations
        #expect(lines.count == 22)
        #expect(lines[20] == "5 more files")
    }

    @Test("names the variable, the base, the command, the option")
    func others() throws {
        var build = try rehearsal()
        #expect(try build.build(Self.text, arguments: ["V": "2"]).explanations == ["ARG V was \"1\", is \"2\""])
        let env = Self.text.replacing("RUN", with: "ENV N=x\nRUN")
        #expect(try build.build(env, arguments: ["V": "2"]).explanations == ["ENV N is new: \"x\""])
        #expect(try build.build(Self.text.replacing("ARG V=1\n", with: "")).explanations == [
            "ARG V is gone: it was \"2\"", "ENV N is gone: it was \"x\"",
        ])
        build.base = [try build.newLayer()]
        #expect(try build.build(Self.text).explanations == [
            "the layers of base have changed", "a step before it was made anew: COPY src /src", "ARG V is new: \"1\"",
        ])
        #expect(try build.build(Self.text.replacing("make", with: "make all")).explanations == [
            "the command was \"/bin/sh -c make\", is \"/bin/sh -c make all\"",
        ])
        #expect(try build.build(Self.text.replacing("COPY", with: "COPY --chown=7")).explanations.first == "--chown is new: \"7\"")
    }

    @Test("finds the last build of an instruction that has another number now")
    func moved() throws {
        var build = try rehearsal()
        let explanations = try build.build(Self.text.replacing("COPY", with: "WORKDIR /w\nCOPY")).explanations
        #expect(explanations == [
            "the instruction was \"COPY\", is \"WORKDIR\"", "a step before it was made anew: WORKDIR /w",
            "a step before it was made anew: COPY src /src", "WORKDIR was \"\", is \"/w\"",
        ])
    }

    @Test("knows nothing of a step that was pruned, or of another Dockerfile's")
    func unknown() throws {
        var build = try rehearsal()
        build.origin = "/elsewhere"
        #expect(try build.build(Self.text).made.isEmpty)
        try build.add("src/a", "changed")
        #expect(try build.build(Self.text).explanations.first == "nothing is known of an earlier build of this step")
        try build.store.database.deleteCachedSteps(try build.store.database.cachedSteps().map(\.step.key))
        #expect(try build.build(Self.text).explanations.first == "nothing is known of an earlier build of this step")
    }

    @Test("tells of so many files by their directories, which tell what has changed all the same")
    func large() throws {
        let scratch = try Scratch()
        for number in 0..<400 { try scratch.add("src/d\(number % 4)/\(String(repeating: "n", count: 20))\(number)", "x") }
        let before = try list(scratch)
        try scratch.add("src/d2/new", "y")
        let after = try list(scratch)
        #expect(after.changes(since: try #require(before.fitting(1 << 20))).map(\.description) == ["d2/new: added"])
        let small = try #require(before.fitting(2000))
        #expect(small.entries.count < 20)
        #expect(after.changes(since: small).map(\.description) == ["d2/: content"])
        #expect(before.changes(since: small).isEmpty)
        #expect(before.fitting(20) == nil)
    }

    private func list(_ scratch: borrowing Scratch) throws -> FileList {
        let tree = ContextTree(root: try FileDescriptor.directory(scratch.path("src")))
        return try FileList(try tree.select(["."]), withOwners: true, cache: FileDigestCache(path: nil))
    }

    @Test("is nothing where what was kept is damaged")
    func damaged() throws {
        let scratch = try Scratch(["src/a": "a", "src/ab/c": "b"])
        let (inputs, _) = try Rehearsal(["f": ""]).firstStep("FROM base\nCOPY f /g")
        let record = StepRecord(inputs, files: ["": try list(scratch), "/m": FileList()])
        #expect(StepRecord(record.bytes) == record)
        for length in 0..<record.bytes.count { #expect(StepRecord(Array(record.bytes.prefix(length))) == nil) }
        var random = SplitMix(state: 7)
        for _ in 0..<2000 {
            var bytes = record.bytes
            bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            _ = StepRecord(bytes)
        }
    }
}
