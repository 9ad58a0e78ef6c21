import Dockerfile
import Testing

@Suite("Variables of a stage")
struct ScopeTests {
    /// The value of `$X` after the lines.
    private func value(_ lines: String, given: [String: String] = [:], environment: [String] = []) throws -> String {
        guard case .user(let value) = try Sample.value(lines + "\nUSER $X", given: given, environment: environment)
        else { return "none" }
        return value
    }

    @Test(
        "are those of the lines before",
        arguments: [
            ("ENV X=1", "1"), ("ENV X 1  2", "1  2"), ("ENV X=a\nENV X=b$X", "ba"),
            ("ENV abc=hello\nENV abc=bye X=$abc", "hello"),
            ("ENV X='a  b' Y=2", "a  b"), ("ENV X=\"a b\"", "a b"), ("ENV X=a\\ b", "a b"), ("ENV Y=X\nENV $Y=1", "1"),
            ("ARG X=1", "1"), ("ARG X", ""), ("ARG A=1 B=$A X=$B", "1"), ("ENV X=env\nARG X=arg", "arg"),
            ("ARG X=arg\nENV X=env", "env"),
            ("ENV X=env\nARG X", "env"), ("ENV x=1", ""), ("ARG Y=1\nENV X=${Y}${Y}", "11"),
            ("ENV K a \"b\"   c\nENV X=\"$K\"", "a b   c"),
        ])
    func order(lines: String, expected: String) throws { #expect(try value(lines) == expected) }

    @Test("are set by the command line where an ARG asks for them")
    func given() throws {
        #expect(try value("ARG X=1", given: ["X": "2"]) == "2")
        #expect(try value("ARG X", given: ["X": "2"]) == "2")
        #expect(try value("ARG X=1", given: ["X": ""]) == "")
        #expect(try value("USER a", given: ["X": "2"]) == "")
        #expect(try value("ARG X=${bad^}", given: ["X": "2"]) == "2")
        #expect(try value("ENV X=e\nARG X=a", given: ["X": "2"]) == "2")
    }

    @Test("begin with those of the base's image")
    func base() throws {
        #expect(try value("ENV X=$Y", environment: ["Y=1", "X=0"]) == "1")
        #expect(try value("ENV Z=1", environment: ["X=a=b"]) == "a=b")
        let scope = try Sample.evaluate("FROM scratch\nENV B=2 A=3\nARG D=4", environment: ["A=1", "C="]).scope
        #expect(scope.environment == ["A=3", "C=", "B=2", "D=4"])
    }

    @Test("that are global need an ARG of the stage")
    func global() throws {
        let header = "ARG G=g\nARG H=$G-h\nARG N\n"
        let without = try Sample.evaluate(header + "FROM scratch\nUSER [$G]").evaluations.last?.instruction
        #expect(without == .user("[]"))
        let with = try Sample.evaluate(
            header + "FROM scratch\nARG G\nARG H=own\nARG N\nUSER $G,$H,$N", given: ["N": "n"])
        #expect(with.evaluations.last?.instruction == .user("g,own,n"))
        #expect(with.evaluations.first?.instruction == .arg([.init(name: "G", value: "g")]))
        #expect(with.scope.historyArguments == ["G=g", "H=own", "N=n"])
        let given = try Sample.evaluate(header + "FROM scratch\nARG H\nUSER $H", given: ["G": "x"])
        #expect(given.evaluations.last?.instruction == .user("x-h"))
    }

    @Test("tell the platform after an ARG alone")
    func platform() throws {
        let text = "ARG TARGETARCH\nARG TARGETVARIANT BUILDPLATFORM TARGETPLATFORM TARGETSTAGE BUILDVARIANT\n"
        #expect(try value("ENV X=$TARGETARCH") == "")
        #expect(
            try value(
                text + "ENV X=$TARGETARCH,$TARGETVARIANT,$BUILDPLATFORM,$TARGETPLATFORM,$TARGETSTAGE,$BUILDVARIANT")
                == "arm64,v8,linux/amd64,linux/arm64/v8,default,")
        #expect(try value(text + "ENV X=$TARGETARCH", given: ["TARGETARCH": "own"]) == "own")
    }

    @Test("hold no proxies, but RUN sees them")
    func proxies() throws {
        let given = ["http_proxy": "http://p", "NO_PROXY": "x", "FTP_PROXY": ""]
        let scope = try Sample.evaluate("FROM scratch\nRUN x", given: given).scope
        #expect(scope.environment == [])
        #expect(scope.historyArguments == [])
        #expect(scope.runEnvironment == ["HTTP_PROXY=http://p", "http_proxy=http://p", "NO_PROXY=x", "no_proxy=x"])
        let declared = try Sample.evaluate("FROM scratch\nARG NO_PROXY\nRUN x", given: given).scope
        #expect(declared.historyArguments == ["NO_PROXY=x"])
        #expect(declared.environment == ["NO_PROXY=x"])
    }

    @Test("are inherited by a stage that is based on another, its ARGs, too")
    func inheritance() throws {
        let scope = try Sample.evaluate("FROM scratch AS a\nARG A=1\nENV E=2\nFROM a\nARG B=$A\nUSER $B$E").scope
        #expect(scope.environment == ["A=1", "E=2", "B=1"])
        #expect(scope.historyArguments == ["A=1", "B=1"])
        let build = try Sample.arguments(Dockerfile(parsing: "FROM a"))
        var base = Dockerfile.StageScope(build, environment: [])
        _ = try base.evaluate(Sample.statement("ENV X=env"))
        _ = try base.evaluate(Sample.statement("ARG X=arg"))
        #expect(base.variables["X"] == "arg")
        #expect(Dockerfile.StageScope(inheriting: base, environment: ["X=env"]).variables["X"] == "env")
    }

