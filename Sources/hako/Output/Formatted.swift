import Engine
import GoTemplate
import OCI

/// A row of a list that templates can be applied to.
protocol Formattable {
    /// The heads of the columns, by field.
    static var headings: [(key: String, value: String)] { get }
    var template: TemplateRecord { get }
}

/// `--format` of commands that list or inspect.
enum Formatted {
    /// Rows as JSON lines, a table or by a template.
    static func text<Row: Formattable>(_ rows: [Row], _ format: String) throws -> String {
        let table = try TableFormat(format)
        return Terminal.escapedLines(try table.text(rows: rows.map { .record($0.template) }, headings: Row.headings))
    }

    /// Prints one document by a template, `json` standing for the whole on one line.
    static func print(_ document: JSON, _ format: String) throws {
        guard format != "json" else {
            Terminal.print(document.text() + "\n")
            return
        }
        let template: Template
        do {
            template = try Template(format)
        } catch {
            // Docker's client ends with 64 here, and nowhere else.
            throw CommandFailure(EngineError(.invalidArgument, "template parsing error: \(error)"), exitCode: 64)
        }
        let text: String
        do {
            text = try template.render(DockerShape.value(document), missingKey: .error)
        } catch { throw EngineError(.invalidArgument, "template parsing error: \(error)") }
        Terminal.print(Terminal.escapedLines(text) + "\n")
    }
}
