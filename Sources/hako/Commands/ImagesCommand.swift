import CommandLineTables
import Engine
import GoTemplate
import ImageStore
import OCI

/// `hako images`
enum ImagesCommand {
    static let command = Command(
        "images", "List images", usage: "[REPOSITORY[:TAG]]", alsoAt: ["image ls", "image list"], group: .common,
        arity: .atMost(1), completion: .images,
        options: [
            .flag("all", short: "a", "Show all images"),
            .flag("digests", "Show digests"),
            .list("filter", short: "f", "Filter output based on conditions provided", placeholder: "filter"),
            .text("format", "Format output: 'table', 'table TEMPLATE', 'json', or a Go template"),
            .flag("no-trunc", "Don't truncate output"),
            .flag("quiet", short: "q", "Only show image IDs"),
            .flag("tree", "List images with their layers"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let filters = try ImageFilters(arguments.values("filter"), reference: arguments.positionals.first)
        let engine = try arguments.engine()
        defer { engine.finish() }
        let images = try engine.listImages()
        if arguments.flag("tree") {
            let shown = try images.filter { try !filters.rows(of: $0, among: images, engine, isTruncated: true).isEmpty }
            Terminal.print(try ImagesTree.text(shown, of: engine))
            return 0
        }
        var rows = try images.flatMap { image in
            try filters.rows(of: image, among: images, engine, isTruncated: !arguments.flag("no-trunc"))
        }
        if arguments.flag("quiet"), !arguments.isGiven("format") {
            Terminal.print(rows.map { $0.id + "\n" }.joined())
            return 0
        }
        let format = ListFormat(arguments, "imagesFormat")
        guard !format.isPlainTable else {
            Terminal.print(table(rows, withDigests: arguments.flag("digests")))
            return 0
        }
        if format.mayShow("Containers") {
            let users = Dictionary(grouping: try engine.containers(), by: \.image)
            for index in rows.indices { rows[index].containers = users[rows[index].imageID]?.count ?? 0 }
        }
        try format.print(rows)
        return 0
    }

    private static func table(_ rows: [ImageRow], withDigests: Bool) -> String {
        var table = Table(
            header: ["REPOSITORY", "TAG"] + (withDigests ? ["DIGEST"] : []) + ["IMAGE ID", "CREATED", "SIZE"])
        for row in rows {
            table.add(
                [row.repository, row.tag] + (withDigests ? [row.digest] : []) + [row.id, row.createdSince, row.size])
        }
        return table.text
    }
}

/// An image under one of its names, as `images` shows it.
struct ImageRow: Formattable {
    let repository: String
    let tag: String
    let digest: String
    let id: String
    /// How many were made of it.
    var containers = 0
    private let image: StoredImage

    init(_ image: StoredImage, _ reference: Reference?, isTruncated: Bool) {
        self.image = image
        repository = reference?.familiarName ?? image.repoDigests.first?.familiarName ?? "<none>"
        tag = reference?.tag ?? "<none>"
        let own = image.repoDigests.first { $0.name == reference?.name } ?? image.repoDigests.first
        digest = own?.digest.map { "\($0)" } ?? "<none>"
        id = isTruncated ? image.id.short : image.id.description
    }

    var imageID: ImageID { image.id }
    var createdSince: String { image.record.created.map(Moment.ago) ?? "N/A" }
    var size: String { Units.size(image.record.size, digits: 3) }

    static let headings: [(key: String, value: String)] = [
        ("ID", "IMAGE ID"), ("Repository", "REPOSITORY"), ("Tag", "TAG"), ("Digest", "DIGEST"),
        ("CreatedSince", "CREATED"), ("CreatedAt", "CREATED AT"), ("Size", "SIZE"), ("Containers", "CONTAINERS"),
        ("VirtualSize", "SIZE"), ("SharedSize", "SHARED SIZE"), ("UniqueSize", "UNIQUE SIZE"),
    ]

    var template: TemplateRecord {
        TemplateRecord(
            "*formatter.imageContext",
            [
                .value("Containers", .string(String(containers))),
                .value("CreatedAt", .string(image.record.created.map(Moment.local) ?? "N/A")),
                .value("CreatedSince", .string(createdSince)), .value("Digest", .string(digest)),
                .value("ID", .string(id)), .value("Repository", .string(repository)),
                .value("SharedSize", .string("N/A")), .value("Size", .string(size)), .value("Tag", .string(tag)),
                .value("UniqueSize", .string("N/A")), .value("VirtualSize", .string(Units.size(image.record.size))),
            ], escapesHTML: true)
    }
}
