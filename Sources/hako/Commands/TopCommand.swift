import CommandLineTables
import Engine

/// `hako top`
enum TopCommand {
    static let command = Command(
        "top", "Display the running processes of a container", usage: "CONTAINER [ps OPTIONS]", alsoAt: ["container top"],
        arity: .atLeast(1), order: .beforeArguments, completion: .runningContainers
    ) { arguments in
        let engine = try arguments.engine()
        defer { engine.finish() }
        let processes = try engine.processTable(
            of: arguments.positionals[0], options: Array(arguments.positionals.dropFirst()))
        // Wider than other lists, as Docker has it: 20 with the blanks between.
        var table = Table(header: processes.titles, minimum: 17)
        for row in processes.rows { table.add(row) }
        Terminal.print(table.text)
        return 0
    }
}
