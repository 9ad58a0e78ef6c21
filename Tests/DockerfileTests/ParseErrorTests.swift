import Dockerfile
import Testing

@Suite("Mistakes in Dockerfiles")
struct ParseErrorTests {
    /// What the message begins with when the file is taken apart already.
    private static func judged(_ line: Int, _ text: String) -> String {
        "dockerfile parse error on line \(line): \(text)"
    }

    @Test(
        "of form are told in BuildKit's words, with their place",
        arguments: [
            ("", "the Dockerfile cannot be empty", nil, nil), ("# only\n\n", "file with no instructions", 2, 1),
            ("ARG A\n", "dockerfile contains no stages to build", 1, 1),
            ("RUN x\n", "no build stage in current context", 1, 1),
            ("# escape=x\nFROM a", "invalid escape token 'x' does not match ` or \\", 1, 1),
            ("# escape=`\n# escape=`\nFROM a", "only one escape parser directive can be used", 2, 1),
            ("# check=foo=1\nFROM a", "failed to parse check options: invalid check option \"foo\"", 1, 1),
            ("FROM a\nENV x\n", "ENV must have two arguments", 2, 5),
            ("FROM a\nLABEL x\n", "LABEL must have two arguments", 2, 7),
            ("FROM a\nENV a=b c\n", "Syntax error - can't find = in \"c\". Must be of the form: name=value", 2, 9),
            ("FROM a\nRUN [\"a\",1]\n", "when using JSON array syntax, arrays must be comprised of strings only", 2, 5),
            (
                "FROM a\nCOPY \\\n  [null, \"b\"]",
                "when using JSON array syntax, arrays must be comprised of strings only", 3, 3
            ),
            ("FROM a\nRUN x && \\\n cat <<EOF\nhi\n", "unterminated heredoc", 3, 6),
            ("FROM a\nONBUILD COPY <<EOF /\nhi\n", "unterminated heredoc", 2, 14),
            ("FROM a\nRUN a\0b", "the Dockerfile holds a NUL byte", 2, 6),
        ] as [(String, String, Int?, Int?)])
    func form(text: String, message: String, line: Int?, column: Int?) {
        let error = Sample.error(text)
        #expect(error?.message == message)
        #expect(error?.line == line)
        #expect(error?.column == column)
    }

    @Test(
        "of meaning are told in BuildKit's words, with line and column",
        arguments: [
            ("RUNN x", "unknown instruction: RUNN (did you mean RUN?)", 1),
            ("ruun x", "unknown instruction: ruun (did you mean run?)", 1),
            ("  FOOBAR", "unknown instruction: FOOBAR", 3),
            ("COPI a b", "unknown instruction: COPI (did you mean COPY?)", 1),
            ("COPY --chwon=1 a b", "unknown flag: --chwon (did you mean chown?)", 6),
            ("COPY --from=x --chown a b", "missing a value on flag: --chown", 15),
            ("COPY --chown=1 --chown=2 a b", "duplicate flag specified: --chown", 16),
            ("COPY --link=yes a b", "expecting boolean value for flag --link, not: yes", 6),
            ("COPY --link= a b", "missing a value on flag: --link", 6), ("CMD --foo", "unknown flag: --foo", 5),
            ("ADD --from=x a b", "unknown flag: --from", 5), ("ARG --x a", "unknown flag: --x", 5),
            (
                "COPY a",
                "COPY requires at least two arguments, but only one was provided. Destination could not be determined",
                6
            ),
            (
                "ADD",
                "ADD requires at least two arguments, but only one was provided. Destination could not be determined", 1
            ),
            ("COPY a <<E\nx\nE", "COPY cannot accept a heredoc as a destination", 8),
            ("ENV =x", "ENV names can not be blank", 5), ("LABEL =x", "LABEL names can not be blank", 7),
            ("ARG =x", "ARG names can not be blank", 5), ("ENV", "ENV requires at least one argument", 1),
            ("ARG", "ARG requires at least one argument", 1), ("EXPOSE", "EXPOSE requires at least one argument", 1),
            ("VOLUME", "VOLUME requires at least one argument", 1),
            ("SHELL []", "SHELL requires at least one argument", 1),
            ("VOLUME [\"a\", \" \"]", "VOLUME specified can not be an empty string", 8),
            ("WORKDIR", "WORKDIR requires exactly one argument", 1), ("USER", "USER requires exactly one argument", 1),
            ("STOPSIGNAL", "STOPSIGNAL requires exactly one argument", 1),
            ("MAINTAINER", "MAINTAINER requires exactly one argument", 1),
            ("SHELL sh -c", "SHELL requires the arguments to be in JSON form", 7),
            ("RUN []", "arguments are required", 1), ("ONBUILD", "ONBUILD requires at least one argument", 1),
            ("ONBUILD ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", 9),
            ("ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger", 9),
            ("onbuild maintainer x", "MAINTAINER isn't allowed as an ONBUILD trigger", 9),
            ("HEALTHCHECK", "HEALTHCHECK requires at least one argument", 1),
            ("HEALTHCHECK NONE x", "HEALTHCHECK NONE takes no arguments", 18),
            ("HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD", 13),
            ("HEALTHCHECK CMD []", "Missing command after HEALTHCHECK CMD", 13),
            ("HEALTHCHECK foo x", "Unknown type \"FOO\" in HEALTHCHECK (try CMD)", 13),
            ("HEALTHCHECK --interval=1us CMD x", "Interval \"interval\" cannot be less than 1ms", 13),
            ("HEALTHCHECK --timeout=5 CMD x", "time: missing unit in duration \"5\"", 13),
            ("HEALTHCHECK --timeout=5d CMD x", "time: unknown unit \"d\" in duration \"5d\"", 13),
            ("HEALTHCHECK --timeout=. CMD x", "time: invalid duration \".\"", 13),
            ("HEALTHCHECK --retries=x CMD x", "strconv.ParseInt: parsing \"x\": invalid syntax", 13),
            ("HEALTHCHECK --retries=-1 CMD x", "--retries cannot be negative (-1)", 13),
            ("FROM a b", "FROM requires either one or three arguments", 8),
            ("FROM", "FROM requires either one or three arguments", 1),
            ("FROM a on b", "FROM requires either one or three arguments", 8),
            (
                "FROM a AS 1a",
                "invalid name for build stage: \"1a\", name can't start with a number or contain symbols", 11
            ),
            (
                "FROM a AS b/c",
                "invalid name for build stage: \"b/c\", name can't start with a number or contain symbols", 11
            ),
            ("RUN --network=foo x", "invalid network mode \"foo\"", 5),
            ("RUN --network=hots x", "invalid network mode \"hots\" (did you mean host?)", 5),
            ("RUN --security=foo x", "security \"foo\" is not valid", 5),
            ("RUN --device=x y", "the flag --device isn't supported: a build step gets no devices", 5),
            ("RUN --mount=from=$x x", "'from' doesn't support variable expansion, define alias stage instead", 5),
            (
                "RUN --mount='a,\"b' x",
                "failed to parse csv mounts: parse error on line 1, column 5: extraneous or missing \" in quoted-field",
                5
            ),
            ("RUN --mount= x", "failed to parse csv mounts: EOF", 5),
            ("RUN cat <<E\n\u{0}\nE", "the heredoc E isn't UTF-8 text", 1),
        ] as [(String, String, Int)])
    func meaning(text: String, message: String, column: Int) {
        let error = Sample.error("FROM scratch\n" + text)
        #expect(error?.message == Self.judged(2, message))
        #expect(error?.line == 2)
        #expect(error?.column == column)
        let end = 1 + text.utf8.count { $0 == UInt8(ascii: "\n") } + 1
        #expect(error?.lines == [2...end])
    }

