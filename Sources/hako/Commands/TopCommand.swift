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
        Terminal.print(text([processes.titles] + processes.rows))
        return 0
    }

    /// Columns as Docker's: at least 20 wide, with 3 blanks between; the last one isn't padded.
    private static func text(_ rows: [[String]]) -> String {
        let rows = rows.map { $0.map(Terminal.escaped) }
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.dropLast().enumerated() {
                if column == widths.count { widths.append(20) }
                widths[column] = max(widths[column], cell.unicodeScalars.count + 3)
            }
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                guard column < row.count - 1 else { return cell }
                return cell + String(repeating: " ", count: widths[column] - cell.unicodeScalars.count)
            }.joined() + "\n"
        }.joined()
    }
}
