import Dockerfile
import Testing

@Suite("The graph of stages")
struct StageGraphTests {
    private func graph(
        _ text: String, target: String? = nil, given: [String: String] = [:], contexts: Set<String> = []
    ) throws(DockerfileError) -> Dockerfile.StageGraph {
        let dockerfile = try Dockerfile(parsing: text)
        let arguments = try Sample.arguments(dockerfile, given: given, target: target)
        return try Dockerfile.StageGraph(dockerfile, arguments: arguments, target: target, contexts: contexts)
    }

    @Test("holds what the target needs, in an order to build in")
    func needed() throws {
        let text = """
            FROM img AS base
            FROM base AS build
            RUN make
            FROM base AS unused
            COPY --from=nowhere /a /
            FROM scratch AS tools
            FROM other
            COPY --from=BUILD /x /
            RUN --mount=from=tools,target=/t --mount=type=cache,target=/c --mount=from=img2,target=/i x
            COPY --from=img2 --chown=1 /y /
            COPY --from=0 /z /
            """
        let all = try graph(text)
        #expect(all.target == 4)
        #expect(all.order == [0, 1, 3, 4])
        #expect(all.nodes[4]?.base == .image("other"))
        #expect(all.nodes[4]?.dependencies == [0, 1, 3])
        #expect(all.nodes[4]?.otherOrigins == [.image("img2")])
        #expect(all.nodes[1]?.base == .stage(0))
        #expect(all.nodes[1]?.dependencies == [0])
        #expect(all.nodes[3]?.base == .scratch)
        #expect(all.nodes[0]?.base == .image("img"))
        #expect(try graph(text, target: "Build").order == [0, 1])
        #expect(try graph(text, target: "tools").order == [3])
        #expect(all.origin(of: "build") == .stage(1))
        #expect(all.origin(of: "3") == .stage(3))
        #expect(all.origin(of: "9") == .image("9"))
    }

    @Test("takes the last of stages with one name, for a base the last before it")
    func duplicates() throws {
        let text = "FROM a AS x\nFROM b AS x\nFROM x AS y\nFROM c AS x\nFROM d\nCOPY --from=x /a /\n"
        #expect(try graph(text).nodes[4]?.dependencies == [3])
        #expect(try graph(text, target: "y").nodes[2]?.base == .stage(1))
        #expect(try graph(text, target: "x").target == 3)
        #expect(try graph("FROM a AS x\nFROM X").nodes[1]?.base == .image("X"))
    }

    @Test("expands bases and platforms with global arguments")
    func arguments() throws {
        let text = "ARG V=1\nARG P=$BUILDPLATFORM\nFROM --platform=$P img:${V} AS a\nFROM ${NAME:-a}\n"
        #expect(try graph(text).nodes[0]?.base == .image("img:1"))
        #expect(try graph(text).nodes[0]?.platform == "linux/amd64")
        #expect(try graph(text, given: ["V": "2"]).nodes[0]?.base == .image("img:2"))
        #expect(try graph(text, given: ["P": "linux/riscv64"]).nodes[0]?.platform == "linux/riscv64")
        #expect(try graph(text).nodes[1]?.platform == nil)
        #expect(try graph("FROM a$TARGETSTAGE AS t", target: "t").nodes[0]?.base == .image("at"))
    }

