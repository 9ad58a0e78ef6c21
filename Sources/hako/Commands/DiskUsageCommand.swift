import Builder
import CommandLineTables
import Engine
import GoTemplate
import OCI

/// `hako system df`
enum DiskUsageCommand {
    static let command = Command(
        "df", "Show docker disk usage", arity: .none,
        options: [
            .text("format", "Format output: 'table', 'table TEMPLATE', 'json', or a Go template"),
            .flag("verbose", short: "v", "Show detailed information on space usage"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        let usage = try engine.diskUsage()
        let cache = try BuildCacheContents(engine)
        let format = arguments.value("format") ?? ""
        if arguments.flag("verbose") {
            guard format.isEmpty || format == "table" else {
                throw EngineError(
                    .invalidArgument, "the verbose option has no templates", hint: "--format goes without -v.")
            }
            Terminal.print(verbose(usage, cache))
            return 0
        }
        let rows = rows(usage, cache)
        guard format.isEmpty || format == "table" else {
            Terminal.print(try Formatted.text(rows, format))
            return 0
        }
        var table = Table(header: ["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"])
        for row in rows { table.add([row.type, String(row.total), String(row.active), row.sizeText, row.reclaimableText]) }
        Terminal.print(table.text)
        return 0
    }

    private static func rows(_ usage: DiskUsage, _ cache: BuildCacheContents) -> [DiskUsageRow] {
        let usedImages = usage.images.filter { $0.containers > 0 }
        let images = DiskUsageRow(
            type: "Images", total: usage.images.count, active: usedImages.count, size: usage.imageBytes,
            reclaimable: usage.reclaimableImageBytes)
        let idle = usage.containers.filter { !$0.record.state.isUp }
        let containers = DiskUsageRow(
            type: "Containers", total: usage.containers.count, active: usage.containers.count - idle.count,
            size: sum(usage.containers.map(\.size)), reclaimable: sum(idle.map(\.size)))
        let unused = usage.volumes.filter { $0.links == 0 }
        let volumes = DiskUsageRow(
            type: "Local Volumes", total: usage.volumes.count, active: usage.volumes.count - unused.count,
            size: sum(usage.volumes.map(\.size)), reclaimable: sum(unused.map(\.size)))
        let idleCache = cache.entries.filter { !$0.isInUse }
        let builds = DiskUsageRow(
            type: "Build Cache", total: cache.entries.count, active: cache.entries.count - idleCache.count,
            size: cache.unsharedSize(of: cache.entries), reclaimable: cache.unsharedSize(of: idleCache))
        return [images, containers, volumes, builds]
    }

    private static func sum(_ sizes: [Int64]) -> Int64 { sizes.reduce(0, &+) }

    private static func verbose(_ usage: DiskUsage, _ cache: BuildCacheContents) -> String {
        var images = Table(
            header: ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", "SHARED SIZE", "UNIQUE SIZE", "CONTAINERS"])
        for entry in usage.images {
            let row = ImageRow(entry.image, entry.image.references.first, isTruncated: true)
            images.add([
                row.repository, row.tag, row.id, row.createdSince, Units.size(entry.size), Units.size(entry.shared),
                Units.size(entry.size - entry.shared), String(entry.containers),
            ])
        }
        var containers = Table(
            header: ["CONTAINER ID", "IMAGE", "COMMAND", "LOCAL VOLUMES", "SIZE", "CREATED", "STATUS", "NAMES"])
        for entry in usage.containers {
            let image = ContainerRow.imageName(entry.record.imageName, isTruncated: true)
            let row = ContainerRow(entry.record, isTruncated: true, image: image, sizes: nil, mounts: [])
            containers.add([
                row.id, row.image, row.command, String(entry.volumes), Units.size(entry.size), row.runningFor, row.status, row.name,
            ])
        }
        var volumes = Table(header: ["VOLUME NAME", "LINKS", "SIZE"])
        for entry in usage.volumes { volumes.add([entry.record.name, String(entry.links), Units.size(entry.size)]) }
        return "Images space usage:\n\n\(images.text)\nContainers space usage:\n\n\(containers.text)"
            + "\nLocal Volumes space usage:\n\n\(volumes.text)\n\(verbose(cache))"
    }

    private static func verbose(_ cache: BuildCacheContents) -> String {
        var table = Table(header: ["CACHE ID", "CACHE TYPE", "SIZE", "CREATED", "LAST USED", "USAGE", "SHARED"])
        for entry in cache.entries {
            table.add([
                String(entry.id.prefix(12)), entry.kind.rawValue, Units.size(entry.size), entry.created.map(Moment.ago) ?? "",
                Moment.ago(entry.lastUsed), String(entry.uses), "\(entry.isShared)",
            ])
        }
        return "Build cache usage: \(Units.size(cache.unsharedSize(of: cache.entries)))\n\n\(table.text)"
    }
}

/// One kind of things, as `system df` shows it.
struct DiskUsageRow: Formattable {
    let type: String
    let total: Int
    let active: Int
    /// In bytes.
    let size: Int64
    let reclaimable: Int64

    var sizeText: String { Units.size(size) }
    var reclaimableText: String {
        size > 0 && type != "Build Cache" ? "\(Units.size(reclaimable)) (\(percent)%)" : Units.size(reclaimable)
    }
    private var percent: Int64 { reclaimable.multipliedReportingOverflow(by: 100).partialValue / max(size, 1) }

    static let headings: [(key: String, value: String)] = [
        ("Type", "TYPE"), ("TotalCount", "TOTAL"), ("Active", "ACTIVE"), ("Size", "SIZE"), ("Reclaimable", "RECLAIMABLE"),
    ]

    var template: TemplateRecord {
        TemplateRecord(
            "*formatter.diskUsageContext",
            [
                .value("Active", .string(String(active))), .value("Reclaimable", .string(reclaimableText)),
                .value("Size", .string(sizeText)), .value("TotalCount", .string(String(total))), .value("Type", .string(type)),
            ], escapesHTML: true)
    }
}
