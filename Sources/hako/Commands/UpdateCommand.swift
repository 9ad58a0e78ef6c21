import CommandLineTables
import Engine

/// `hako update`
enum UpdateCommand {
    static let command = Command(
        "update", "Update configuration of one or more containers", usage: "CONTAINER [CONTAINER...]",
        alsoAt: ["container update"], arity: .atLeast(1), completion: .containers,
        options: LimitOptions.table + [
            RestartOption.option, ContainerOptions.kernelMemory,
        ]
    ) { arguments in
        guard LimitOptions.isGiven(arguments) || arguments.isGiven("restart") else {
            throw EngineError(.invalidArgument, "you must provide one or more flags when using this command")
        }
        var change = Resources()
        try LimitOptions.fill(&change, arguments)
        try LimitOptions.fillRates(&change, arguments, takesZero: true)
        let policy = try arguments.value("restart").map(RestartOption.parse)
        return try Each.run(arguments) { try $0.update($1, change, restart: policy) }
    }
}