    @Test("puts named contexts in the place of stages and images")
    func contexts() throws {
        let text =
            "FROM alpine:latest AS a\nRUN x\nFROM docker.io/library/alpine\nCOPY --from=a /x /\nCOPY --from=src / /\n"
        let replaced = try graph(text, contexts: ["alpine", "a", "src"])
        #expect(replaced.nodes[0]?.base == .context("a"))
        #expect(replaced.nodes[0]?.statements.isEmpty == true)
        #expect(replaced.nodes[1]?.base == .context("alpine"))
        #expect(replaced.nodes[1]?.dependencies == [0])
        #expect(replaced.nodes[1]?.otherOrigins == [.context("src")])
        #expect(
            try graph(text, contexts: ["docker.io/library/alpine:latest"]).nodes[1]?.base
                == .context("docker.io/library/alpine:latest"))
        #expect(try graph(text, contexts: ["alpine:3"]).nodes[1]?.base == .image("docker.io/library/alpine"))
        #expect(try graph("FROM scratch", contexts: ["scratch"]).nodes[0]?.base == .scratch)
    }

    @Test("runs the triggers of a stage in those that are based on it, and of an image once they are known")
    func triggers() throws {
        let text =
            "FROM scratch AS t\nFROM i AS a\nONBUILD COPY --from=t /x /\nRUN a\nFROM a AS b\nRUN b\nFROM b\nRUN c\n"
        var graph = try graph(text)
        #expect(graph.order == [0, 1, 2, 3])
        #expect(graph.nodes[2]?.statements.map(\.source.text) == ["COPY --from=t /x /", "RUN b"])
        #expect(graph.nodes[2]?.statements.map(\.isTrigger) == [true, false])
        #expect(graph.nodes[2]?.dependencies == [0, 1])
        #expect(graph.nodes[3]?.statements.map(\.source.text) == ["RUN c"])
        graph = try self.graph("FROM x AS unused\nFROM y AS a\nFROM i\nRUN c\n")
        #expect(graph.order == [2])
        try graph.addTriggers(["COPY --from=a /x /", "RUN z"], to: 2)
        #expect(graph.order == [1, 2])
        #expect(graph.nodes[2]?.statements.map(\.source.text) == ["COPY --from=a /x /", "RUN z", "RUN c"])
        #expect(graph.nodes[2]?.statements.first?.source.lines == 3...3)
        let error = #expect(throws: DockerfileError.self) { try graph.addTriggers(["COPY --from=7 /x /"], to: 2) }
        #expect(error?.message == "invalid stage index 7")
        #expect(graph.nodes[2]?.statements.count == 3)
    }

    @Test(
        "can't be made of some files",
        arguments: [
            ("FROM a\nCOPY --from=5 a b", "invalid stage index 5", 2, 13),
            ("FROM a\nCOPY --from=-1 a b", "invalid stage index -1", 2, 13),
            (
                "FROM a\nCOPY --from=$x a b",
                "variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround",
                2, 13
            ),
            (
                "FROM x AS a\nCOPY --from=b /x /\nFROM y AS b\nFROM a",
                "cannot copy from stage \"b\", it needs to be defined before current stage \"a\"", 2, 13
            ),
            (
                "FROM x\nCOPY --from=1 /x /\nFROM y AS b\nFROM stage-0\nCOPY --from=0 / /",
                "cannot copy from stage \"1\", it needs to be defined before current stage \"stage-0\"", 2, 13
            ),
            (
                "FROM x AS a\nRUN --mount=from=b,target=/t x\nFROM y AS b\nFROM a",
                "cannot mount from stage \"b\" to \"/t\", stage needs to be defined before current command", 2, 18
            ),
            ("FROM x AS a\nCOPY --from=a /x /", "circular dependency detected on stage: a", 2, 13),
            (
                "FROM x AS a\nCOPY --from=b /x /\nFROM x AS b\nCOPY --from=a /x /\nFROM y",
                "circular dependency detected on stage: a", 4, 13
            ),
            ("FROM ${X}", "base name (${X}) should not be blank", 1, 6),
            ("FROM --platform=$NOPE a", "empty platform value from expression $NOPE", 1, 17),
            (
                "FROM --platform=$BUILDPLATFROM a",
                "empty platform value from expression $BUILDPLATFROM (did you mean BUILDPLATFORM?)", 1, 17
            ),
            ("ARG A=${b^}\nFROM x", "failed to process \"${b^}\": unsupported modifier (^) in substitution", 1, 7),
            (
                "FROM a\nFROM \"x",
                "failed to process \"\\\"x\": unexpected end of statement while looking for matching double-quote", 2, 6
            ),
        ])
    func mistakes(text: String, message: String, line: Int, column: Int) {
        let error = #expect(throws: DockerfileError.self) { try graph(text) }
        #expect(error?.message == message)
        #expect(error?.line == line)
        #expect(error?.column == column)
    }

    @Test("marks all steps of a cycle")
    func cycle() {
        let text = "FROM x AS a\nCOPY --from=b /x /\nFROM x AS b\nRUN x\nCOPY --from=a /x /\n"
        let error = #expect(throws: DockerfileError.self) { try graph(text) }
        #expect(error?.lines == [2...2, 5...5])
    }

    @Test("knows its target by name, and what was probably meant")
    func target() {
        let error = #expect(throws: DockerfileError.self) { try graph("FROM x AS abc\nFROM y", target: "abd") }
        #expect(error?.message == "target stage \"abd\" could not be found (did you mean abc?)")
        #expect(error?.suggestion == "abc")
        #expect(error?.line == nil)
        #expect(error?.excerpt(of: [], fileName: "x").isEmpty == true)
        #expect(throws: DockerfileError.self) { try graph("FROM x AS abc\nFROM y", target: "0") }
    }

    @Test("doesn't look at the order of stages that nobody needs")
    func unusedForwardReference() throws {
        #expect(try graph("FROM x AS a\nCOPY --from=b /x /\nFROM y AS b\n").order == [1])
    }
}
