import Builder
import Dockerfile
import OCI
import Testing

@Suite("The configuration of a stage")
struct StageConfigurationTests {
    /// Goes through the instructions of a Dockerfile of one stage; what the history says of each that makes no layer.
    private func apply(_ text: String, base: ExecutionConfig? = nil) throws -> (StageConfiguration, [String?]) {
        let file = try Dockerfile(parsing: "FROM scratch\n" + text)
        var stage = StageConfiguration(base: base)
        let platform = Dockerfile.PlatformName(os: "linux", architecture: "amd64")
        let arguments = try Dockerfile.BuildArguments(file, buildPlatform: platform, targetPlatform: platform)
        var scope = Dockerfile.StageScope(arguments, environment: stage.config.environment)
        var history: [String?] = []
        for statement in file.stages[0].statements { history.append(stage.apply(try scope.evaluate(statement).instruction)) }
        return (stage, history)
    }

    @Test(
        "is changed as each instruction says, and its history has BuildKit's words",
        arguments: [
            ("ENV A=x B=\"y z\"", "ENV A=x B=y z"), ("LABEL a=b \"c d\"=e", "LABEL a=b c d=e"),
            ("EXPOSE 80 53/udp", "EXPOSE [53/udp 80/tcp]"), ("USER app", "USER app"), ("STOPSIGNAL SIGUSR1", "STOPSIGNAL SIGUSR1"),
            ("VOLUME /v1 /v2", "VOLUME [/v1 /v2]"), ("SHELL [\"/bin/bash\", \"-c\"]", "SHELL [/bin/bash -c]"),
            ("CMD x", "CMD [\"/bin/sh\" \"-c\" \"x\"]"), ("CMD [\"a\", \"b\\\"\"]", "CMD [\"a\" \"b\\\"\"]"), ("CMD []", "CMD []"),
            ("ENTRYPOINT [\"/a\"]", "ENTRYPOINT [\"/a\"]"), ("MAINTAINER me", "MAINTAINER me"),
            ("HEALTHCHECK --interval=5s --timeout=2s --start-period=1s --start-interval=3s --retries=4 CMD x",
             "HEALTHCHECK &{[\"CMD-SHELL\" \"x\"] \"5s\" \"2s\" \"1s\" \"3s\" '\\x04'}"),
            ("HEALTHCHECK NONE", "HEALTHCHECK &{[\"NONE\"] \"0s\" \"0s\" \"0s\" \"0s\" '\\x00'}"),
        ])
    func history(_ instruction: String, _ expected: String) throws {
        #expect(try apply(instruction).1 == [expected])
    }

    @Test("ONBUILD is kept without an entry, and is not the child's own")
    func onBuild() throws {
        let (stage, history) = try apply("ONBUILD RUN x")
        #expect(history == [nil])
        #expect(stage.config.onBuild == ["RUN x"])
        #expect(StageConfiguration(base: stage.config).config.onBuild == [])
    }

    @Test("an ENTRYPOINT takes an inherited CMD away, and none of its own stage")
    func entrypoint() throws {
        var base = ExecutionConfig()
        base.command = ["inherited"]
        #expect(try apply("ENTRYPOINT [\"/a\"]", base: base).0.config.command == nil)
        #expect(try apply("CMD [\"own\"]\nENTRYPOINT [\"/a\"]", base: base).0.config.command == ["own"])
        #expect(try apply("ENTRYPOINT [\"/a\"]\nCMD [\"own\"]", base: base).0.config.command == ["own"])
    }

    @Test("a value that is set again keeps its place, and a base without PATH gets one")
    func environment() throws {
        let (stage, _) = try apply("ENV A=1 B=2\nENV A=3")
        #expect(stage.config.environment == [StageConfiguration.defaultPath, "A=3", "B=2"])
        var base = ExecutionConfig()
        base.environment = ["PATH=/own"]
        #expect(try apply("", base: base).0.config.environment == ["PATH=/own"])
    }

    @Test("a health check replaces the whole of the one before")
    func healthcheck() throws {
        let (stage, _) = try apply("HEALTHCHECK --interval=5s --retries=4 CMD x\nHEALTHCHECK CMD y")
        #expect(stage.config.healthcheck == Healthcheck(test: ["CMD-SHELL", "y"]))
    }

    @Test("a working directory is relative to the one before", arguments: [("a/../b//c/", "/q/b/c"), ("/x", "/x"), ("../../..", "/")])
    func workdir(_ path: String, _ expected: String) throws {
        #expect(try apply("WORKDIR /q\nWORKDIR \(path)").0.config.workingDirectory == expected)
    }

    @Test("what RUN, COPY and ADD are called shows arguments, owner and mode, and nothing of where files come from")
    func layers() throws {
        #expect(HistoryText.run(["/bin/touch", "/x"], arguments: ["A=9", "B="]) == "RUN |2 A=9 B= /bin/touch /x # buildkit")
        #expect(HistoryText.run(["/bin/sh", "-c", "a b"], arguments: []) == "RUN /bin/sh -c a b # buildkit")
        let file = try Dockerfile(parsing: "FROM scratch\nCOPY --link --exclude=x --chown=u --chmod=640 a <<EOF /d/\nbody\nEOF\n")
        guard case .copy(let copy) = file.stages[0].statements[0].instruction else { throw Unexpected() }
        #expect(HistoryText.files("COPY", copy.files) == "COPY --chown=u --chmod=640 a <<EOF /d/ # buildkit")
    }

    private struct Unexpected: Error {}
}
