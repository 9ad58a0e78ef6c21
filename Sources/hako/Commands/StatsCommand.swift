import CommandLineTables
import Engine
import Glibc
import Linux
import Metadata

/// `hako stats`
enum StatsCommand {
    static let command = Command(
        "stats", "Display a live stream of container(s) resource usage statistics", usage: "[CONTAINER...]",
        examples: ["hako stats --no-stream", "hako stats --pressure"], alsoAt: ["container stats"], arity: .any,
        completion: .runningContainers,
        options: [
            .flag("all", short: "a", "Show all containers (default shows just running)"),
            .text("format", "Format output: 'table', 'table TEMPLATE', 'json', or a Go template"),
            .flag("no-stream", "Disable streaming stats and only pull the first result"),
            .flag("no-trunc", "Do not truncate output"),
            .flag("pressure", "Show also how much of the time processes waited for CPU, memory and I/O, and were throttled"),
        ], run: run)

    private static let nextMilliseconds: UInt64 = 1000

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        let isStreaming = !arguments.flag("no-stream")
        let format = ListFormat(arguments, "statsFormat")
        let meter = UsageMeter(engine, withPressure: arguments.flag("pressure") || !format.isPlainTable)
        var names = arguments.positionals
        var records = try select(engine, names, arguments)
        var due = Timings.monotonicNanoseconds()
        if !meter.begin(records) { due += UsageMeter.leastNanoseconds }
        while true {
            let usages = meter.usage(of: records) { sleep(until: due) }
            let rows = usages.enumerated().map { index, usage in
                StatsRow(usage, asked: names.isEmpty ? nil : names[index], isTruncated: !arguments.flag("no-trunc"))
            }
            let text = try text(rows, format, arguments)
            Terminal.print(isStreaming ? overwriting(text) : text)
            guard isStreaming else { return 0 }
            due += nextMilliseconds * 1_000_000
            // What others have started and ended meanwhile. One that was asked for and is gone by now is shown no more.
            sleep(until: due - UsageMeter.leastNanoseconds)
            try engine.refresh()
            names = names.filter { (try? engine.container($0)) != nil }
            if names.isEmpty, !arguments.positionals.isEmpty { return 0 }
            records = try select(engine, names, arguments)
        }
    }

    private static func select(
        _ engine: Engine, _ names: [String], _ arguments: ParsedArguments
    ) throws -> [ContainerRecord] {
        guard arguments.positionals.isEmpty else { return try names.map { try engine.container($0) } }
        let all = arguments.flag("all")
        return try engine.containers().filter { all || $0.state.isUp }
    }

    private static func sleep(until time: UInt64) {
        let now = Timings.monotonicNanoseconds()
        if time > now { usleep(UInt32(clamping: (time - now) / 1000)) }
    }

    private static func text(_ rows: [StatsRow], _ format: ListFormat, _ arguments: ParsedArguments) throws -> String {
        guard format.isPlainTable else { return try format.text(of: rows) }
        let isWide = arguments.flag("pressure")
        var table = Table(header: StatsRow.header + (isWide ? StatsRow.pressureHeader : []))
        for row in rows { table.add(row.cells + (isWide ? row.pressureCells : [])) }
        return table.text
    }

    /// From the top of the screen over what was shown before, each line cleared to its end, whatever it is written to: as
    /// Docker's client does it, so that nothing flickers.
    private static func overwriting(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return "\u{1B}[H" + lines.map { $0 + " \u{1B}[K\n" }.joined() + "\u{1B}[J"
    }
}
