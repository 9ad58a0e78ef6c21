import Builder
import Testing

@testable import Dockerfile
@testable import hako

@Suite("What is said of a failed build")
struct BuildFailureTextTests {
    private static let file = Array("FROM busybox\n\tRUN make &&\\\n  exit 3\nCOPY a /a\n".utf8)

    @Test("shows the step with its last lines, and where it is written")
    func step() {
        let step = ToldBuild.step(3, 2, of: 3, "RUN make &&  exit 3")
        var error = BuildError("process \"/bin/sh -c make &&  exit 3\" did not complete successfully: exit code: 3", lines: 2...3)
        error.exitCode = 3
        #expect(
            BuildFailureText.step(error, .init(step: step, lines: ["0.100 one", "0.200 two"])) == """
                ------
                 > [2/3] RUN make &&  exit 3:
                0.100 one
                0.200 two
                ------

                """)
        #expect(
            BuildFailureText.place(error, file: Self.file, fileName: "Dockerfile") == """
                Dockerfile:2
                --------------------
                   1 |     FROM busybox
                   2 | >>> \tRUN make &&\\
                   3 | >>>   exit 3
                   4 |     COPY a /a
                --------------------

                """)
        let message = "failed to build: failed to solve: \(error.message)"
        #expect(
            BuildFailureText.message(error, isKept: false)
                == message + ". `\(HakoProgram.name) build --debug` keeps the state that it left as an image.")
        #expect(BuildFailureText.message(error, isKept: true) == message)
        error.advice = "Do it."
        #expect(BuildFailureText.message(error, isKept: true) == message + ". Do it.")
    }

    @Test("shows the output that an error brings where none was seen, without what steers a terminal")
    func ownOutput() {
        var error = BuildError("it failed")
        error.output = Array("a\n\u{1B}[2Jb".utf8)
        let step = ToldBuild.step(1, 1, of: 1, "RUN x")
        #expect(BuildFailureText.step(error, .init(step: step, lines: [])) == "------\n > [1/1] RUN x:\na\n\\x1b[2Jb\n------\n")
    }

    @Test("marks the column of a mistake, and proposes what was meant")
    func mistake() throws {
        let file = Array("FROM scratch\nCOPY\t--chwon=1 a /b\n".utf8)
        var error = BuildError("x")
        error.mistake = #expect(throws: DockerfileError.self) { try Dockerfile(parsing: file) }
        #expect(BuildFailureText.step(error, nil) == "")
        #expect(
            BuildFailureText.place(error, file: file, fileName: "Dockerfile") == """
                Dockerfile:2
                --------------------
                   1 |     FROM scratch
                   2 | >>> COPY\t--chwon=1 a /b
                     |         \t^ did you mean chown?
                   3 |     \n\
                --------------------

                """)
    }

    @Test("counts warnings, and shows all of them where that is wanted")
    func warnings() {
        let findings = [
            Dockerfile.LintFinding(rule: .legacyKeyValueFormat, text: "one \u{1B}", lines: 2...2),
            Dockerfile.LintFinding(rule: .undefinedVar, text: "two", lines: 3...3),
        ]
        func text(_ findings: [Dockerfile.LintFinding], expanded: Bool = false, isColored: Bool = false) -> String {
            BuildFailureText.warnings(
                findings, expanded: expanded, isColored: isColored, file: Array("FROM a\nENV a b\n".utf8), fileName: "Dockerfile")
        }
        let hint = "(use \(HakoProgram.name) build --check to expand):"
        #expect(text([]) == "")
        #expect(
            text(findings)
                == "\n 2 warnings found \(hint)\n - LegacyKeyValueFormat: one \\x1b (line 2)\n - UndefinedVar: two (line 3)\n")
        #expect(text([findings[1]], isColored: true).hasPrefix("\n\u{1B}[33m 1 warning found \(hint)\u{1B}[0m\n"))
        #expect(
            text([findings[0]], expanded: true) == "\n" + """
                 1 warning found:
                 - LegacyKeyValueFormat: one \\x1b (line 2)
                Legacy key/value format with whitespace separator should not be used
                More info: https://docs.docker.com/go/dockerfile/rule/legacy-key-value-format/
                Dockerfile:2
                --------------------
                   1 |     FROM a
                   2 | >>> ENV a b
                   3 |     \n\
                --------------------

                """ + "\n")
    }
}
