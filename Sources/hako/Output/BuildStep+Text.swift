import Builder
import Linux

extension BuildStep {
    /// `[build  2/10] RUN make`: a step as every display calls it, fit for a terminal.
    var name: String {
        guard case .instruction(let stage, let number, let count) = kind else { return Terminal.escaped(title) }
        let digits = String(number)
        let padding = String(repeating: " ", count: max(0, String(count).utf8.count - digits.utf8.count))
        let words = [platform, stage.isEmpty ? nil : stage].compactMap { $0 }.map { Terminal.escaped($0) + " " }
        return "[" + words.joined() + padding + "\(digits)/\(count)] " + Terminal.escaped(title)
    }
}

extension BuildExplanation {
    /// `why: ARG A is new: "1"`, fit for a terminal.
    var shownLines: [String] { lines.map { "why: " + Terminal.escaped($0) } }
}

/// Time since a step began, as BuildKit writes it.
enum BuildTime {
    /// `0.225`, `12.34`, `123.4`: before each line of output.
    static func stamp(_ nanoseconds: UInt64) -> String {
        let seconds = Double(nanoseconds) / 1e9
        return Units.fixed(seconds, places: seconds < 10 ? 3 : seconds < 100 ? 2 : 1)
    }

    /// `1.2s`
    static func span(_ nanoseconds: UInt64) -> String { Units.fixed(Double(nanoseconds) / 1e9, places: 1) + "s" }
}

/// What a RUN step prints, as lines that are fit for a terminal.
///
/// A carriage return begins a line anew, as on a terminal: of a progress bar the last state is a line. Every other control
/// sequence is shown in letters (threat: output that steers the terminal of who builds).
struct BuildOutputLines {
    /// What has no end for longer is cut: memory does not grow with a line.
    static let longestLine = 16 << 10

    private var rest: [UInt8] = []

    /// The lines that are whole now.
    mutating func add(_ bytes: [UInt8]) -> [String] {
        var lines: [String] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            rest += bytes[start..<end]
            lines.append(take())
            start = end + 1
        }
        rest += bytes[start...]
        while rest.count > Self.longestLine {
            let tail = Array(rest[Self.longestLine...])
            rest.removeSubrange(Self.longestLine...)
            lines.append(take())
            rest = tail
        }
        return lines
    }

    /// What stands there without an end; nil for nothing.
    mutating func flush() -> String? { rest.isEmpty ? nil : take() }

    private mutating func take() -> String {
        defer { rest = [] }
        let segments = rest.split(separator: UInt8(ascii: "\r"))
        return Terminal.escapedLines(String(decoding: segments.last ?? [], as: UTF8.self))
    }
}

/// The last lines of something.
struct RecentLines {
    private(set) var lines: [String] = []
    let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func add(_ line: String) {
        lines.append(line)
        // Not for each line: to remove the first moves all.
        if lines.count > 2 * limit { lines.removeFirst(lines.count - limit) }
    }

    var last: ArraySlice<String> { lines.suffix(limit) }
}
