import CommandLineTables
import Engine
import Linux
import Metadata
import OCI

/// `hako ps`
enum PsCommand {
    static let command = Command(
        "ps", "List containers", alsoAt: ["container ls", "container list", "container ps"],
        group: .common, arity: .none,
        options: [
            .flag("all", short: "a", "Show all containers (default shows just running)"),
            .list("filter", short: "f", "Filter output based on conditions provided", placeholder: "filter"),
            .text("format", "Format output: 'table', 'table TEMPLATE', 'json', or a Go template"),
            .integer("last", short: "n", "Show n last created containers (includes all states)", default: "-1"),
            .flag("latest", short: "l", "Show the latest created container (includes all states)"),
            .flag("no-trunc", "Don't truncate output"),
            .flag("quiet", short: "q", "Only display container IDs"),
            .flag("size", short: "s", "Display total file sizes"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let filters = try ContainerFilters(arguments.values("filter"))
        let engine = try arguments.engine()
        defer {
            engine.printWarnings()
            engine.finish()
        }
        let records = try select(engine, arguments, filters)
        let isTruncated = !arguments.flag("no-trunc")
        if arguments.flag("quiet") {
            if arguments.value("format")?.isEmpty == false {
                Terminal.printError("WARNING: Ignoring custom format, because both --format and --quiet are set.\n")
            }
            Terminal.print(records.map { (isTruncated ? String($0.id.prefix(12)) : $0.id) + "\n" }.joined())
            return 0
        }
        // Adding up what a container wrote walks its files, and its mounts are no part of its row: only for who asks.
        let list = ListFormat(arguments, "psFormat")
        let format = list.text
        let showsAll = format.contains("json .}}")
        let needsSizes = arguments.flag("size") || format.contains(".Size") || showsAll
        let needsMounts = list.mayShow("Mounts") || list.mayShow("LocalVolumes")
        // Of the row before: a list has few images, and mostly one.
        var image = (of: "", name: "")
        let rows = try records.map { record in
            if record.imageName != image.of {
                image = (record.imageName, ContainerRow.imageName(record.imageName, isTruncated: isTruncated))
            }
            return try ContainerRow(
                record, isTruncated: isTruncated, image: image.name, sizes: needsSizes ? engine.sizes(of: record) : nil,
                mounts: needsMounts ? engine.mountNames(of: record) : [])
        }
        guard !list.isPlainTable else {
            Terminal.print(table(rows, withSize: arguments.flag("size")))
            return 0
        }
        try list.print(rows)
        return 0
    }

    private static func select(
        _ engine: Engine, _ arguments: ParsedArguments, _ filters: ContainerFilters
    ) throws -> [ContainerRecord] {
        let all = try engine.containers()
        let last = arguments.flag("latest") ? 1 : arguments.integer("last") ?? -1
        let showsAll = arguments.flag("all") || last > 0 || filters.asksForStates
        if showsAll, filters.isEmpty { return last > 0 ? Array(all.prefix(last)) : all }
        let shown = try all.filter { record in
            try (showsAll || record.state.isUp)
                && filters.match(record, among: all, engine)
        }
        return last > 0 ? Array(shown.prefix(last)) : shown
    }

    private static func table(_ rows: [ContainerRow], withSize: Bool) -> String {
        var table = Table(
            header: ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"] + (withSize ? ["SIZE"] : []))
        for row in rows {
            table.add(
                [row.id, row.image, row.command, row.runningFor, row.status, row.ports, row.name]
                    + (withSize ? [row.size] : []))
        }
        return table.text
    }
}
