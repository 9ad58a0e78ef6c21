import Dockerfile
import Testing

@Suite("Instructions")
struct InstructionTests {
    @Test(
        "hold what is written",
        arguments: [
            (
                "ARG A B=c D= E=\"x y\"",
                .arg([
                    .init(name: "A", value: nil), .init(name: "B", value: "c"), .init(name: "D", value: ""),
                    .init(name: "E", value: "\"x y\""),
                ])
            ),
            (
                "ENV A=b C=\"d e\" F='g h' I=j\\ k",
                .env([
                    .init(name: "A", value: "b"), .init(name: "C", value: "\"d e\""), .init(name: "F", value: "'g h'"),
                    .init(name: "I", value: "j\\ k"),
                ])
            ),
            ("ENV K a \"b\"   c", .env([.init(name: "K", value: "a \"b\"   c", isLegacy: true)])),
            ("LABEL a.b=c", .label([.init(name: "a.b", value: "c")])),
            ("LABEL a b=c", .label([.init(name: "a", value: "b=c", isLegacy: true)])),
            ("EXPOSE 80/tcp  53/udp", .expose(["53/udp", "80/tcp"])), ("USER a b", .user("a b")),
            ("WORKDIR /a b", .workdir("/a b")),
            ("VOLUME /a  /b", .volume(["/a", "/b"])), ("VOLUME [\"/a b\"]", .volume(["/a b"])),
            ("VOLUME \"/a b\"", .volume(["\"/a", "b\""])),
            ("STOPSIGNAL term", .stopSignal("term")), ("SHELL [\"a\", \"-c\"]", .shell(["a", "-c"])),
            ("CMD a b", .cmd(.shell("a b"))), ("CMD", .cmd(.shell(""))), ("CMD []", .cmd(.exec([]))),
            ("cmd [\"a\"]", .cmd(.exec(["a"]))),
            ("CMD ['a']", .cmd(.shell("['a']"))), ("CMD [\"a\"] x", .cmd(.shell("[\"a\"] x"))),
            ("CMD [\"a\",]", .cmd(.shell("[\"a\",]"))),
            ("CMD [ \"a\\n\\u00e9\\ud83d\\ude00\\ud800\" , \"b\\/\" ]", .cmd(.exec(["a\né😀\u{FFFD}", "b/"]))),
            ("CMD [\"\t\"]", .cmd(.shell("[\"\t\"]"))),
            ("ENTRYPOINT [\"/a\",\"b\"]", .entrypoint(.exec(["/a", "b"]))),
            ("ENTRYPOINT exec a", .entrypoint(.shell("exec a"))),
            ("MAINTAINER a <b@c>", .maintainer("a <b@c>")), ("CMD -- --x", .cmd(.shell("--x"))),
        ] as [(String, Dockerfile.Instruction)])
    func plain(text: String, expected: Dockerfile.Instruction) throws {
        #expect(try Sample.instruction(text) == expected)
    }

    @Test("of health hold nanoseconds")
    func health() throws {
        let text =
            "HEALTHCHECK --interval=1h1m1.5s --timeout=2s --start-period=0 --start-interval=1ms --retries=3 CMD curl  -f x || exit 1"
        guard case .healthcheck(let health) = try Sample.instruction(text) else { return Sample.unexpected() }
        #expect(health.test == ["CMD-SHELL", "curl  -f x || exit 1"])
        #expect(health.interval == 3_661_500_000_000)
        #expect(health.timeout == 2_000_000_000)
        #expect(health.startPeriod == 0)
        #expect(health.startInterval == 1_000_000)
        #expect(health.retries == 3)
        guard case .healthcheck(let exec) = try Sample.instruction("HEALTHCHECK cmd [\"a\", \"b\"]") else {
            return Sample.unexpected()
        }
        #expect(exec.test == ["CMD", "a", "b"])
        guard case .healthcheck(let none) = try Sample.instruction("HEALTHCHECK none") else {
            return Sample.unexpected()
        }
        #expect(none.test == ["NONE"])
    }

    @Test("of RUN hold command, mounts, network and security")
    func run() throws {
        let text =
            "RUN --mount=type=cache,target=/c --network=none --mount=from=b,target=/d --security=insecure -- --x  y"
        guard case .run(let run) = try Sample.instruction(text) else { return Sample.unexpected() }
        #expect(run.command == .shell("--x  y"))
        #expect(run.mountOptions.map(\.text) == ["type=cache,target=/c", "from=b,target=/d"])
        #expect(run.mountOptions.map(\.from) == [nil, "b"])
        #expect(run.network.rawValue == "none")
        #expect(run.security == .insecure)
        guard case .run(let exec) = try Sample.instruction("RUN [\"a\", \"b c\"]") else { return Sample.unexpected() }
        #expect(exec.command == .exec(["a", "b c"]))
        #expect(exec.network == .default)
        guard case .run(let nothing) = try Sample.instruction("RUN") else { return Sample.unexpected() }
        #expect(nothing.command == .shell(""))
    }

