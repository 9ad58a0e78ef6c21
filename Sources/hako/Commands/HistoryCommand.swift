import CommandLineTables
import Engine
import GoTemplate
import OCI

/// `hako history`
enum HistoryCommand {
    static let command = Command(
        "history", "Show the history of an image", usage: "IMAGE", alsoAt: ["image history"], arity: .exactly(1),
        completion: .images,
        options: [
            .text("format", "Format output: 'table', 'table TEMPLATE', 'json', or a Go template"),
            .flag("human", short: "H", "Print sizes and dates in human readable format", isOn: true),
            .flag("no-trunc", "Don't truncate output"),
            .text("platform", "Show history for the given platform"),
            .flag("quiet", short: "q", "Only show image IDs"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        let isHuman = arguments.flag("human")
        let rows = try engine.history(of: arguments.positionals[0], platform: arguments.value("platform")).map {
            HistoryRow($0, isTruncated: !arguments.flag("no-trunc"), isHuman: isHuman)
        }
        let format = arguments.value("format") ?? ""
        guard format.isEmpty || format == "table" else {
            Terminal.print(try Formatted.text(rows, format))
            return 0
        }
        if arguments.flag("quiet") {
            Terminal.print(rows.map { $0.id + "\n" }.joined())
            return 0
        }
        var table = Table(header: ["IMAGE", isHuman ? "CREATED" : "CREATED AT", "CREATED BY", "SIZE", "COMMENT"])
        for row in rows { table.add([row.id, row.createdSince, row.createdBy, row.size, row.comment]) }
        Terminal.print(table.text)
        return 0
    }
}

/// A step of an image's history, as it is shown.
struct HistoryRow: Formattable {
    private let item: HistoryItem
    private let isTruncated: Bool
    private let isHuman: Bool

    init(_ item: HistoryItem, isTruncated: Bool, isHuman: Bool) {
        self.item = item
        self.isTruncated = isTruncated
        self.isHuman = isHuman
    }

    var id: String {
        guard isTruncated, item.id.hasPrefix("sha256:") else { return item.id }
        return String(item.id.dropFirst("sha256:".count).prefix(12))
    }
    var createdAt: String { Moment.seconds(item.created) }
    var createdSince: String {
        guard isHuman else { return createdAt }
        // Before 2000 it is no date that anybody meant, as in Docker.
        return item.created <= 946_684_800 ? "" : Moment.ago(item.created * 1_000_000_000)
    }
    var createdBy: String {
        let text = String(item.createdBy.map { $0 == "\t" ? " " : $0 })
        let scalars = text.unicodeScalars
        guard isTruncated, scalars.count > 45 else { return text }
        return String(String.UnicodeScalarView(scalars.prefix(44))) + "…"
    }
    var size: String { isHuman ? Units.size(item.size, digits: 3) : String(item.size) }
    var comment: String { item.comment }

    static let headings: [(key: String, value: String)] = [
        ("ID", "IMAGE"), ("CreatedSince", "CREATED"), ("CreatedAt", "CREATED AT"), ("CreatedBy", "CREATED BY"),
        ("Size", "SIZE"), ("Comment", "COMMENT"),
    ]

    var template: TemplateRecord {
        TemplateRecord(
            "*image.historyContext",
            [
                .value("Comment", .string(comment)), .value("CreatedAt", .string(createdAt)),
                .value("CreatedBy", .string(createdBy)), .value("CreatedSince", .string(createdSince)),
                .value("ID", .string(id)), .value("Size", .string(size)),
            ], escapesHTML: true)
    }
}
