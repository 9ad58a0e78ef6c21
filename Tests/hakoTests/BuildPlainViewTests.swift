import Builder
import Testing

@testable import hako

@Suite("A build shown in lines")
struct BuildPlainViewTests {
    @Test("has BuildKit's form")
    func form() {
        let build = ToldBuild()
        let view = build.plain
        let (from, run, copy) = (
            ToldBuild.step(2, 1, of: 10, stage: "base", "FROM debian:12"), ToldBuild.step(3, 2, of: 10, stage: "base", "RUN make  install"),
            ToldBuild.step(4, 10, of: 10, stage: "base", "COPY a /a")
        )
        view.show(.started(ToldBuild.load))
        view.show(.finished(ToldBuild.load, .done))
        view.show(.started(from))
        view.show(.note(from, "resolve docker.io/library/debian:12"))
        view.show(.finished(from, .cached))
        view.show(.started(run))
        build.wait(milliseconds: 225)
        view.output(run, "hi\nthe")
        build.wait(milliseconds: 11_000)
        view.output(run, "re\n\n")
        view.output(run, "warning\n", isError: true)
        build.wait(milliseconds: 100_000)
        view.output(run, "end")
        view.show(.finished(run, .done))
        view.show(.started(copy))
        view.show(.finished(copy, .failed("\"/a\": not found")))
        #expect(
            build.text == """
                #1 [internal] load build definition from Dockerfile
                #1 DONE 0.0s

                #2 [base  1/10] FROM debian:12
                #2 resolve docker.io/library/debian:12
                #2 CACHED

                #3 [base  2/10] RUN make  install
                #3 0.225 hi
                #3 11.23 there
                #3 11.23 \n\
                #3 11.23 warning
                #3 111.2 end
                #3 DONE 111.2s

                #4 [base 10/10] COPY a /a
                #4 ERROR: "/a": not found

                """)
    }

    @Test("keeps the lines of a step together while others work, and gives each its turn")
    func turns() {
        let build = ToldBuild()
        let view = build.plain
        let one = ToldBuild.step(1, 1, of: 1, stage: "one", "RUN one")
        let two = ToldBuild.step(2, 1, of: 1, stage: "two", "RUN two")
        view.show(.started(one))
        view.show(.started(two))
        view.output(two, "of two\n")
        view.output(one, "of one\n")
        #expect(build.taken() == "#1 [one 1/1] RUN one\n#1 0.000 of one\n")
        build.wait(milliseconds: 5_000)
        view.refresh()
        #expect(build.taken() == "#1 ...\n\n#2 [two 1/1] RUN two\n#2 0.000 of two\n")
        view.output(one, "more\n")
        #expect(build.taken() == "")
        view.show(.finished(one, .done))
        #expect(build.taken() == "#2 ...\n\n#1 [one 1/1] RUN one\n#1 5.000 more\n#1 DONE 5.0s\n\n#2 [two 1/1] RUN two\n")
        view.show(.finished(two, .cancelled))
        #expect(build.taken() == "#2 CANCELED\n")
    }

    @Test("shows what would steer a terminal in letters, and of a line that is written over the last state")
    func hostile() {
        let build = ToldBuild()
        let view = build.plain
        let run = ToldBuild.step(1, 2, of: 2, "RUN \u{1B}[31mx")
        view.show(.started(run))
        view.output(run, "\u{1B}]0;owned\u{07}\ta\u{9B}1m\u{202E}\n10%\r50%\r100%\r\n\r\n")
        view.show(.output(run, isError: false, bytes: [0xFF, 0xC3]))
        view.show(.output(run, isError: false, bytes: [0xA9, 0x0A]))
        view.output(run, String(repeating: "x", count: 40_000))
        let lines = build.text.split(separator: "\n").map(String.init)
        #expect(
            lines.prefix(5) == [
                #"#1 [2/2] RUN \x1b[31mx"#, #"#1 0.000 \x1b]0;owned\x07"# + "\t" + #"a\u009b1m\u202e"#, "#1 0.000 100%", "#1 0.000 ",
                "#1 0.000 \u{FFFD}é",
            ])
        #expect(lines.count == 7 && lines[6].utf8.count == BuildOutputLines.longestLine + "#1 0.000 ".utf8.count)
    }
}