    @Test("of COPY and ADD hold all flags")
    func files() throws {
        let text = "COPY --from=x --chown=\"a b\":c --chmod=640 --link --parents=true --exclude=a --exclude=!b p q /r"
        guard case .copy(let copy) = try Sample.instruction(text) else { return Sample.unexpected() }
        #expect(copy.from == "x")
        #expect(copy.files.owner == "a b:c")
        #expect(copy.files.mode == "640")
        #expect(copy.files.isLinked)
        #expect(copy.keepsParents)
        #expect(copy.files.exclusions == ["a", "!b"])
        #expect(copy.files.sources == ["p", "q"])
        #expect(copy.files.destination == "/r")
        let second = "ADD --checksum=sha256:1 --keep-git-dir --unpack=false --link=false [\"a b\", \"/\"]"
        guard case .add(let add) = try Sample.instruction(second) else { return Sample.unexpected() }
        #expect(add.checksum == "sha256:1")
        #expect(add.keepsGitDirectory == true)
        #expect(add.unpacks == false)
        #expect(!add.files.isLinked)
        #expect(add.files.sources == ["a b"])
        guard case .add(let bare) = try Sample.instruction("ADD a b") else { return Sample.unexpected() }
        #expect(bare.unpacks == nil && bare.keepsGitDirectory == nil && bare.checksum == nil && bare.files.owner == nil)
    }

    @Test("FROM begin stages, whose names are in lower case")
    func stages() throws {
        let dockerfile = try Dockerfile(
            parsing:
                "ARG V=1\nFROM --platform=$BUILDPLATFORM img:$V AS Build-1.x_\nRUN a\nRUN b\nfrom build-1.x_\nCMD c\n")
        #expect(dockerfile.globalArguments.map(\.instruction) == [.arg([.init(name: "V", value: "1")])])
        #expect(dockerfile.stages.map(\.name) == ["build-1.x_", nil])
        #expect(dockerfile.stages.map(\.base) == ["img:$V", "build-1.x_"])
        #expect(dockerfile.stages.map(\.platform) == ["$BUILDPLATFORM", nil])
        #expect(dockerfile.stages.map(\.statements.count) == [2, 1])
        #expect(dockerfile.stages.map(\.index) == [0, 1])
        #expect(dockerfile.stages.map(\.displayName) == ["build-1.x_", "stage-1"])
    }

    @Test("for those who build on the image keep the text of their trigger")
    func onBuild() throws {
        guard case .onBuild(let plain) = try Sample.instruction("onbuild   RUN a \\\n  b") else {
            return Sample.unexpected()
        }
        #expect(plain.trigger == "RUN a   b")
        guard case .onBuild(let document) = try Sample.instruction("ONBUILD COPY <<A <<-B /d/\na\nA\n\tb\n\tB") else {
            return Sample.unexpected()
        }
        #expect(document.trigger == "COPY <<A <<-B /d/\na\nA\n\tb\nB")
        let stage = try Dockerfile(parsing: "FROM x\nFROM y AS z").stages[1]
        let statement = try Dockerfile.Statement(trigger: document.trigger, for: stage)
        guard case .copy(let copy) = statement.instruction else { return Sample.unexpected() }
        #expect(copy.files.heredocs.map(\.text) == ["a\n", "b\n"])
        #expect(statement.isTrigger)
        #expect(statement.source.lines == 2...2)
        guard case .onBuild(let unknown) = try Sample.instruction("ONBUILD FUTURE x") else {
            return Sample.unexpected()
        }
        #expect(unknown.trigger == "FUTURE x")
    }

    @Test(
        "in triggers are judged when they are triggered",
        arguments: [
            ("RUNN x", "unknown instruction: RUNN (did you mean RUN?)"),
            ("FROM x", "FROM isn't allowed as an ONBUILD trigger"),
            ("ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
            ("", "onbuild trigger should be a single expression"),
            ("MAINTAINER x", "MAINTAINER isn't allowed as an ONBUILD trigger"),
            ("RUN a\nRUN b", "onbuild trigger should be a single expression"),
            ("COPY --bad a b", "unknown flag: --bad"),
        ])
    func triggers(text: String, message: String) throws {
        let stage = try Dockerfile(parsing: "FROM x\nFROM y AS z").stages[1]
        let error = #expect(throws: DockerfileError.self) { try Dockerfile.Statement(trigger: text, for: stage) }
        #expect(error?.message == message)
        #expect(error?.line == 2)
    }
}
