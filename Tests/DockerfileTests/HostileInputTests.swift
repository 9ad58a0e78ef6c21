import Glibc
import Testing

@testable import Dockerfile

@Suite("Hostile Dockerfiles (T-B10)", .timeLimit(.minutes(10)))
struct HostileInputTests {
    private static let isWhole = getenv("HAKO_TEST_ALL") != nil

    /// Marsaglia's xorshift: the same numbers in every run.
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    static let valid = """
        # syntax=docker/dockerfile:1
        # escape=\\
        # check=skip=all
        ARG V=1 W
        FROM --platform=$BUILDPLATFORM img:${V:-2} AS base
        ENV A=1 B="x ${A:+y} z" C='q' \\
            # comment
            D=${A#1}

        RUN --mount=type=cache,target=/c,sharing=locked --mount=type=secret,id=s --network=none make \\
            && make install
        RUN <<-EOF
        \techo $x
        \tEOF
        ONBUILD COPY --from=base <<A <<"B" /d/
        a ${A/1/2}
        A
        b
        B
        FROM base AS other
        COPY --from=base --chown=1:2 --chmod=640 --link --exclude=*.o a [b] /x/
        ADD --checksum=sha256:00 ["http://h/f", "/g h"]
        HEALTHCHECK --interval=5s --retries=3 CMD curl -f http://localhost/ || exit 1
        LABEL a.b="c d" e=f
        EXPOSE 80 8000-8010/udp $P
        VOLUME ["/data", "/x"]
        STOPSIGNAL SIGTERM
        USER $U:g
        WORKDIR w/${V}
        SHELL ["/bin/bash", "-c"]
        ENTRYPOINT ["/bin/x"]
        CMD x y
        MAINTAINER z
        """

    /// Does all that a build does with the bytes; errors are as good as answers.
    private func run(_ bytes: [UInt8]) -> Bool {
        do throws(DockerfileError) {
            let dockerfile = try Dockerfile(parsing: bytes)
            let arguments = try Sample.arguments(dockerfile, given: ["W": "w"])
            let graph = try Dockerfile.StageGraph(dockerfile, arguments: arguments, needsAllStages: true)
            let report = dockerfile.lint(
                graph, arguments: arguments, options: Dockerfile.LintOptions("experimental=all"),
                baseImage: { _ in Dockerfile.BaseImage(environment: ["PATH=/bin"]) },
                isIgnored: { $0.utf8.count % 2 == 0 })
            if let error = report.error { throw error }
            for index in graph.order {
                var scope = Dockerfile.StageScope(arguments, environment: ["PATH=/bin"])
                for statement in graph.nodes[index]?.statements ?? [] {
                    _ = scope.title(of: statement)
                    _ = try scope.evaluate(statement)
                }
            }
            return true
        } catch {
            #expect(!error.message.isEmpty)
            _ = error.excerpt(of: bytes, fileName: "Dockerfile")
            if let line = error.line { #expect(line >= 1 && line <= 1 + bytes.count { $0 == UInt8(ascii: "\n") }) }
            return false
        }
    }

    @Test("of random bytes end in a value or an error")
    func random() {
        var random = Random(state: 0x9E37_79B9_7F4A_7C15)
        for _ in 0..<1_000 {
            let length = Int.random(in: 0...300, using: &random)
            _ = run((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
    }

    @Test("of random pieces of the language end in a value or an error")
    func pieces() {
        let words = [
            "FROM ", "a", " AS ", "RUN ", "COPY ", "ADD ", "ENV ", "ARG ", "ONBUILD ", "--from=", "--mount=",
            "type=cache,", "target=/x",
            "<<", "<<-", "EOF", "\n", "\n", "\n", "\\\n", "\\", "\"", "'", "$", "${", "}", ":-", "#", "%", "/", "*",
            "?", "[", "]", ",",
            "=", " ", "\t", "é", "\r\n", "--", "b", "0", "HEALTHCHECK ", "CMD ", "EXPOSE ", "1-9", "# escape=`\n", "`",
        ]
        var random = Random(state: 0xDEAD_BEEF_CAFE)
        var good = 0
        for _ in 0..<2_000 {
            let count = Int.random(in: 1...60, using: &random)
            let text = "FROM a\n" + (0..<count).map { _ in words.randomElement(using: &random) ?? "" }.joined()
            if run(Array(text.utf8)) { good += 1 }
        }
        // All of them failing would say that nothing was tried.
        #expect(good > 10)
    }

    @Test("that were valid before some bytes changed end in a value or an error")
    func mutations() {
        #expect(run(Array(Self.valid.utf8)))
        var random = Random(state: 42)
        var good = 0
        for _ in 0..<1_000 {
            var bytes = Array(Self.valid.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert("\"'\\$#\n{}[]<= ".utf8.randomElement(using: &random) ?? 0, at: index)
                default: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...40, using: &random)))
                }
            }
            if run(bytes) { good += 1 }
        }
        #expect(good > 10)
    }

