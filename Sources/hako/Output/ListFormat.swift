import CommandLineTables
import Engine

/// The format of a list: `--format`, else what the user's `config.json` says.
struct ListFormat {
    /// Empty where neither says anything.
    let text: String
    /// Of one that does not stand on the command line.
    private let origin: String?

    /// - Parameter key: Of the user's configuration: `psFormat`.
    init(_ arguments: ParsedArguments, _ key: String) {
        if let given = arguments.value("format") {
            (text, origin) = (given, nil)
        } else {
            text = GlobalOptions.user.formats[key] ?? ""
            origin = "\(key) in \(GlobalOptions.user.path)"
        }
    }

    /// Whether the table is wanted that people read.
    var isPlainTable: Bool { text.isEmpty || text == "table" }

    func print<Row: Formattable>(_ rows: [Row]) throws { Terminal.print(try text(of: rows)) }

    /// What is printed of them.
    func text<Row: Formattable>(of rows: [Row]) throws -> String {
        do {
            return try Formatted.text(rows, text)
        } catch {
            guard let origin else { throw error }
            throw CommandFailure(
                EngineError(.invalidArgument, "\(origin): \((error as? CommandFailure)?.cause ?? error)"),
                exitCode: (error as? CommandFailure)?.exitCode ?? 1)
        }
    }
}
