import Builder
import Engine
import Glibc
import Linux
import TestSupport
import Testing

@Suite("A cache mount", .serialized, .enabled(if: RunFixture.isRunnable, RunFixture.reason))
struct CacheMountTests {
    @Test("keeps what is written from one step to the next, also of one that fails, and under the same id elsewhere")
    func persistence() throws {
        let fixture = try RunFixture()
        try fixture.run(fixture.step("RUN --mount=type=cache,target=/c,id=i,uid=7,gid=8,mode=0750 stat -c '%u %g %a' /c; echo 1 > /c/f; exit 1"))
        #expect(fixture.reporter.text == "7 8 750\n")
        try fixture.run(fixture.step("RUN --mount=type=cache,target=/elsewhere,id=i,ro cat /elsewhere/f; touch /elsewhere/x 2>/dev/null || echo fixed"))
        #expect(fixture.reporter.text == "1\nfixed\n")
        try fixture.run(fixture.step("RUN --mount=type=cache,target=/elsewhere ls -A /elsewhere"))
        #expect(fixture.reporter.text == "")
    }

    @Test("begins with a directory of a stage, and anew where nothing is to be cached")
    func seed() throws {
        let fixture = try RunFixture()
        let stage = try fixture.layer("mkdir -p d/e; echo seed > d/e/f; chown -R 7:8 d; chmod 711 d")
        let lines = "RUN --mount=type=cache,target=/c,from=s,source=d stat -c '%u %g %a' /c; cat /c/e/f; echo other > /c/e/f"
        var step = try fixture.step(lines)
        step.sources[0] = .layers([stage])
        try fixture.run(step)
        #expect(fixture.reporter.text == "7 8 711\nseed\n")
        try fixture.run(step)
        #expect(fixture.reporter.text == "7 8 711\nother\n")
        // Its monitor lets go of it a moment after the end was told; what somebody has isn't begun anew.
        while try CacheDirectories(fixture.engine.paths).entries().contains(where: \.isInUse) {}
        step.usesCache = false
        try fixture.run(step)
        #expect(fixture.reporter.text == "7 8 711\nseed\n")
    }

    @Test("is shared, another's, or waited for while one has it", arguments: ["shared", "private", "locked"])
    func sharing(_ mode: String) throws {
        let fixture = try RunFixture()
        let mount = "--mount=type=cache,target=/c,sharing=\(mode)"
        let first = try fixture.start(fixture.step("RUN \(mount) echo 1 > /c/f; echo up; while [ ! -e /c/go ]; do sleep 0.05; done; echo done > /c/f"))
        while true {
            try #require(try first.advance() == nil)
            if fixture.reporter.text.contains("up") { break }
            var entries = first.descriptors
            try PollEntry.wait(&entries, timeoutMilliseconds: first.pause)
        }
        let directories = CacheDirectories(fixture.engine.paths)
        let entry = try #require(try directories.entries().first)
        #expect(entry.isInUse && entry.id == "/c")
        #expect(try !directories.remove(entry))
        let second = try fixture.start(fixture.step("RUN \(mount) cat /c/f || echo none; touch /c/go"))
        switch mode {
        case "locked":
            for _ in 0..<3 { #expect(try second.advance() == nil && second.descriptors.isEmpty) }
            #expect(fixture.reporter.notes == ["waiting for the cache mount /c"])
            try go(fixture, entry)
            #expect(try fixture.finish(first).exitCode == 0)
            _ = try fixture.finish(second)
            #expect(fixture.reporter.text.hasSuffix("done\n"))
        case "private":
            _ = try fixture.finish(second)
            #expect(fixture.reporter.text.contains("none\n"))
            try go(fixture, entry)
            #expect(try fixture.finish(first).exitCode == 0)
            #expect(try directories.entries().count == 2)
        default:
            _ = try fixture.finish(second)
            #expect(fixture.reporter.text.contains("1\n"))
            #expect(try fixture.finish(first).exitCode == 0)
        }
    }

    private func go(_ fixture: RunFixture, _ entry: CacheDirectories.Entry) throws {
        _ = try FileDescriptor.openEmpty("\(fixture.engine.paths.buildCache)/mounts/\(entry.name)/data/go", mode: 0o644)
    }

    @Test("is listed with its size, and removed")
    func pruning() throws {
        let fixture = try RunFixture()
        try fixture.run(fixture.step("RUN --mount=type=cache,target=/c,id=one head -c 100000 /dev/zero | tr '\\0' x > /c/f"))
        let directories = CacheDirectories(fixture.engine.paths)
        // Its monitor lets go of it a moment after the end was told.
        var entries = try directories.entries()
        while entries.first?.isInUse == true { entries = try directories.entries() }
        let entry = try #require(entries.first)
        #expect(entry.id == "one" && entry.size >= 100_000 && entry.lastUsed > 0)
        #expect(try directories.remove(entry))
        #expect(try directories.entries().isEmpty)
    }
}
