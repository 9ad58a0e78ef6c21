import CommandLineTables
import Engine
import ImageStore

/// `hako image prune`
enum ImagePruneCommand {
    static let command = Command(
        "prune", "Remove unused images", arity: .none,
        options: [
            .flag("all", short: "a", "Remove all unused images, not just dangling ones"),
            PruneFilters.option, .flag("force", short: "f", "Do not prompt for confirmation"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let filters = try PruneFilters(arguments)
        let all = arguments.flag("all")
        let engine = try arguments.engine()
        defer { engine.finish() }
        if !arguments.flag("force") {
            let what = all ? " all images without at least one container associated to them." : " all dangling images."
            let plan = try engine.plannedImages(all: all, where: filters.match)
            guard SystemGroup.confirms("\(what)\n\(filters.shown)\(text(of: plan))") else { return 0 }
        }
        let report = try engine.pruneImages(all: all, where: filters.match)
        if !report.removed.isEmpty {
            Terminal.print("Deleted Images:\n" + report.removed.map(line).joined() + "\n")
        }
        Terminal.print("Total reclaimed space: \(Units.size(report.reclaimed))\n")
        engine.printWarnings()
        return 0
    }

    /// As Docker's prune writes it: not as its `rmi` does.
    static func line(_ item: RemovedItem) -> String {
        switch item {
        case .untagged(let reference): "untagged: \(reference.familiar)\n"
        case .deletedImage(let id): "deleted: \(id)\n"
        case .deletedLayer(let diffID): "deleted: \(diffID)\n"
        }
    }

    /// The images, and what they and all else that goes would free.
    static func text(of plan: PrunePlan) -> String {
        var lines: [String] = []
        if plan.containers > 0 { lines.append(count(plan.containers, "container")) }
        if plan.volumes > 0 { lines.append(count(plan.volumes, "volume")) }
        lines += plan.images.map { image in
            let name = (image.references.first ?? image.repoDigests.first)?.familiarName
            let tag = image.references.first?.tag.map { ":" + $0 } ?? ""
            return "\(image.id.short) \(Terminal.escaped(name ?? "<none>"))\(tag) (\(Units.size(image.record.size, digits: 3)))"
        }
        if plan.buildCache > 0 { lines.append("\(plan.buildCache) of the build cache's layers") }
        let freed = "  This frees \(Units.size(plan.reclaimed)).\n"
        return lines.isEmpty ? "  There is nothing to remove.\n" : lines.map { "  - \($0)\n" }.joined() + freed
    }

    private static func count(_ number: Int, _ what: String) -> String { "\(number) \(what)\(number == 1 ? "" : "s")" }
}
