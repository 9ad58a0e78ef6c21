/// Columns for people, aligned as Docker's: as wide as the widest cell, at least 10, and 3 blanks between.
struct Table {
    private var rows: [[String]] = []
    /// Of a column, without the blanks between.
    private let minimum: Int

    init(header: [String]? = nil, minimum: Int = 7) {
        self.minimum = minimum
        if let header { rows.append(header) }
    }

    mutating func add(_ row: [String]) { rows.append(row.map(Terminal.escaped)) }

    /// Lines without a trailing line end each; the last column isn't padded.
    var lines: [String] {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(minimum) }
                widths[column] = max(widths[column], Self.width(of: cell))
            }
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column < row.count - 1 { line += String(repeating: " ", count: widths[column] + 3 - Self.width(of: cell)) }
            }
            return line
        }
    }

    /// In code points: the bytes of UTF-8 that continue none.
    private static func width(of cell: String) -> Int { cell.utf8.reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 } }

    var text: String { lines.map { $0 + "\n" }.joined() }
}
