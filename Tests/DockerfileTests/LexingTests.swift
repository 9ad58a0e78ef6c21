import Dockerfile
import Testing

@Suite("Lines of a Dockerfile")
struct LexingTests {
    private func command(_ text: String, header: String = "") throws -> String {
        guard case .run(let run) = try Sample.instruction(text, header: header), case .shell(let command) = run.command
        else {
            return "no command"
        }
        return command
    }

    @Test(
        "are joined where an escape character ends them",
        arguments: [
            ("RUN a \\\n  b", "a   b"), ("RUN a \\  \t\nb", "a b"), ("RUN a\\\nb", "ab"),
            ("RUN a \\\n# comment\n\n   # another\nb", "a b"), ("RUN a \\\n\n\nb", "a b"),
            ("RUN echo a \\\\\nRUN b", "echo a \\\\"), ("RUN a # no comment", "a # no comment"), ("RUN a \\", "a"),
            ("\\\nRUN x", "x"), ("RUN a \\\n \\\n b", "a   b"), ("  RUN   x  ", "x"), ("run\tx", "x"),
            ("RUN a \\\nRUN b", "a RUN b"), ("RUN é\\\nñ", "éñ"),
        ])
    func joining(text: String, expected: String) throws { #expect(try command(text) == expected) }

    @Test("mean the same with carriage returns, and behind a byte order mark")
    func lineEnds() throws {
        let text = "# escape=`\nFROM scratch AS a\nRUN a `\n b\nENV A=\"x y\" B=z\nCOPY <<E /\nbody\nE\n"
        let plain = try Dockerfile(parsing: text)
        let dos = try Dockerfile(parsing: text.split(separator: "\n").map { "\($0)\r\n" }.joined())
        #expect(
            dos.stages[0].statements.dropLast().map(\.instruction)
                == plain.stages[0].statements.dropLast().map(\.instruction))
        #expect(dos.directives == plain.directives)
        guard case .copy(let copy) = dos.stages[0].statements[2].instruction else { return Sample.unexpected() }
        #expect(copy.files.heredocs.map(\.text) == ["body\r\n"])
        #expect(try Dockerfile(parsing: [0xEF, 0xBB, 0xBF] + Array(text.utf8)) == plain)
    }

    @Test("keep what they say with another escape character")
    func backtick() throws {
        #expect(try command("RUN dir c:\\a\\\nRUN b", header: "# escape=`\n") == "dir c:\\a\\")
        #expect(try command("RUN a `\n b", header: "#  ESCAPE = ` \n") == "a  b")
    }

    @Test("that begin the file direct the parser until one doesn't")
    func directives() throws {
        let all = try Dockerfile(
            parsing: "# syntax=docker/dockerfile:1 # x\n#escape=`\n# check=skip=UndefinedVar;error=true\nFROM a")
        #expect(all.directives.syntax == "docker/dockerfile:1 # x")
        #expect(all.directives.escape == UInt8(ascii: "`"))
        #expect(all.directives.lintOptions.failsOnFindings)
        #expect(!all.directives.lintOptions.allow(.undefinedVar))
        for before in ["# comment\n", "\n", "# unknown=x\n", "FROM a\n"] {
            #expect(try Dockerfile(parsing: before + "# escape=`\nFROM a\n").directives.escape == UInt8(ascii: "\\"))
        }
    }

    @Test("know where they stand")
    func places() throws {
        let dockerfile = try Dockerfile(
            parsing: "# syntax=x\n\nARG A\n# about b\n# more\nFROM a \\\n  AS b\nRUN <<E\nx\nE\n\n# apart\n\nCMD x\n")
        #expect(dockerfile.globalArguments.map(\.source.lines) == [3...3])
        #expect(dockerfile.stages[0].source.lines == 6...7)
        #expect(dockerfile.stages[0].source.comments == ["about b", "more"])
        #expect(dockerfile.stages[0].source.text == "FROM a   AS b")
        #expect(dockerfile.stages[0].statements.map(\.source.lines) == [8...10, 14...14])
        #expect(dockerfile.stages[0].statements[0].source.text == "RUN <<E")
        #expect(dockerfile.stages[0].statements[1].source.comments.isEmpty)
        #expect(dockerfile.stages[0].statements[1].source.keyword == "CMD")
        #expect(dockerfile.stages[0].statements[1].source.position == Dockerfile.Position(line: 14, column: 1))
    }

    @Test(
        "are shown in the progress with their keyword in upper case",
        arguments: [
            ("run echo  hi", "RUN echo  hi"), ("RUN <<E\nfirst\nsecond\nE", "RUN <<E (first...)"),
            ("RUN <<E\none\nE", "RUN <<E (one)"),
            ("copy a \\\n b", "COPY a  b"), ("RUN cat <<E\nx\nE", "RUN cat <<E"),
        ])
    func titles(text: String, expected: String) throws { #expect(try Sample.statement(text).title == expected) }

    @Test("may be 65,535 bytes long, and no longer")
    func longest() throws {
        let fits = "RUN " + String(repeating: "x", count: 65_531)
        #expect(try command(fits).utf8.count == 65_531)
        let error = Sample.error("FROM a\n" + fits + "x\n")
        #expect(error?.message == "dockerfile line greater than max allowed size of 65535")
        #expect(error?.line == 2)
        #expect(
            Sample.message("FROM a\nCOPY <<E /\n" + fits + "x\nE\n")
                == "dockerfile line greater than max allowed size of 65535")
    }
}
