import Builder
import CommandLineTables
import Engine

/// `hako builder prune`
enum BuilderPruneCommand {
    static let command = Command(
        "prune", "Remove build cache", examples: ["builder prune --filter until=48h", "builder prune --keep-storage 5g"],
        alsoAt: ["buildx prune"], arity: .none,
        options: [
            .flag("all", short: "a", "Remove all unused build cache, not just dangling ones"),
            .list("filter", "Provide filter values (e.g. \"until=24h\")", placeholder: "filter"),
            .flag("force", short: "f", "Do not prompt for confirmation"),
            .bytes("keep-storage", "Amount of disk space to keep for cache"),
            .bytes("reserved-space", "Amount of disk space always allowed to keep for cache"),
            .bytes("max-used-space", "Maximum amount of disk space allowed to keep for cache"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        var selection = try BuildCacheFilters.selection(arguments.values("filter"))
        selection.takesShared = arguments.flag("all")
        selection.keptStorage = ["keep-storage", "reserved-space", "max-used-space"].compactMap { arguments.bytes($0) }.max() ?? 0
        let engine = try arguments.engine()
        defer { engine.finish() }
        if !arguments.flag("force") {
            let plan = try BuildCacheContents(engine).plan(selection)
            let what = arguments.flag("all") ? " all build cache." : " all dangling build cache."
            guard SystemGroup.confirms("\(what)\n\n\(text(of: plan))") else { return 0 }
        }
        let pruned = try BuildCacheContents(engine).prune(selection)
        engine.notePrune("builder", pruned.reclaimed)
        Terminal.print(deleted(pruned) + "Total reclaimed space: \(Units.size(pruned.reclaimed))\n")
        engine.printWarnings()
        return 0
    }

    /// The entries, and what they would free.
    private static func text(of plan: BuildCachePrune) -> String {
        guard !plan.entries.isEmpty else { return "  There is nothing to remove.\n" }
        let lines = plan.entries.map { "  - \($0.id.prefix(12)) \(Terminal.escaped($0.title)) (\(Units.size($0.size, digits: 3)))\n" }
        return lines.joined() + "  This frees \(Units.size(plan.reclaimed)).\n"
    }

    static func deleted(_ pruned: BuildCachePrune) -> String {
        pruned.entries.isEmpty ? "" : "Deleted build cache objects:\n" + pruned.entries.map { $0.id + "\n" }.joined() + "\n"
    }
}

/// What `--filter` of the build cache's commands asks for.
enum BuildCacheFilters {
    static func selection(_ texts: [String]) throws -> BuildCacheSelection {
        let values = try FilterText.values(texts, known: ["until", "unused-for", "id", "type", "description"])
        let moments = (values["until"] ?? []) + (values["unused-for"] ?? [])
        guard moments.count <= 1 else { throw EngineError(.invalidArgument, "\"until\" filter expects only one value") }
        var selection = BuildCacheSelection()
        selection.unusedSince = try moments.first.map { text in
            guard let moment = Moment.parse(text) else {
                throw EngineError(.invalidArgument, "\"until\" filter expects a duration (e.g., '24h')")
            }
            return moment.nanoseconds
        }
        guard !texts.isEmpty else { return selection }
        selection.isWanted = { entry in
            (values["id"] ?? []).allSatisfy { entry.id.hasPrefix($0) } && (values["type"] ?? []).allSatisfy { entry.kind.rawValue == $0 }
                && (values["description"] ?? []).allSatisfy { entry.title == $0 }
        }
        return selection
    }
}
