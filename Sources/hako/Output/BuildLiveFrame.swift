import Builder

/// One picture of the live view.
struct BuildLiveFrame {
    /// Lines of output of one step, at most.
    static let tailLimit = 6

    struct Line {
        let text: String
        /// In columns.
        let width: Int
    }

    let steps: [BuildLiveStep]
    let now: UInt64
    /// Since the build began.
    let elapsed: UInt64
    let columns: Int
    let isColored: Bool
    /// Nothing follows.
    let isLast: Bool

    /// - Parameter rows: The most lines. Steps that are done give way first, the earliest before the others.
    func lines(rows: Int) -> [Line] {
        let blocks = steps.map { (isDone: $0.outcome != nil, lines: [line($0)] + notes(of: $0)) }
        var room = rows - 1 - blocks.reduce(0) { $0 + $1.lines.count }
        var shown = [head]
        var dropped = max(0, -room)
        for (block, step) in zip(blocks, steps) {
            if dropped > 0, block.isDone {
                dropped -= block.lines.count
                continue
            }
            shown += block.lines
            let tail = isLast || block.isDone ? [] : tail(of: step).suffix(max(0, room))
            room -= tail.count
            shown += tail
        }
        // More are in work than there is room for.
        return shown.count <= rows ? shown : [head] + shown.suffix(rows - 1)
    }

    /// `[+] Building 12.3s (5/9)`
    private var head: Line {
        let done = steps.count { $0.outcome != nil }
        let total = max(total, done)
        let end = isLast && done == total ? " FINISHED" : ""
        return plain("[+] Building \(BuildTime.span(elapsed)) (\(done)/\(total))\(end)")
    }

    /// The steps that have begun, and those that their stages still have.
    private var total: Int {
        var others = 0
        var stages: [String: Int] = [:]
        for state in steps {
            guard case .instruction(let stage, _, let count) = state.step.kind else {
                others += 1
                continue
            }
            stages["\(state.step.platform ?? "")/\(stage)"] = count
        }
        return others + stages.values.reduce(0, +)
    }

    private func line(_ state: BuildLiveStep) -> Line {
        let (word, color): (String, BuildColor?) =
            switch state.outcome {
            case nil: ("", nil)
            case .done?: ("", .blue)
            case .cached?: ("CACHED ", .blue)
            case .cancelled?: ("CANCELED ", .yellow)
            case .failed?: ("ERROR ", .red)
            }
        let time = " " + BuildTime.span((state.end ?? now) - state.start)
        let name = TerminalColumns.fitted(" => \(word)\(state.step.name)", to: columns - time.utf8.count)
        return painted(name + time, color, width: columns)
    }

    private func notes(of state: BuildLiveStep) -> [Line] {
        state.notes.last.map { plain(" => => \($0)") }
    }

    private func tail(of state: BuildLiveStep) -> [Line] {
        state.tail.last.map { line in
            let text = TerminalColumns.cut(" => => # " + line.escaping("\t", as: "    "), to: columns)
            return painted(text.text, .faint, width: text.width)
        }
    }

    private func plain(_ text: String) -> Line {
        let cut = TerminalColumns.cut(text, to: columns)
        return Line(text: cut.text, width: cut.width)
    }

    private func painted(_ text: String, _ color: BuildColor?, width: Int) -> Line {
        Line(text: isColored ? color?.paint(text) ?? text : text, width: width)
    }
}

/// How wide text is on a terminal, near enough: where lines don't wrap, nothing breaks where one judges otherwise.
enum TerminalColumns {
    /// What fits into so many columns.
    static func cut(_ text: String, to columns: Int) -> (text: String, width: Int) {
        var result = ""
        var width = 0
        for scalar in text.unicodeScalars {
            let own = Self.columns(of: scalar)
            if width + own > columns { break }
            result.unicodeScalars.append(scalar)
            width += own
        }
        return (result, width)
    }

    /// The same with blanks up to that width.
    static func fitted(_ text: String, to columns: Int) -> String {
        let cut = cut(text, to: columns)
        return cut.text + String(repeating: " ", count: max(0, columns - cut.width))
    }

    /// 0 for marks on another sign, 2 for the wide ones of East Asia and pictures (Unicode, UAX #11).
    private static func columns(of scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
