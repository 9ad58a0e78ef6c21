import Glibc
import Linux
import OCI
import Testing
import TestSupport

@Suite("What a build shows", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildDisplayTests {
    /// Without times and digests.
    private static func masked(_ text: String) throws -> String {
        try ProgramRun.of(
            "/bin/sed", ["-E", "s/sha256:[0-9a-f]{64}/ID/g; s/([ #])[0-9]+\\.[0-9]+(s?)$/\\1T\\2/; s/^(#[0-9]+) [0-9]+\\.[0-9]+ /\\1 T /"],
            input: Array(text.utf8)
        ).output
    }

    @Test("on a pipe is what BuildKit shows, on standard error")
    func plain() throws {
        let store = try TestStore(images: [])
        let run = try store.build("FROM scratch AS base\nCOPY a /a\nFROM base\nENV a b\nCOPY a /b\n", context: "touch a", "-t", "made")
        #expect(run.status == 0 && run.output.isEmpty, "\(run)")
        let shown = try Self.masked(run.error)
        #expect(
            shown == """
                #1 [internal] load build definition from Dockerfile
                #1 DONE Ts

                #2 [base 1/1] COPY a /a
                #2 DONE Ts

                #3 [stage-1 1/1] COPY a /b
                #3 DONE Ts

                #4 exporting to image
                #4 writing image ID done
                #4 naming to docker.io/library/made:latest done
                #4 DONE Ts

                 1 warning found (use hako build --check to expand):
                 - LegacyKeyValueFormat: "ENV key=value" should be used instead of legacy "ENV key value" format (line 4)

                """, "\(shown)")
        for style in ["none", "quiet"] {
            let run = try store.build("FROM scratch\nENV a b\n", "--progress", style)
            #expect(run.status == 0 && run.error.isEmpty && run.output.isEmpty == (style == "none"), "\(style): \(run)")
        }
    }

    @Test("of a failure is the step, the place in the Dockerfile, and the reason; it ends with 1")
    func failure() throws {
        let store = try TestStore(images: [])
        let run = try store.build("FROM scratch\nLABEL a=b\nCOPY nope /a\n")
        #expect(run.status == 1, "\(run)")
        let shown = try Self.masked(run.error)
        #expect(
            shown.contains(
                """
                #2 [1/1] COPY nope /a
                #2 ERROR: failed to compute cache key: failed to calculate checksum of
                """), "\(shown)")
        #expect(
            shown.contains(
                """
                ------
                 > [1/1] COPY nope /a:
                ------
                Dockerfile:3
                --------------------
                   1 |     FROM scratch
                   2 |     LABEL a=b
                   3 | >>> COPY nope /a
                   4 |     \n\
                --------------------
                hako: failed to build: failed to solve: failed to compute cache key: failed to calculate checksum of
                """), "\(shown)")
        #expect(shown.contains("\"/nope\": not found"))
    }

    @Test("in JSON is a line for each change, and nothing else")
    func json() throws {
        let store = try TestStore(images: [])
        let run = try store.build("FROM scratch\nENV a b\n", "--progress", "rawjson")
        #expect(run.status == 0 && run.output.isEmpty, "\(run)")
        let lines = try run.error.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
        #expect(lines.first?["vertexes"]?[0]?["name"]?.string == "[internal] load build definition from Dockerfile")
        #expect(lines.contains { $0["warnings"] != nil })
        #expect(lines.last?["vertexes"]?[0]?["completed"]?.string != nil)
    }

    @Test("on a terminal is drawn in place in its width, in colours unless NO_COLOR forbids them", .timeLimit(.minutes(10)))
    func live() throws {
        let store = try TestStore(images: [])
        try store.build("FROM scratch\nCOPY a /a\n", context: "touch a", "-q").expectSuccess()
        func shown(_ environment: [String: String]) throws -> String {
            let terminal = try Terminal(
                (TestStore.programs ?? "") + "/hako", ["hako", "build", "-t", "made", store.scratch.path("context")],
                environment: store.environment.merging(environment) { $1 }, size: WindowSize(rows: 20, columns: 50))
            #expect(try terminal.waitForEnd() == 0)
            return String(decoding: terminal.shown, as: UTF8.self)
        }
        let colored = try shown([:])
        let last = try #require(colored.components(after: "\u{1B}[?25l").last)
        #expect(last.contains("FINISHED") && last.contains("\u{1B}[34m => [internal] load build definition from Do"), "\(colored)")
        #expect(colored.hasSuffix("\u{1B}[?7h\u{1B}[?25h"), "\(colored)")
        #expect(try !shown(["NO_COLOR": "1"]).contains("\u{1B}[34m"))
        let dumb = try shown(["TERM": "dumb"])
        #expect(dumb.hasPrefix("#1 [internal]") && !dumb.contains("\u{1B}"), "\(dumb)")
    }

    @Test("of a RUN that fails is what it printed last, in lines that steer nothing")
    func failedRun() throws {
        let store = try TestStore()
        let run = try store.build(
            "FROM busybox\nRUN echo one; printf '\\033[2Jtwo\\n' >&2; exit 3\n", "--network", "none", "--progress", "plain")
        #expect(run.status == 1 && !run.error.contains("\u{1B}"), "\(run)")
        let shown = try Self.masked(run.error)
        #expect(shown.contains("[2/2] RUN echo one; "), "\(shown)")
        #expect(shown.contains(" T one\n") && shown.contains(" T \\x1b[2Jtwo\n"), "\(shown)")
        #expect(shown.contains("\nDockerfile:2\n--------------------\n   1 |     FROM busybox\n   2 | >>> RUN echo one; "), "\(shown)")
        #expect(
            shown.hasSuffix("did not complete successfully: exit code: 3. `hako build --debug` keeps the state that it left as an image.\n"), "\(shown)")
    }

    @Test("of one that the user stops is that it was cancelled, and the terminal is as it was", .timeLimit(.minutes(10)))
    func stopped() throws {
        let store = try TestStore()
        try store.build("FROM busybox\nRUN echo ready; sleep 1000\n", "--call", "targets").expectSuccess()
        let terminal = try Terminal(
            (TestStore.programs ?? "") + "/hako", ["hako", "build", "--network", "none", store.scratch.path("context")],
            environment: store.environment, size: WindowSize(rows: 20, columns: 60))
        try terminal.wait(for: " => => # ready")
        try terminal.type("\u{03}")
        #expect(try terminal.waitForEnd() == 130)
        let shown = String(decoding: terminal.shown, as: UTF8.self)
        let last = try #require(shown.components(after: "\u{1B}[?7h\u{1B}[?25h").last)
        #expect(last == "hako: failed to build: failed to solve: Canceled: context canceled\r\n", "\(shown)")
        #expect(shown.contains(" => CANCELED [2/2] RUN echo ready"), "\(shown)")
        // The step's monitor cleans up behind the answer.
        try waitUntil { try store.hako("system", "check").text == "The store is whole." }
        #expect(try store.output("system", "check") == "The store is whole.")
    }
}

extension String {
    /// What stands behind each occurrence of a text, up to the next.
    fileprivate func components(after text: String) -> [String] {
        split(separator: text, omittingEmptySubsequences: false).dropFirst().map(String.init)
    }
}
