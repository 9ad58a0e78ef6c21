import Glibc
import Linux
import Testing
import TestSupport

@Suite("The build cache", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildCacheTests {
    private static let dockerfile = """
        FROM busybox
        ARG VERSION=1
        WORKDIR /app
        COPY lib lib
        COPY main run ./
        COPY --chown=$VERSION other /other
        """
    private static let context = "mkdir -p lib/sub; echo a > lib/a; echo b > lib/sub/b; echo main > main; echo run > run; echo other > other; echo none > none"
    private static let steps = ["WORKDIR /app", "COPY lib lib", "COPY main run ./", "COPY --chown=1 other /other"]

    /// Builds the image `made`, after a script in the context, which stays from one build to the next.
    private func build(
        _ store: borrowing TestStore, _ change: String = "true", _ text: String = dockerfile, _ words: String...
    ) throws -> [String] {
        let directory = store.scratch.path("again")
        try Directory.create(directory)
        try FileDescriptor.openEmpty(directory + "/Dockerfile", mode: 0o644).writeAll(text)
        try store.shell("set -e; cd '\(directory)'; umask 022; \(change)").expectSuccess()
        return try BuildSteps.made(try store.hako(["build", "-t", "made"] + words + [directory]))
    }

    @Test("has a step remade, and those after it, for what it depends on, and for nothing else")
    func changes() throws {
        let store = try TestStore()
        #expect(try build(store, Self.context) == Self.steps)
        let id = try store.inspect("made", "{{.Id}}")
        #expect(try build(store).isEmpty)
        #expect(try build(store, "touch -d '2001-01-01' main lib lib/a; chown 5:6 run; echo changed > none").isEmpty)
        #expect(try build(store, "true", "# comment\n" + Self.dockerfile.replacing("COPY lib", with: "# comment\ncopy   lib") + "\nLABEL a=b").isEmpty)
        #expect(try build(store, "echo changed > run") == Array(Self.steps[2...]))
        #expect(try build(store, "chmod 755 other") == Array(Self.steps[3...]))
        #expect(try build(store, "chmod 700 lib/sub") == Array(Self.steps[1...]))
        #expect(try build(store, "touch lib/new") == Array(Self.steps[1...]))
        #expect(try build(store, "true", Self.dockerfile, "--build-arg", "VERSION=2") == ["COPY --chown=2 other /other"])
        #expect(try build(store, "true", Self.dockerfile, "--no-cache") == Self.steps)
        #expect(try build(store).isEmpty)
        #expect(try store.inspect("made", "{{.Id}}") != id)
    }

    @Test("has all steps on a base remade whose layers have changed, but for linked ones")
    func base() throws {
        let store = try TestStore()
        let base = { (text: String) in try store.build("FROM busybox\nCOPY <<E /base\n\(text)\nE\n", "-q", "-t", "base") }
        let text = "FROM base\nCOPY a /a\nCOPY --link b /b\n"
        #expect(try base("1").status == 0)
        #expect(try build(store, "echo a > a; echo b > b", text) == ["COPY a /a", "COPY --link b /b"])
        #expect(try store.build("FROM base\nLABEL new=1\n", "-q", "-t", "base").status == 0)
        #expect(try build(store, "true", text).isEmpty)
        #expect(try base("2").status == 0)
        #expect(try build(store, "true", text) == ["COPY a /a"])
        #expect(try store.made("cat /base /a /b") == ["2", "a", "b"])
    }

    @Test("has a COPY of a stage's file remade when that file has changed, and not for the stage's others")
    func stages() throws {
        let store = try TestStore()
        let text = "FROM busybox AS one\nCOPY x y /\nFROM busybox\nCOPY --from=one /x /x\n"
        #expect(try build(store, "echo x > x; echo y > y", text).count == 2)
        #expect(try build(store, "echo changed > y", text) == ["COPY x y /"])
        #expect(try build(store, "echo changed > x", text).count == 2)
        #expect(try build(store, "true", text).isEmpty)
    }

    @Test("keeps layers when images go, until it is pruned, and says what that frees")
    func prune() throws {
        let store = try TestStore()
        let text = "FROM busybox\nCOPY big /big\n"
        #expect(try build(store, "head -c 1000000 /dev/urandom > big", text) == ["COPY big /big"])
        let listed = try store.output("builder", "du")
        #expect(listed.contains("true") && listed.contains("*"), "\(listed)")
        // The image has it: nothing would be free.
        #expect(try store.output("builder", "prune", "-f") == "Total reclaimed space: 0B")
        try store.hako("rmi", "-f", "made").expectSuccess()
        try store.hako("image", "prune", "-af").expectSuccess()
        #expect(try store.output("system", "check") == "The store is whole.")
        let usage = try store.output("system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}")
        #expect(usage.contains("Build Cache 1 0 2.0"), "\(usage)")
        let question = try store.hako("builder", "prune", input: "n\n")
        #expect(question.text.hasPrefix("WARNING! This will remove all dangling build cache."), "\(question)")
        #expect(question.text.contains("COPY big /big") && question.text.contains("This frees 2.0"), "\(question)")
        let pruned = try store.output("builder", "prune", "-f")
        #expect(pruned.hasPrefix("Deleted build cache objects:\n") && pruned.contains("Total reclaimed space: 2.0"), "\(pruned)")
        #expect(try store.output("system", "check") == "The store is whole.")
        try store.expectNothingLeft()
    }

    @Test("is pruned by system prune, after the images, and by filters")
    func filters() throws {
        let store = try TestStore()
        #expect(try build(store, "echo a > a", "FROM busybox\nCOPY a /a\n").count == 1)
        #expect(try store.output("builder", "prune", "-af", "--filter", "until=1h") == "Total reclaimed space: 0B")
        #expect(try store.output("builder", "du", "--filter", "type=exec.cachemount").split(separator: "\n").count == 1)
        #expect(try store.hako("builder", "prune", "-f", "--filter", "until=x").status == 1)
        let asked = try store.hako("system", "prune", "-a", input: "n\n")
        #expect(asked.text.contains("  - all build cache\n") && asked.text.contains("1 of the build cache's layers"), "\(asked)")
        let pruned = try store.output("system", "prune", "-af")
        #expect(pruned.contains("Deleted build cache objects:"), "\(pruned)")
        #expect(try store.output("builder", "du").split(separator: "\n").count == 3)
    }

    @Test("has the directories of cache mounts among what it keeps, but for one in use, and forgets what addresses have answered")
    func cacheMounts() throws {
        let store = try TestStore()
        let mount = "--mount=type=cache,target=/c,id=mine"
        let fill = "head -c 3100000 /dev/urandom > /c/f"
        #expect(try build(store, "true", "FROM busybox\nRUN \(mount) \(fill)\n") == ["RUN \(mount) \(fill)"])
        let filter = ["--filter", "type=exec.cachemount"]
        // The step's monitor lets go of it a moment after the build has ended.
        try waitUntil { try store.output("builder", "du").contains("false") == false }
        let listed = try store.output(["builder", "du", "--verbose"] + filter)
        #expect(listed.contains("Description:    cached mount mine\n") && listed.contains("Size:           3.1MB\n") && listed.contains("Mutable:        true\n"), "\(listed)")
        #expect(try store.output("builder", "du").contains("Total:          3.1"))
        let usage = try store.output("system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}}")
        #expect(usage.contains("Build Cache 2 0 3.1"), "\(usage)")
        let downloads = store.root + "/build-cache/downloads"
        try Directory.create(downloads)
        try FileDescriptor.openEmpty(downloads + "/one", mode: 0o600).writeAll("{}")
        // One that somebody has, as a build does.
        let name = try #require(try FileDescriptor.directory(store.root + "/build-cache/mounts").names().first)
        do {
            let held = try FileDescriptor.directory("\(store.root)/build-cache/mounts/\(name)")
            #expect(try held.tryLockWholeShared())
            #expect(try store.output("builder", "du").contains("false"))
            #expect(try store.output(["builder", "prune", "-f"] + filter) == "Total reclaimed space: 0B")
        }
        #expect(access(downloads + "/one", F_OK) == 0)
        let question = try store.hako("builder", "prune", input: "n\n")
        #expect(question.text.contains("cached mount mine (3"), "\(question)")
        let pruned = try store.output(["builder", "prune", "-f"] + filter)
        #expect(pruned.hasPrefix("Deleted build cache objects:\n") && pruned.contains("Total reclaimed space: 3.1"), "\(pruned)")
        #expect(try FileDescriptor.directory(store.root + "/build-cache/mounts").names().isEmpty)
        #expect(access(downloads + "/one", F_OK) == 0)
        #expect(try store.hako("builder", "prune", "-f").status == 0)
        #expect(access(downloads + "/one", F_OK) != 0)
    }

    @Test("may be pruned under a build, which begins anew where it lacks something", .timeLimit(.minutes(10)))
    func prunedMeanwhile() throws {
        let store = try TestStore()
        let files = "FROM busybox AS files\nRUN echo made > /file\n"
        try store.build(files, "--network", "none", "--output", "type=cacheonly").expectSuccess()
        let wait = "RUN --mount=type=cache,target=/c echo rea''dy; until [ -e /c/go ]; do sleep 0.1; done"
        try store.build(files + "FROM busybox\n\(wait)\nCOPY --from=files /file /file\n", "--call", "targets").expectSuccess()
        let terminal = try Terminal(
            (TestStore.programs ?? "") + "/hako",
            ["hako", "build", "--network", "none", "--progress", "plain", "-t", "made", store.scratch.path("context")],
            environment: store.environment)
        try terminal.wait(for: "ready")
        #expect(try store.output("builder", "prune", "-af").contains("Deleted build cache objects:"))
        let mounts = store.root + "/build-cache/mounts"
        let mount = try #require(try FileDescriptor.directory(mounts).names().first)
        try FileDescriptor.openEmpty("\(mounts)/\(mount)/data/go", mode: 0o644).writeAll("")
        #expect(try terminal.waitForEnd() == 0)
        let shown = String(decoding: terminal.shown, as: UTF8.self)
        #expect(shown.contains(" was removed meanwhile: beginning anew"), "\(shown)")
        #expect(shown.ranges(of: "CACHED").count == 2, "\(shown)")
        #expect(try store.output("run", "--rm", "made", "cat", "/file") == "made")
        #expect(try store.output("system", "check") == "The store is whole.")
    }

    @Test("keeps what was used last, as far as --keep-storage allows")
    func keepStorage() throws {
        let store = try TestStore()
        for name in ["one", "two", "three"] {
            let make = "head -c 1000000 /dev/urandom > \(name)"
            #expect(try build(store, make, "FROM scratch\nCOPY \(name) /\n") == ["COPY \(name) /"])
        }
        try store.hako("image", "prune", "-af").expectSuccess()
        // Each takes twice its size, unpacked and as a blob.
        let pruned = try store.output("builder", "prune", "-af", "--keep-storage", "5mb")
        #expect(pruned.split(separator: "\n").count == 3, "\(pruned)")
        for (name, count) in [("three", 0), ("two", 0), ("one", 1)] {
            #expect(try build(store, "true", "FROM scratch\nCOPY \(name) /\n").count == count)
        }
    }
}

/// What the lines of a build say.
enum BuildSteps {
    /// The instructions that were carried out, of a build's output.
    static func made(_ run: ProgramRun) throws -> [String] {
        try #require(run.status == 0, "\(run)")
        var titles: [Substring: String] = [:]
        var made: [String] = []
        for line in run.error.split(separator: "\n") {
            guard let space = line.firstIndex(of: " "), line.hasPrefix("#") else { continue }
            let (number, text) = (line[..<space], line[line.index(after: space)...])
            if text.hasPrefix("["), let end = text.firstRange(of: "] "), text[..<end.lowerBound].contains("/") {
                titles[number] = titles[number] ?? String(text[end.upperBound...])
            } else if text.hasPrefix("DONE"), let title = titles[number], !title.hasPrefix("FROM ") {
                made.append(title)
            }
        }
        return made
    }
}
