import CommandLineTables
import Engine

/// `hako rename`
enum RenameCommand {
    static let command = Command(
        "rename", "Rename a container", usage: "CONTAINER NEW_NAME", alsoAt: ["container rename"], arity: .exactly(2),
        completion: .containers
    ) { arguments in
        let engine = try arguments.engine()
        defer { engine.finish() }
        try engine.rename(arguments.positionals[0], to: arguments.positionals[1])
        return 0
    }
}