    @Test(
        "of many short lines take a time that grows with them",
        arguments: [
            ("RUN x\n", ""), ("# c\n", ""), ("\n", ""), ("FROM a\n", ""), ("RUN <<E\nx\nE\n", ""), ("ENV A=$B\n", ""),
            ("ARG A\n", ""),
            ("x \\\n", ""), ("COPY --from=0 a b\n", "FROM b\n"),
        ])
    func manyLines(line: String, middle: String) {
        let size = Self.isWhole ? 2_000_000 : 30_000
        let text = "FROM a\n" + middle + String(repeating: line, count: size / line.utf8.count)
        _ = run(Array(text.utf8))
    }

    @Test("of 10 MB are read", .enabled(if: isWhole, "takes a minute: HAKO_TEST_ALL=1"))
    func tenMegabytes() throws {
        let dockerfile = try Dockerfile(parsing: "FROM a\n" + String(repeating: "RUN x\n", count: 1_666_666))
        #expect(dockerfile.stages[0].statements.count == 1_666_666)
    }

    @Test(
        "with a line of 65,535 bytes take no time to speak of",
        arguments: [
            "RUN x", "RUN [\"", "RUN [[", "CMD [\"a\",", "ENV A=\"", "ENV a=${", "ENV ${a:-", "ENV A=$", "RUN <<",
            "RUN 1", "RUN <<a ",
            "COPY <<a ", "COPY --x", "COPY a ", "USER ${x/a", "USER \\", "EXPOSE 0-65535 ", "EXPOSE $a", "ARG a ",
            "ENV $a", "RUN --mount=a,",
            "FROM ", "#", "# escape=", "ONBUILD ", "ONBUILD RUN <<", "VOLUME ", "HEALTHCHECK --interval=1h",
            "STOPSIGNAL ", "RUNNN",
            "LABEL \"", "USER $a$b", "RUN \u{301}",
        ])
    func longLine(beginning: String) {
        let unit = beginning.split(separator: " ").last.map(String.init) ?? "x"
        let room = 65_535 - beginning.utf8.count
        let line = beginning + String(repeating: unit, count: room / unit.utf8.count)
        #expect(line.utf8.count <= 65_535)
        _ = run(Array("FROM a\n\(line)\n".utf8))
        let spaced = beginning + String(repeating: " \(unit)", count: room / (unit.utf8.count + 1))
        _ = run(Array("FROM a\n\(spaced)\n".utf8))
    }

    @Test("with many names take a time that grows with them")
    func manyNames() {
        let count = Self.isWhole ? 50_000 : 1_000
        _ = run(Array(("FROM a\n" + (0..<count).map { "ENV A\($0)=$B\($0)\n" }.joined()).utf8))
        _ = run(Array(("FROM a\n" + (0..<count).map { "ARG A\($0)=1\n" }.joined()).utf8))
        _ = run(
            Array(((0..<count).map { "ARG A\($0)\n" }.joined() + (0..<count).map { "FROM b$B\($0)\n" }.joined()).utf8))
        _ = run(Array((0..<count).map { "FROM a AS s\($0)\nCOPY --from=s\(max(0, $0 - 1)) a b\n" }.joined().utf8))
        _ = run(Array(((0..<count).map { "FROM s\($0 - 1) AS s\($0)\n" }.joined()).utf8))
    }
}
