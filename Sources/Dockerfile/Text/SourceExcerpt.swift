extension Dockerfile {
    /// The lines around a mistake, as BuildKit shows them:
    /// ```
    /// Dockerfile:2
    /// --------------------
    ///    1 |     FROM busybox
    ///    2 | >>> RUNN x
    /// --------------------
    /// ```
    /// Two lines stand before and after a single line, one where several are marked. Control characters, which would steer
    /// a terminal, are shown as U+FFFD. Ends with a line end; empty where no line of the file is marked.
    public static func excerpt(of source: [UInt8], marking ranges: [ClosedRange<Int>], fileName: String) -> String {
        guard let first = ranges.map(\.lowerBound).min(), var end = ranges.map(\.upperBound).max() else { return "" }
        let count = source.reduce(1) { $0 + ($1 == .newline ? 1 : 0) }
        guard first >= 1, first <= count else { return "" }
        end = min(end, count)
        var start = first
        // BuildKit counts each line that it adds and one more for each turn.
        let context = start == end ? 4 : 2
        var added = 0
        while added < context {
            if start > 1 { (start, added) = (start - 1, added + 1) }
            if end < count { (end, added) = (end + 1, added + 1) }
            added += 1
        }
        let rule = String(repeating: "-", count: 20) + "\n"
        var text = "\(fileName):\(first)\n" + rule
        for (number, line) in numberedLines(of: source, start...end) {
            let mark = ranges.contains { $0.contains(number) } ? ">>>" : "   "
            let digits = String(number)
            text += " " + String(repeating: " ", count: max(0, 3 - digits.utf8.count)) + "\(digits) | \(mark) \(line)\n"
        }
        return text + rule
    }

    private static func numberedLines(of source: [UInt8], _ wanted: ClosedRange<Int>) -> [(Int, String)] {
        var result: [(Int, String)] = []
        var number = 1
        var start = 0
        while number <= wanted.upperBound, start <= source.count {
            var end = start
            while end < source.count, source[end] != .newline { end += 1 }
            if wanted.contains(number) { result.append((number, shown(source[start..<end]))) }
            (number, start) = (number + 1, end + 1)
        }
        return result
    }

    private static func shown(_ line: ArraySlice<UInt8>) -> String {
        var text = ""
        for scalar in String(line.withoutLineEnd).unicodeScalars {
            let isControl = (scalar.value < 0x20 && scalar != "\t") || (0x7F..<0xA0).contains(scalar.value)
            text.unicodeScalars.append(isControl ? "\u{FFFD}" : scalar)
        }
        return text
    }
}
