import CommandLineTables
import Engine

/// `hako update`
enum UpdateCommand {
    static let command = Command(
        "update", "Update configuration of one or more containers", usage: "CONTAINER [CONTAINER...]",
        alsoAt: ["container update"], arity: .atLeast(1), completion: .containers,
        options: LimitOptions.table + [
            .integer("cpu-rt-period", "").unsupported(because: "real-time limits are not available yet"),
            .integer("cpu-rt-runtime", "").unsupported(because: "real-time limits are not available yet"),
            RestartOption.option,
        ]
    ) { arguments in
        guard LimitOptions.isGiven(arguments) || arguments.isGiven("restart") else {
            throw EngineError(.invalidArgument, "you must provide one or more flags when using this command")
        }
        var change = Resources()
        try LimitOptions.fill(&change, arguments)
        let policy = try arguments.value("restart").map(RestartOption.parse)
        return try Each.run(arguments) { try $0.update($1, change, restart: policy) }
    }
}