    @Test("propose a fix that can be taken alone")
    func suggestion() {
        #expect(Sample.error("FROM a\nRUNN x")?.suggestion == "RUN")
        #expect(Sample.error("FROM a\nCOPY --chwon=1 a b")?.suggestion == "chown")
        #expect(Sample.error("FROM a\nRUN []")?.suggestion == nil)
    }

    @Test("are found in stages that nobody needs")
    func unusedStages() {
        #expect(
            Sample.message("FROM a AS unused\nRUNN x\nFROM b\n")
                == Self.judged(2, "unknown instruction: RUNN (did you mean RUN?)"))
    }

    @Test("in bytes that are no text are told with their place; comments may hold anything")
    func encoding() {
        func error(_ bytes: [UInt8]) -> DockerfileError? {
            do throws(DockerfileError) { _ = try Dockerfile(parsing: bytes) } catch { return error }
            return nil
        }
        #expect(
            error(Array("# M".utf8) + [0xFC] + Array("ller\nFROM a\nRUN x \\\n# ".utf8) + [0xFF] + Array("\n y\n".utf8))
                == nil)
        let refused = error(Array("FROM a\nRUN é".utf8) + [0xFC, 0x0A])
        #expect(refused?.message == "the Dockerfile isn't UTF-8 text")
        #expect(refused?.position == Dockerfile.Position(line: 2, column: 6))
        #expect(error(Array("FROM a\nCOPY <<E /\n".utf8) + [0, 0xFF, 0x0A] + Array("E\n".utf8)) == nil)
    }

    @Test("show the lines around them as BuildKit does")
    func excerpts() throws {
        let rule = "--------------------\n"
        let first = "FROM bb\nRUNN x\nRUN y\n"
        #expect(
            Sample.error(first)?.excerpt(of: Array(first.utf8), fileName: "Dockerfile")
                == "Dockerfile:2\n" + rule + "   1 |     FROM bb\n   2 | >>> RUNN x\n   3 |     RUN y\n   4 |     \n"
                + rule)
        let third = "FROM bb\r\n\r\n\r\nCOPY \\\r\n  \u{1B}a\r\nRUN y\r\nRUN z"
        #expect(
            Sample.error(third)?.excerpt(of: Array(third.utf8), fileName: "d/f")
                == "d/f:4\n" + rule + "   3 |     \n   4 | >>> COPY \\\n   5 | >>>   \u{FFFD}a\n   6 |     RUN y\n"
                + rule)
        let fourth = "RUNN x"
        #expect(
            Sample.error(fourth)?.excerpt(of: Array(fourth.utf8), fileName: "Dockerfile")
                == "Dockerfile:1\n" + rule + "   1 | >>> RUNN x\n" + rule)
        #expect(Dockerfile.excerpt(of: [], marking: [], fileName: "x").isEmpty)
        #expect(Dockerfile.excerpt(of: Array(first.utf8), marking: [9...9], fileName: "x").isEmpty)
        #expect(
            Dockerfile.excerpt(of: Array(first.utf8), marking: [1...1, 3...3], fileName: "x")
                == "x:1\n" + rule + "   1 | >>> FROM bb\n   2 |     RUNN x\n   3 | >>> RUN y\n   4 |     \n" + rule)
    }
}
