/// What `--format` of a command that lists says: JSON, a table of columns, or lines by a template.
public struct TableFormat: Sendable {
    /// `table {{.ID}}\t{{.Names}}`: a heading, and columns below one another.
    public let isTable: Bool
    public let template: Template

    /// Reads the option as Docker's client does: `json` stands for `{{json .}}`, and `\t` and `\n` are a tab and a line end.
    ///
    /// - Throws: The error of the template, with Docker's `template parsing error: ` before it.
    public init(_ text: String) throws(TemplateError) {
        isTable = text.utf8.starts(with: "table".utf8)
        var body = text
        if isTable { body = String(body.dropFirst("table".count)) }
        if text == "json" { body = "{{json .}}" }
        do { template = try Template(Self.unescaped(Self.trimmed(body))) } catch {
            throw TemplateError(description: "template parsing error: \(error)")
        }
    }

    /// One row, without its line end. Columns of a table are still tabs.
    public func row(_ value: TemplateValue) throws(TemplateError) -> String {
        do { return try template.render(value) } catch {
            throw TemplateError(description: "template parsing error: \(error)")
        }
    }

    /// The rows below their heading, in columns if it is a table; each ends in a line end.
    ///
    /// - Parameter headings: The name of each field's column: `["ID": "CONTAINER ID"]`.
    public func text(rows: [TemplateValue], headings: [(key: String, value: String)]) throws(TemplateError) -> String {
        var lines: [String] = []
        for row in rows { lines.append(try self.row(row)) }
        guard isTable else { return lines.map { $0 + "\n" }.joined() }
        // A heading that can't be made is no reason to hide the rows.
        let fields = headings.filter { $0.key != "Label" }.map { TemplateField.value($0.key, .string($0.value)) }
        let heading = try? template.render(
            .record(TemplateRecord("formatter.SubHeaderContext", fields + [Self.labelHeading])), functions: .headers)
        return Columns.aligned([heading ?? ""] + lines)
    }

    /// The column of a label is called as the last part of its name: `com.example.git-commit` is `git commit`.
    private static let labelHeading = TemplateField.method("Label", arity: 1) { arguments in
        guard case .string(let name)? = arguments.first else { return .string("") }
        let last = name.split(separator: ".", omittingEmptySubsequences: false).last ?? ""
        return .string(String(last.map { $0 == "-" || $0 == "_" ? " " : $0 }))
    }

    private static func trimmed(_ text: String) -> String {
        let bytes = text.utf8.drop { $0 == UInt8(ascii: " ") }
        let tail = bytes.reversed().prefix { $0 == UInt8(ascii: " ") }.count
        return String(decoding: bytes.dropLast(tail), as: UTF8.self)
    }

    private static func unescaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            let follows = bytes.last == UInt8(ascii: "\\")
            if follows, byte == UInt8(ascii: "t") || byte == UInt8(ascii: "n") {
                bytes[bytes.count - 1] = byte == UInt8(ascii: "t") ? 0x09 : 0x0A
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Columns of text, as Docker's client aligns them (Go's tabwriter: at least 10 wide, 3 spaces between).
public enum Columns {
    private static let (least, gap) = (10, 3)

    /// Lines whose cells are ended by tabs, aligned; the text behind the last tab belongs to no column. A column goes on as
    /// long as each line has a cell in it. Each line ends in a line end.
    public static func aligned(_ lines: [String]) -> String {
        let table = lines.flatMap { line in
            line.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
                .map { $0.split(separator: 0x09, omittingEmptySubsequences: false).map { String(Substring($0)) } }
        }
        var widths = table.map { [Int](repeating: 0, count: $0.count - 1) }
        for column in 0..<(widths.map(\.count).max() ?? 0) { measure(column, table, &widths) }
        var text = ""
        for (cells, widths) in zip(table, widths) {
            for (index, cell) in cells.enumerated() {
                text += cell
                guard widths.indices.contains(index) else { continue }
                text += String(repeating: " ", count: max(0, widths[index] - cell.unicodeScalars.count))
            }
            text += "\n"
        }
        return text
    }

    /// Gives the cells of each run of lines that have this column the width of the widest.
    private static func measure(_ column: Int, _ table: [[String]], _ widths: inout [[Int]]) {
        var start = 0
        while start < table.count {
            guard widths[start].count > column else {
                start += 1
                continue
            }
            var end = start
            var widest = least
            while end < table.count, widths[end].count > column {
                widest = max(widest, table[end][column].unicodeScalars.count + gap)
                end += 1
            }
            for line in start..<end { widths[line][column] = widest }
            start = end
        }
    }
}
