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

    /// Whether a field may be seen: it is named, or a row as a whole is. For what it takes long to find out.
    func mayShow(_ field: String) -> Bool {
        guard text != "json", !text.contains(".\(field)"), !text.contains("$") else { return true }
        // A dot that begins no name is the row; so is `$`.
        return zip(text.utf8, text.utf8.dropFirst()).contains { dot, next in
            dot == UInt8(ascii: ".") && !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(next)
        }
    }

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
