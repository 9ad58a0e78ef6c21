import Dockerfile
import Testing

@Suite("Advice on Dockerfiles")
struct LintTests {
    static let usual = Dockerfile.BaseImage(environment: ["PATH=/bin", "HOME=/root"], platform: Sample.platform)

    private func report(
        _ text: String, given: [String: String] = [:], options: Dockerfile.LintOptions? = nil,
        base: Dockerfile.BaseImage? = usual, expected: Dockerfile.PlatformName? = nil,
        isIgnored: ((String) -> Bool)? = nil
    ) throws(DockerfileError) -> Dockerfile.LintReport {
        let dockerfile = try Dockerfile(parsing: text)
        let arguments = try Sample.arguments(dockerfile, given: given)
        let graph = try Dockerfile.StageGraph(dockerfile, arguments: arguments, needsAllStages: true)
        return dockerfile.lint(
            graph, arguments: arguments, options: options, expectedPlatform: { _ in expected },
            baseImage: { _ in base },
            isIgnored: isIgnored)
    }

    @Test(
        "is BuildKit's, word for word",
        arguments: [
            ("FROM a AS Build", ["StageNameCasing: Stage name 'Build' should be lowercase (line 1)"]),
            ("FROM a as b", ["FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 1)"]),
            ("from a AS b", ["FromAsCasing: 'AS' and 'from' keywords' casing do not match (line 1)"]),
            ("FROM a\nRUN x \\\n\n  y", ["NoEmptyContinuation: Empty continuation line (line 4)"]),
            (
                "FROM a\nRUN x\nrun y\nRun z",
                [
                    "ConsistentInstructionCasing: Command 'run' should match the case of the command majority (uppercase) (line 3)",
                    "ConsistentInstructionCasing: Command 'Run' should match the case of the command majority (uppercase) (line 4)",
                ]
            ),
            (
                "from a\nrun x\nRUN y",
                [
                    "ConsistentInstructionCasing: Command 'RUN' should match the case of the command majority (lowercase) (line 3)"
                ]
            ),
            (
                "FROM a AS b\nFROM a AS B",
                [
                    "StageNameCasing: Stage name 'B' should be lowercase (line 2)",
                    "DuplicateStageName: Duplicate stage name \"b\", stage names should be unique (line 2)",
                ]
            ),
            (
                "FROM a AS scratch",
                ["ReservedStageName: Stage name should not use the same name as reserved stage \"scratch\" (line 1)"]
            ),
            (
                "FROM a\nCMD x",
                [
                    "JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals (line 2)"
                ]
            ),
            ("FROM a\nSHELL [\"bash\"]\nENTRYPOINT x\nCMD [\"y\"]", []),
            (
                "FROM a\nMAINTAINER x",
                ["MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label (line 2)"]
            ),
            (
                "ARG ALPINE_VERSION\nFROM a:${ALPINE_VERSIO}1",
                [
                    "UndefinedArgInFrom: FROM argument 'ALPINE_VERSIO' is not declared (did you mean ALPINE_VERSION?) (line 2)"
                ]
            ),
            ("ARG V\nFROM a:${V}1", []),
            ("FROM a$V", ["UndefinedArgInFrom: FROM argument 'V' is not declared (line 1)"]),
            (
                "ARG V\nFROM a:$V",
                [
                    "InvalidDefaultArgInFrom: Default value for ARG a:$V results in empty or invalid base image name (line 2)"
                ]
            ),
            (
                "ARG V=Upper/case\nFROM $V",
                [
                    "InvalidDefaultArgInFrom: Default value for ARG $V results in empty or invalid base image name (line 2)"
                ]
            ),
            ("ARG V=example.com:5000/a/b__c:1.2@sha256:0123456789abcdef0123456789abcdef\nFROM $V", []),
            (
                "FROM a\nWORKDIR x\nWORKDIR y",
                [
                    "WorkdirRelativePath: Relative workdir \"x\" can have unexpected results if the base image changes (line 2)"
                ]
            ),
            ("FROM a AS b\nWORKDIR /x\nFROM b\nWORKDIR y", []),
            ("FROM a\nCOPY $foo .", ["UndefinedVar: Usage of undefined variable '$foo' (line 2)"]),
            (
                "FROM a\nENV PATH=$PAHT:/app",
                ["UndefinedVar: Usage of undefined variable '$PAHT' (did you mean $PATH?) (line 2)"]
            ),
            ("FROM a\nARG foo\nCOPY $foo ${bar:-x} $HOME .", []),
            (
                "FROM a\nCMD [\"1\"]\nENTRYPOINT [\"x\"]\nCMD [\"2\"]\nHEALTHCHECK NONE\nhealthcheck CMD x",
                [
                    "MultipleInstructionsDisallowed: Multiple CMD instructions should not be used in the same stage because only the last one will be used (line 2)",
                    "MultipleInstructionsDisallowed: Multiple healthcheck instructions should not be used in the same stage because only the last one will be used (line 5)",
                    "ConsistentInstructionCasing: Command 'healthcheck' should match the case of the command majority (uppercase) (line 6)",
                ]
            ),
            ("FROM a AS b\nCMD [\"1\"]\nFROM b\nCMD [\"2\"]", []),
            (
                "FROM a\nENV k v\nLABEL k v",
                [
                    "LegacyKeyValueFormat: \"ENV key=value\" should be used instead of legacy \"ENV key value\" format (line 2)",
                    "LegacyKeyValueFormat: \"LABEL key=value\" should be used instead of legacy \"LABEL key value\" format (line 3)",
                ]
            ),
            (
                "FROM --platform=$TARGETPLATFORM a",
                [
                    "RedundantTargetPlatform: Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior (line 1)"
                ]
            ),
            ("FROM --platform=${BUILDPLATFORM} a", []),
            (
                "FROM --platform=linux/amd64 a AS b",
                [
                    "FromPlatformFlagConstDisallowed: FROM --platform flag should not use constant value \"linux/amd64\" (line 1)"
                ]
            ),
            ("FROM --platform=linux/amd64 a AS b-amd64", []),
            (
                "FROM a\nARG API_KEY\nENV my_Token=x PUBLIC_KEY=y KEYBOARD=z",
                [
                    "SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ARG \"API_KEY\") (line 2)",
                    "SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ENV \"my_Token\") (line 3)",
                ]
            ),
            (
                "FROM a\nEXPOSE 80/TcP",
                ["ExposeProtoCasing: Defined protocol '80/TcP' in EXPOSE instruction should be lowercase (line 2)"]
            ),
            (
                "FROM a\nEXPOSE 1.2.3.4:80:81",
                [
                    "ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '1.2.3.4:80:81' (line 2)"
                ]
            ),
            (
                "FROM a AS b\nONBUILD WORKDIR x\nFROM b",
                [
                    "WorkdirRelativePath: Relative workdir \"x\" can have unexpected results if the base image changes (line 3)"
                ]
            ),
        ])
    func rules(text: String, expected: [String]) throws {
        let report = try report(text)
        #expect(report.findings.map(\.summary) == expected)
        #expect(report.error == nil)
        #expect(report.violation == nil)
    }