    @Test("that nobody set or declared are told")
    func undefined() throws {
        let evaluations = try Sample.evaluate("FROM scratch\nARG A\nENV B=$A$C C=$D\nRUN $E\nUSER ${B}${F:-x}$C$G")
            .evaluations
        #expect(evaluations.map(\.undefinedNames) == [[], ["C", "D"], [], ["G"]])
    }

    @Test(
        "are expanded where BuildKit expands them",
        arguments: [
            ("USER $x", .user("a b")), ("WORKDIR /$x/'c d'", .workdir("/a b/c d")),
            ("STOPSIGNAL $s", .stopSignal("TERM")),
            ("VOLUME $x /v$s", .volume(["a b", "/vTERM"])),
            ("LABEL $x=\"$s\"", .label([.init(name: "a b", value: "TERM")])),
            ("EXPOSE $p 53/UDP", .expose(["1/tcp", "2/udp", "53/udp"])),
            ("EXPOSE 8000-8002", .expose(["8000/tcp", "8001/tcp", "8002/tcp"])),
            ("EXPOSE 1.2.3.4:80:90 [::1]::91/sctp 80:92", .expose(["90/tcp", "92/tcp", "91/sctp"])),
            ("CMD $x", .cmd(.shell("$x"))), ("ENTRYPOINT [\"$x\"]", .entrypoint(.exec(["$x"]))),
            ("SHELL [\"$x\"]", .shell(["$x"])),
            ("MAINTAINER $x", .maintainer("$x")), ("STOPSIGNAL sigrtmin+3", .stopSignal("sigrtmin+3")),
            ("STOPSIGNAL 9", .stopSignal("9")),
        ] as [(String, Dockerfile.Instruction)])
    func places(text: String, expected: Dockerfile.Instruction) throws {
        #expect(try Sample.value("ENV x=\"a b\" s=TERM p=\"1 2/udp\"\n" + text) == expected)
    }

    @Test("are expanded in paths, owners, modes and checksums, not in patterns that exclude")
    func files() throws {
        let flags = "--chown=$u:$u --chmod=$m --exclude=$u"
        guard case .add(let add) = try Sample.value("ENV u=7 m=640\nADD --checksum=$u \(flags) $u.\\$x '$u' /d/$u")
        else {
            return Sample.unexpected()
        }
        #expect(add.checksum == "7")
        #expect(add.files.owner == "7:7")
        #expect(add.files.mode == "640")
        #expect(add.files.exclusions == ["$u"])
        #expect(add.files.sources == ["7.$x", "$u"])
        #expect(add.files.destination == "/d/7")
    }

    @Test(
        "make mistakes that are told with their place",
        arguments: [
            ("USER ${u:?}", "failed to process \"${u:?}\": u: is not allowed to be unset", 6),
            ("ENV A=1 \\\n B=${u^}", "failed to process \"${u^}\": unsupported modifier (^) in substitution", 4),
            (
                "VOLUME \"/a b\"",
                "failed to process \"\\\"/a\": unexpected end of statement while looking for matching double-quote", 8
            ),
            ("STOPSIGNAL FOO", "invalid signal: FOO", 12), ("STOPSIGNAL 0", "invalid signal: 0", 12),
            ("EXPOSE a", "invalid containerPort: a", 1), ("EXPOSE 1/foo", "invalid proto: foo", 1),
            ("EXPOSE 2-1", "invalid containerPort: 2-1", 1),
            ("EXPOSE 65536", "invalid containerPort: 65536", 1), ("EXPOSE /tcp", "no port specified: /tcp<empty>", 1),
            ("EXPOSE x:80:90", "invalid IP address: x", 1), ("EXPOSE x:90", "invalid hostPort: x", 1),
            ("EXPOSE 1-2:1-3", "invalid ranges specified for container and host Ports: 1-3 and 1-2", 1),
            ("COPY http://a/b /", "source can't be a URL for COPY", 6), ("ENV $u=1", "ENV names can not be blank", 5),
            ("VOLUME $u", "VOLUME specified can not be an empty string", 1),
        ])
    func mistakes(text: String, message: String, column: Int) {
        let error = #expect(throws: DockerfileError.self) { try Sample.value(text) }
        #expect(error?.message == message)
        #expect(error?.column == column)
        #expect(error?.line == (text.contains("\n") ? 3 : 2))
    }

    @Test("are shown in the progress, those that are unset as they are written")
    func title() throws {
        let statement = try Sample.statement("run echo $A \"${B}\" $C it's")
        let build = try Sample.arguments(Dockerfile(parsing: "FROM a"))
        let scope = Dockerfile.StageScope(build, environment: ["A=1", "B=2"])
        #expect(scope.title(of: statement) == "RUN echo $A \"${B}\" $C it's")
        #expect(scope.title(of: try Sample.statement("run echo $A \"${B}\" $C")) == "RUN echo 1 \"2\" $C")
    }

    @Test("may not grow without end", .timeLimit(.minutes(10)))
    func growth() {
        let text = "FROM a\nENV A=0123456789\n" + (0..<40).map { "ENV A\($0)=$A$A A=$A$A\n" }.joined()
        let error = #expect(throws: DockerfileError.self) { try Sample.evaluate(text) }
        #expect(
            error?.message.hasSuffix("the result is too large") == true
                || error?.message == "the environment is larger than 8 MiB")
        let many =
            "FROM a\nENV A=" + String(repeating: "x", count: 60_000) + "\n"
            + (0..<200).map { "ENV A\($0)=$A\n" }.joined()
        let second = #expect(throws: DockerfileError.self) { try Sample.evaluate(many) }
        #expect(second?.message == "the environment is larger than 8 MiB")
    }
}
