import Linux
import OCI
import Testing
import TestSupport

/// What Docker 28.5 with Buildx 0.29 answers was recorded.
@Suite("Checking a Dockerfile", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildCheckTests {
    private static let dockerfile = """
        # the greeting
        ARG GREETING=hello
        # base is the base
        FROM scratch AS base
        # NAME who
        ARG NAME
        COPY a /a
        WORKDIR rel

        FROM base as Second
        ENV PASSWORD=$nope
        RUN --mount=type=secret,id=s1,required --mount=type=ssh true

        """

    @Test("shows each finding with its line, and ends with 1")
    func findings() throws {
        let store = try TestStore(images: [])
        let file = store.scratch.path("context/Dockerfile")
        let run = try store.build(Self.dockerfile, "--check")
        let rules = [
            "WorkdirRelativePath", "StageNameCasing", "FromAsCasing", "UndefinedVar", "SecretsUsedInArgOrEnv",
        ]
        #expect(run.status == 1 && run.error.isEmpty, "\(run)")
        #expect(run.output.hasPrefix("Check complete, 5 warnings have been found!\n\nWARNING: \(rules[0]) - https://docs"), "\(run)")
        #expect(
            run.output.contains(
                """
                WARNING: UndefinedVar - https://docs.docker.com/go/dockerfile/rule/undefined-var/
                Usage of undefined variable '$nope'
                \(file):11
                --------------------
                   9 |     \n\
                  10 |     FROM base as Second
                  11 | >>> ENV PASSWORD=$nope
                  12 |     RUN --mount=type=secret,id=s1,required --mount=type=ssh true
                  13 |     \n\
                --------------------

                """), "\(run)")
        let told = run.lines.filter { $0.hasPrefix("WARNING: ") }.map { String($0.split(separator: " ")[1]) }
        #expect(told == rules, "\(run)")
        let target = try store.hako("build", "--call", "check,ignorestatus=true", "--target", "base", store.scratch.path("context"))
        #expect(target.status == 0 && target.output.hasPrefix("Check complete, 3 warnings have been found!\n"), "\(target)")
        #expect(try store.build("FROM scratch\nCOPY a /\n", "--check").output == "Check complete, no warnings found.\n")
        #expect(try store.output("images", "-q").isEmpty)
    }

    @Test("knows the images of the store, and pulls none")
    func bases() throws {
        let store = try TestStore()
        let known = try store.build("FROM busybox\nENV A=$PATHS B=$PATH\n", "--check")
        #expect(known.status == 1 && known.output.contains("Usage of undefined variable '$PATHS' (did you mean $PATH?)\n"), "\(known)")
        let unknown = try store.build("FROM nowhere.invalid/x\nENV A=$PATHS\n", "--check")
        #expect(unknown.status == 0, "\(unknown)")
    }

    @Test("fails where the file says that findings are errors, also in a build")
    func errors() throws {
        let store = try TestStore(images: [])
        let dockerfile = "# check=error=true\nFROM scratch as x\nLABEL a=b\n"
        let check = try store.build(dockerfile, "--check")
        #expect(check.status == 1 && check.error == "hako: lint violation found for rules: FromAsCasing\n\n", "\(check)")
        let build = try store.build(dockerfile)
        #expect(build.status == 1, "\(build)")
        #expect(
            build.error.hasSuffix(
                """

                 1 warning found (use hako build --check to expand):
                 - FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 2)
                hako: failed to build: failed to solve: lint violation found for rules: FromAsCasing

                """), "\(build)")
        let skipped = try store.build(dockerfile, "-q", "--build-arg", "BUILDKIT_DOCKERFILE_CHECK=skip=FromAsCasing;error=true")
        #expect(skipped.status == 0, "\(skipped)")
    }

    @Test("tells a mistake with file, line and column, and what was meant")
    func mistake() throws {
        let store = try TestStore(images: [])
        let excerpt = """
            Dockerfile:2
            --------------------
               1 |     FROM scratch
               2 | >>> RUNN x
                 |     ^ did you mean RUN?
               3 |     \n\
            --------------------

            """
        let message = "dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)\n"
        let check = try store.build("FROM scratch\nRUNN x\n", "--check")
        #expect(check.status == 1 && check.error == "hako: \(message)\(store.scratch.path("context"))/\(excerpt)\n", "\(check)")
        let build = try store.build("FROM scratch\nRUNN x\n")
        #expect(build.status == 1 && build.error.hasSuffix("\n\(excerpt)hako: failed to build: failed to solve: \(message)"), "\(build)")
    }

    @Test("tells targets, and what one of them takes, as text and as JSON")
    func questions() throws {
        let store = try TestStore(images: [])
        #expect(
            try store.build(Self.dockerfile, "--call", "targets").output == """
                TARGET           DESCRIPTION
                base             is the base
                second (default) \n\

                """)
        #expect(
            try store.build(Self.dockerfile, "--call", "outline", "--build-arg", "NAME=me").output == """
                TARGET: second

                BUILD ARG   VALUE   DESCRIPTION
                NAME        me      who

                SECRET   REQUIRED
                s1       true

                SSH       REQUIRED
                default   \n\


                """)
        func json(_ words: String...) throws -> JSON {
            try JSON(parsing: try store.hako(["build"] + words + [store.scratch.path("context")]).outputBytes)
        }
        let outline = try json("--call", "outline,format=json")
        #expect(outline["name"]?.string == "second" && outline["args"]?[0]?["description"]?.string == "who", "\(outline)")
        #expect(outline["secrets"]?[0]?["required"]?.bool == true && outline["ssh"]?[0]?["name"]?.string == "default")
        let targets = try json("--call=targets,format=json")
        #expect(targets["targets"]?[0]?["base"]?.string == "scratch" && targets["targets"]?[1]?["default"]?.bool == true, "\(targets)")
        let check = try json("--call", "check,format=json")
        #expect(check["warnings"]?[3]?["ruleName"]?.string == "UndefinedVar", "\(check)")
        #expect(check["warnings"]?[3]?["location"]?["ranges"]?[0]?["start"]?["line"]?.integer == 11)
        #expect(check["sources"]?[0]?["filename"]?.string == "Dockerfile")
    }
}
