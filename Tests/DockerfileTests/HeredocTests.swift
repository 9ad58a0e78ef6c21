import Dockerfile
import Testing

@Suite("Heredocs")
struct HeredocTests {
    private func command(_ text: String) throws -> Dockerfile.Run.Command {
        guard case .run(let run) = try Sample.instruction(text) else { return .exec([]) }
        return run.command
    }

    private func files(_ text: String) throws -> Dockerfile.CopiedFiles? {
        switch try Sample.instruction(text) {
        case .copy(let copy): copy.files
        case .add(let add): add.files
        default: nil
        }
    }

    @Test("that are a whole RUN are its script")
    func script() throws {
        guard case .script(let script) = try command("RUN <<EOF\nset -e\necho $x\nEOF\n") else {
            return Sample.unexpected()
        }
        #expect(script.text == "set -e\necho $x\n")
        #expect(!script.isProgram)
        #expect(script.name == "EOF")
        guard case .script(let program) = try command("RUN --network=none <<-P\n\t#!/bin/cat\n\t\tx\ty\n\tP") else {
            return Sample.unexpected()
        }
        #expect(program.text == "#!/bin/cat\nx\ty\n")
        #expect(program.isProgram)
        #expect(program.summary == "#!/bin/cat...")
    }

    @Test(
        "that are a part of RUN go to the shell as they are",
        arguments: [
            ("RUN cat <<EOF > /x\na\nEOF", "cat <<EOF > /x\na\nEOF"), ("RUN <<A cat\nb\nA", "<<A cat\nb\nA"),
            ("RUN cat <<A 3<<B\n1\nA\n2\nB\n", "cat <<A 3<<B\n1\nA\n2\nB"),
            ("RUN cat <<-A\n\tb\n\tA", "cat <<-A\n\tb\nA"),
            ("RUN cat <<'A'\nb\nA", "cat <<'A'\nb\nA"), ("RUN echo \"<<A\"", "echo \"<<A\""),
            ("RUN cat <<<word", "cat <<<word"),
            ("RUN echo $((1<<4))", "echo $((1<<4))"), ("RUN echo it's <<A", "echo it's <<A"), ("RUN a << b", "a << b"),
        ])
    func shell(text: String, expected: String) throws { #expect(try command(text) == .shell(expected)) }

    @Test("are none in the exec form and in other instructions")
    func elsewhere() throws {
        #expect(try command("RUN [\"cat\", \"<<A\"]") == .exec(["cat", "<<A"]))
        #expect(try Sample.instruction("CMD cat <<A") == .cmd(.shell("cat <<A")))
        #expect(try files("COPY [\"<<A\", \"/\"]")?.sources == ["<<A"])
    }

    @Test("are files of COPY and ADD, several in a line")
    func copied() throws {
        let plain = try files("ADD x <<A <<'B' <<-C /d/\n1\n\nA\n2\nB\n\t3\n \t4\n\tC\n")
        #expect(plain?.sources == ["x"])
        #expect(plain?.heredocs.map(\.name) == ["A", "B", "C"])
        #expect(plain?.heredocs.map(\.text) == ["1\n\n", "2\n", "3\n \t4\n"])
        #expect(plain?.heredocs.map(\.isExpanded) == [true, false, true])
        #expect(plain?.destination == "/d/")
    }

    @Test("expand variables and drop escapes, unless their name is quoted")
    func expansion() throws {
        let text = "COPY <<A <<\"B\" /d/\n$V ${V:-z} ${W:-z} a\\nb \\$V 'q $V' \"x\"\r\nA\n$V \\n\nB\n"
        guard case .copy(let copy) = try Sample.value("ENV V=v\n" + text) else { return Sample.unexpected() }
        #expect(copy.files.heredocs.map(\.text) == ["v v z anb $V 'q v' \"x\"\r\n", "$V \\n\n"])
    }

    @Test("keep bytes that are no text")
    func bytes() throws {
        let dockerfile = try Dockerfile(
            parsing: Array("FROM a\nCOPY <<'E' /\n".utf8) + [0xFF, 0, 0x0A] + Array("E".utf8))
        guard case .copy(let copy) = dockerfile.stages[0].statements[0].instruction else { return Sample.unexpected() }
        #expect(copy.files.heredocs[0].content == [0xFF, 0, 0x0A])
    }
}
