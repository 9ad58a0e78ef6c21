import CommandLineTables
import Engine

/// `hako diff`
enum DiffCommand {
    static let command = Command(
        "diff", "Inspect changes to files or directories on a container's filesystem", usage: "CONTAINER",
        alsoAt: ["container diff"], arity: .exactly(1), completion: .containers
    ) { arguments in
        let name = arguments.positionals[0]
        guard !name.isEmpty else { throw EngineError(.invalidArgument, "Container name cannot be empty") }
        let engine = try arguments.engine()
        defer { engine.finish() }
        Terminal.print(try engine.changes(of: name).map { "\($0.kind.rawValue) \($0.path)\n" }.joined())
        return 0
    }
}
