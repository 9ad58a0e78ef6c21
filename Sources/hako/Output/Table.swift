/// Columns for people, aligned as Docker's: as wide as the widest cell, at least 10, and 3 blanks between.
struct Table {
    /// The cells, row after row, in one text: a thousand rows are written in one go.
    private var cells: [UInt8] = []
    /// Where each cell ends in it, and how wide it is: in code points.
    private var ends: [(offset: Int, width: Int)] = []
    /// The cells of each row end before this one.
    private var rows: [Int] = []
    private var widths: [Int] = []
    /// Of a column, without the blanks between.
    private let minimum: Int

    init(header: [String]? = nil, minimum: Int = 7) {
        self.minimum = minimum
        if let header { append(header) }
    }

    mutating func add(_ row: [String]) { append(row.map(Terminal.escaped)) }

    private mutating func append(_ row: [String]) {
        for (column, cell) in row.enumerated() {
            let start = cells.count
            cells.append(contentsOf: cell.utf8)
            let width = Self.width(of: cells[start...])
            ends.append((cells.count, width))
            if column == widths.count { widths.append(minimum) }
            widths[column] = max(widths[column], width)
        }
        rows.append(ends.count)
    }

    /// The bytes of UTF-8 that continue none.
    private static func width(of cell: ArraySlice<UInt8>) -> Int {
        var width = 0
        for byte in cell where byte & 0xC0 != 0x80 { width += 1 }
        return width
    }

    /// Lines without a trailing line end each; the last column isn't padded.
    var lines: [String] {
        text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().map { String(Substring($0)) }
    }

    var text: String {
        var text: [UInt8] = []
        text.reserveCapacity(rows.count * (widths.reduce(0) { $0 + $1 + 3 } + 1))
        var (cell, start) = (0, 0)
        for end in rows {
            var column = 0
            while cell < end {
                text.append(contentsOf: cells[start..<ends[cell].offset])
                start = ends[cell].offset
                if cell < end - 1 {
                    text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: widths[column] + 3 - ends[cell].width))
                }
                (cell, column) = (cell + 1, column + 1)
            }
            text.append(UInt8(ascii: "\n"))
        }
        return String(decoding: text, as: UTF8.self)
    }
}
