import Dockerfile
import Testing

/// Dockerfiles for tests.
enum Sample {
    static let platform = Dockerfile.PlatformName(os: "linux", architecture: "amd64")

    /// A statement became something else than the test means.
    static func unexpected() { Issue.record("another instruction") }

    /// The message of what `text` is refused with; "no error" where it isn't.
    static func message(_ text: String) -> String { error(text)?.message ?? "no error" }

    static func error(_ text: String) -> DockerfileError? {
        do throws(DockerfileError) {
            _ = try Dockerfile(parsing: text)
            return nil
        } catch { return error }
    }

    /// The statement of a Dockerfile that has one beside its FROM.
    static func statement(_ text: String, header: String = "") throws -> Dockerfile.Statement {
        let dockerfile = try Dockerfile(parsing: header + "FROM scratch\n" + text)
        guard let statement = dockerfile.stages[0].statements.first else { throw DockerfileError("no statement") }
        return statement
    }

    static func instruction(_ text: String, header: String = "") throws -> Dockerfile.Instruction {
        try statement(text, header: header).instruction
    }

    static func arguments(
        _ dockerfile: Dockerfile, given: [String: String] = [:], target: String? = nil
    ) throws(DockerfileError) -> Dockerfile.BuildArguments {
        try Dockerfile.BuildArguments(
            dockerfile, given: given, buildPlatform: platform,
            targetPlatform: Dockerfile.PlatformName(os: "linux", architecture: "arm64", variant: "v8"), target: target)
    }

    /// Goes through the stages of a Dockerfile and returns its last scope and what its instructions became.
    static func evaluate(
        _ text: String, given: [String: String] = [:], environment: [String] = []
    ) throws(DockerfileError) -> (scope: Dockerfile.StageScope, evaluations: [Dockerfile.Evaluation]) {
        let dockerfile = try Dockerfile(parsing: text)
        let build = try arguments(dockerfile, given: given)
        let graph = try Dockerfile.StageGraph(dockerfile, arguments: build, needsAllStages: true)
        var scopes: [Int: Dockerfile.StageScope] = [:]
        var last = Dockerfile.StageScope(build, environment: environment)
        var evaluations: [Dockerfile.Evaluation] = []
        for index in graph.order {
            guard let node = graph.nodes[index] else { continue }
            var scope = Dockerfile.StageScope(build, environment: environment)
            if case .stage(let base) = node.base, let inherited = scopes[base] {
                scope = Dockerfile.StageScope(inheriting: inherited, environment: environment)
            }
            evaluations = []
            for statement in node.statements { evaluations.append(try scope.evaluate(statement)) }
            scopes[index] = scope
            last = scope
        }
        return (last, evaluations)
    }

    /// What the last instruction of a one-stage Dockerfile becomes.
    static func value(
        _ text: String, given: [String: String] = [:], environment: [String] = []
    ) throws -> Dockerfile.Instruction {
        guard let last = try evaluate("FROM scratch\n" + text, given: given, environment: environment).evaluations.last
        else {
            throw DockerfileError("no statement")
        }
        return last.instruction
    }

    /// Expands one word.
    static func expand(
        _ word: String, escape: Character = "\\", _ variables: [String: String] = [:]
    ) throws(ExpansionError) -> Dockerfile.Expansion {
        let escape = escape.asciiValue ?? UInt8(ascii: "\\")
        return try Dockerfile.WordExpander(escape: escape) { variables[$0] }.expand(word)
    }
}

extension Dockerfile.Heredoc {
    var text: String { String(decoding: content, as: UTF8.self) }
}
