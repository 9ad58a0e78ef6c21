import CommandLineTables
import Engine
import Glibc
import Metadata

/// `hako stats`
enum StatsCommand {
    static let command = Command(
        "stats", "Display a live stream of container(s) resource usage statistics", usage: "[CONTAINER...]",
        alsoAt: ["container stats"], arity: .any, completion: .runningContainers,
        options: [
            .flag("all", short: "a", "Show all containers (default shows just running)"),
            .text("format", "Format output: 'table', 'table TEMPLATE', 'json', or a Go template"),
            .flag("no-stream", "Disable streaming stats and only pull the first result"),
            .flag("no-trunc", "Do not truncate output"),
        ], run: run)

    /// Long enough to count what a processor does in it, and short enough to wait for.
    private static let firstMicroseconds: UInt32 = 70_000
    private static let nextMicroseconds: UInt32 = 1_000_000

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        var before = engine.samples(of: try select(engine, arguments))
        var pause = firstMicroseconds
        while true {
            usleep(pause)
            // What others have started and ended meanwhile.
            try engine.refresh()
            let now = engine.samples(of: try select(engine, arguments))
            try show(now, since: before, arguments)
            if arguments.flag("no-stream") { return 0 }
            (before, pause) = (now, nextMicroseconds)
        }
    }

    private static func select(_ engine: Engine, _ arguments: ParsedArguments) throws -> [ContainerRecord] {
        guard arguments.positionals.isEmpty else { return try arguments.positionals.map { try engine.container($0) } }
        let all = arguments.flag("all")
        return try engine.containers().filter { all || $0.state.isUp }
    }

    private static func show(
        _ now: [ContainerSample], since before: [ContainerSample], _ arguments: ParsedArguments
    ) throws {
        let isTruncated = !arguments.flag("no-trunc")
        let rows = now.enumerated().map { index, sample in
            StatsRow(
                sample, since: before.first { $0.id == sample.id } ?? sample,
                asked: arguments.positionals.isEmpty ? nil : arguments.positionals[index], isTruncated: isTruncated)
        }
        // Over what was shown before, as Docker's client does, whatever it writes to.
        if !arguments.flag("no-stream") { Terminal.print("\u{1B}[2J\u{1B}[H") }
        let format = arguments.value("format") ?? ""
        guard format.isEmpty || format == "table" else { return try Formatted.print(rows, format) }
        var table = Table(header: StatsRow.header)
        for row in rows { table.add(row.cells) }
        Terminal.print(table.text)
    }
}
