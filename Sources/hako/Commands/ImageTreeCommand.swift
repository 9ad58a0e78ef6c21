import CommandLineTables
import Engine
import ImageStore
import OCI

/// `hako image tree`
enum ImageTreeCommand {
    static let command = Command(
        "tree", "Show an image's layers: which other images have them, and what each adds, overwrites and wastes",
        usage: "IMAGE [IMAGE...]", arity: .atLeast(1), completion: .images,
        options: [.flag("no-trunc", "Don't truncate output")], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        for (index, name) in arguments.positionals.enumerated() {
            let tree = try engine.layerTree(of: name)
            Terminal.print((index > 0 ? "\n" : "") + text(tree, isTruncated: !arguments.flag("no-trunc")))
        }
        return 0
    }

    private static func text(_ tree: ImageTreeReport, isTruncated: Bool) -> String {
        var table = Table(header: ["LAYER", "SIZE", "ADDS", "OVERWRITES", "DELETES", "WASTES", "SHARED WITH", "CREATED BY"])
        for (index, layer) in tree.layers.enumerated() {
            let branch = index == tree.layers.count - 1 ? "└─ " : "├─ "
            let sharers = layer.sharers.map(\.familiarName)
            table.add([
                branch + (isTruncated ? layer.use.diffID.digest.short : layer.use.diffID.description), size(layer.use.size),
                size(layer.use.added), size(layer.use.overwritten), size(layer.use.deleted), size(layer.use.wasted),
                sharers.isEmpty ? "-" : cut(sharers.joined(separator: ", "), isTruncated), cut(layer.createdBy, isTruncated),
            ])
        }
        let wasted = tree.layers.reduce(0) { $0 + $1.use.wasted }
        let total = tree.layers.reduce(0) { $0 + $1.use.size }
        let share = total > 0 ? " (\(wasted * 100 / total)%)" : ""
        return "\(Terminal.escaped(tree.name)) \(tree.id.short): \(size(total)) in \(tree.layers.count) layers, "
            + "\(size(tree.shared)) shared, \(size(wasted))\(share) wasted\n" + table.text
    }

    private static func size(_ bytes: Int64) -> String { Units.size(bytes, digits: 3) }

    private static func cut(_ text: String, _ isTruncated: Bool) -> String {
        let scalars = text.unicodeScalars
        guard isTruncated, scalars.count > 45 else { return text }
        return String(String.UnicodeScalarView(scalars.prefix(44))) + "…"
    }
}

extension ImageTreeReport.Sharer {
    var familiarName: String { name.map(\.familiar) ?? id.short }
}

/// `hako images --tree`: images with their layers below them, by what others share.
enum ImagesTree {
    static func text(_ images: [StoredImage], of engine: Engine) throws -> String {
        var table = Table(header: ["IMAGE", "ID", "DISK USAGE", "CONTENT SIZE", "USED"])
        let usage = try engine.diskUsage(of: images)
        for entry in usage {
            let names = entry.image.references.map(\.familiar)
            let head = [
                entry.image.id.short, Units.size(entry.size, digits: 3), Units.size(entry.blobs, digits: 3),
                entry.isUsed ? "✔" : "",
            ]
            for name in names.dropLast() { table.add([name, "", "", "", ""]) }
            table.add([names.last ?? "<none>"] + head)
            for (index, layer) in entry.layers.enumerated() {
                let branch = index == entry.layers.count - 1 ? "└─ " : "├─ "
                let shared = layer.images > 1 ? " (in \(layer.images) images)" : ""
                table.add([branch + layer.diffID.digest.short + shared, "", Units.size(layer.size, digits: 3), "", ""])
            }
        }
        return table.text
    }
}