    @Test("asks whether a source of the context is ignored")
    func ignoredFiles() throws {
        let text = "FROM a AS x\nCOPY ./f/../g . /\nADD https://h/g git@h:g /h/ /\nFROM a\nCOPY --from=x g /\n"
        let report = try report(text) { $0 == "g" || $0 == "h" }
        #expect(
            report.findings.map(\.summary) == [
                "CopyIgnoredFile: Attempting to Copy file \"g\" that is excluded by .dockerignore (line 2)",
                "CopyIgnoredFile: Attempting to Add file \"h\" that is excluded by .dockerignore (line 3)",
            ])
    }

    @Test("tells a base of another platform, and nothing of variables where the base isn't known")
    func bases() throws {
        let expected = Dockerfile.PlatformName(os: "linux", architecture: "arm64", variant: "v8")
        #expect(
            try report("FROM a", expected: expected).findings.map(\.summary) == [
                "InvalidBaseImagePlatform: Base image a was pulled with platform \"linux/amd64\", expected \"linux/arm64/v8\" for current build (line 1)"
            ])
        #expect(try report("FROM a AS b\nUSER $x\nFROM b\nUSER $y", base: nil).findings.isEmpty)
        #expect(try report("FROM scratch\nENV P=$PATH:$x", base: nil).findings.count == 1)
        #expect(try report("FROM a\nCMD x", base: .init(environment: [], hasShell: true)).findings.isEmpty)
    }

    @Test("is skipped where the file, a comment or the caller says so")
    func skipping() throws {
        let text = "FROM a\nMAINTAINER x\nENV k v\n"
        #expect(
            try report("# check=skip=MaintainerDeprecated, LegacyKeyValueFormat\n" + text).findings.map(\.rule) == [
                .legacyKeyValueFormat
            ])
        #expect(try report("# check=skip=MaintainerDeprecated,LegacyKeyValueFormat\n" + text).findings.isEmpty)
        #expect(try report("# check=skip=all\n" + text).findings.isEmpty)
        #expect(
            try report("FROM a\n# check=skip=MaintainerDeprecated\nMAINTAINER x\nENV k v\n").findings.map(\.rule) == [
                .legacyKeyValueFormat
            ])
        #expect(
            try report("FROM a\n# check=skip=MaintainerDeprecated\n\nMAINTAINER x\n").findings.map(\.rule) == [
                .maintainerDeprecated
            ])
        #expect(
            try report(text, options: .init("skip=MaintainerDeprecated")).findings.map(\.rule) == [
                .legacyKeyValueFormat
            ])
        #expect(Dockerfile.LintOptions("skip") == nil)
        #expect(Dockerfile.LintOptions("error=maybe") == nil)
    }

    @Test("makes the build fail where the file says so")
    func violation() throws {
        let text = "# check=error=true\nFROM a\nMAINTAINER x\nMAINTAINER y\nENV k v\n"
        #expect(
            try report(text).violation == "lint violation found for rules: MaintainerDeprecated, LegacyKeyValueFormat")
        #expect(try report("# check=error=true;skip=all\nFROM a\nMAINTAINER x").violation == nil)
    }

    @Test("on descriptions is given where it is asked for")
    func experimental() throws {
        let text = "# what for\nARG A=1\n# b it builds\nFROM a AS b\n# c it builds\n\nFROM a AS d\n"
        #expect(try report(text).findings.isEmpty)
        let all = try report(text, options: .init("experimental=all"))
        #expect(
            all.findings.map(\.summary) == [
                "InvalidDefinitionDescription: Comment for ARG should follow the format: `# A <description>` (line 2)"
            ])
        #expect(
            try report(text, options: .init("experimental=InvalidDefinitionDescription;skip=all")).findings.count == 1)
    }

    @Test("says where each rule is explained")
    func urls() {
        #expect(
            Dockerfile.LintRule.jsonArgsRecommended.url
                == "https://docs.docker.com/go/dockerfile/rule/json-args-recommended/")
        #expect(
            Dockerfile.LintRule.undefinedArgInFrom.url
                == "https://docs.docker.com/go/dockerfile/rule/undefined-arg-in-from/")
        #expect(Dockerfile.LintRule.fromAsCasing.url == "https://docs.docker.com/go/dockerfile/rule/from-as-casing/")
    }

    @Test("ends at an error, with what was found before")
    func error() throws {
        let report = try report("FROM a\nMAINTAINER x\nUSER ${u:?}\nWORKDIR y\n")
        #expect(report.findings.map(\.rule) == [.maintainerDeprecated])
        #expect(report.error?.line == 3)
    }
}
