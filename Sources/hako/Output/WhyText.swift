import Engine
import Linux

/// One screen about what is the matter with a container.
enum WhyText {
    static func text(_ diagnosis: Diagnosis) -> String {
        var text = headline(diagnosis) + "\n"
        for finding in diagnosis.findings {
            text += "\n  * \(Terminal.escaped(capitalized(finding.evidence))).\n"
            for (index, line) in finding.advice.enumerated() {
                text += (index == 0 ? "    try: " : "         ") + Terminal.escaped(line) + "\n"
            }
        }
        if !diagnosis.log.isEmpty {
            text += "\nThe end of its log:\n"
            for record in diagnosis.log {
                var line = String(decoding: record.bytes, as: UTF8.self)
                if line.hasSuffix("\n") { line.removeLast() }
                text += "    " + Terminal.escaped(shortened(line)) + "\n"
            }
        }
        if let usage = diagnosis.usage { text += "\n" + UsageText.text(usage, isOver: diagnosis.finished != nil) }
        return text
    }

    private static func headline(_ diagnosis: Diagnosis) -> String {
        let name = diagnosis.name
        let ran = diagnosis.started.map { start in
            Units.duration(seconds: max(0, (diagnosis.finished ?? RealTime.now) - start) / 1_000_000_000).lowercased()
        } ?? ""
        let well = diagnosis.isWell ? " and is well" : ", and is not well"
        switch diagnosis.status {
        case "running": return "\(name) has been running for \(ran)\(well)."
        case "paused": return "\(name) is paused."
        case "created": return diagnosis.isWell ? "\(name) has not been started." : "\(name) could not be started."
        case "restarting": return "\(name) is being restarted: it ended with \(diagnosis.exitCode) after \(ran)."
        default:
            guard let finished = diagnosis.finished, diagnosis.started != nil else { return "\(name) is not running." }
            return "\(name) is not running: it ended with \(diagnosis.exitCode) \(Moment.ago(finished).lowercased()), after \(ran)."
        }
    }

    private static func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    /// A line of a log may be a mebibyte long.
    private static func shortened(_ line: String) -> String {
        line.unicodeScalars.count > 160 ? String(String.UnicodeScalarView(line.unicodeScalars.prefix(157))) + "..." : line
    }
}

/// What was used in the last minute, as lines of bars.
enum UsageText {
    private static let bars = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    static func text(_ usage: RecentUsage, isOver: Bool) -> String {
        var table = Table(header: ["", "", "LEAST", "MEAN", "MOST"], minimum: 5)
        let percent = { (value: Double) in Units.fixed(value, places: 1) + "%" }
        let size = { (value: Double) in Units.binarySize(Int64(value)) }
        add("cpu", usage.intervals.map(\.processor), percent, &table)
        add("memory", usage.intervals.map { $0.memory.map { Double($0) } }, size, &table)
        add("processes", usage.intervals.map { $0.pids.map { Double($0) } }, { Units.fixed($0, places: 0) }, &table)
        add("waiting for cpu", usage.intervals.map(\.processorPressure), percent, &table)
        add("waiting for memory", usage.intervals.map(\.memoryPressure), percent, &table)
        add("waiting for i/o", usage.intervals.map(\.blockPressure), percent, &table)
        if usage.intervals.contains(where: { $0.throttled ?? 0 > 0 }) {
            add("throttled", usage.intervals.map(\.throttled), percent, &table)
        }
        let head = "The last \(Int(usage.duration)) seconds of its \(isOver ? "life" : "use"), one bar for 5 seconds:\n"
        return head + table.lines.map { "    \($0)\n" }.joined()
    }

    private static func add(_ name: String, _ values: [Double?], _ text: (Double) -> String, _ table: inout Table) {
        let known = values.compactMap { $0 }
        guard let least = known.min(), let most = known.max() else { return }
        let mean = known.reduce(0, +) / Double(known.count)
        let line = values.map { value in
            value.map { bars[min(bars.count - 1, most == 0 ? 0 : Int($0 / most * Double(bars.count - 1) + 0.5))] } ?? " "
        }.joined()
        table.add([name, line, text(least), text(mean), text(most)])
    }
}
