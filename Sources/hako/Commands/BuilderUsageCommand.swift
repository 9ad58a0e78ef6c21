import Builder
import CommandLineTables
import Engine

/// `hako builder du`
enum BuilderUsageCommand {
    static let command = Command(
        "du", "Disk usage", alsoAt: ["buildx du"], arity: .none,
        options: [
            .list("filter", "Provide filter values", placeholder: "filter"), .flag("verbose", "Provide a more verbose output"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let selection = try BuildCacheFilters.selection(arguments.values("filter"))
        let engine = try arguments.engine()
        defer { engine.finish() }
        let contents = try BuildCacheContents(engine)
        let entries = contents.entries.filter(selection.takes)
        Terminal.print(arguments.flag("verbose") ? verbose(entries) : table(entries))
        if arguments.values("filter").isEmpty { Terminal.print(summary(entries, contents)) }
        return 0
    }

    private static func table(_ entries: [BuildCacheEntry]) -> String {
        var table = Table(header: ["ID", "RECLAIMABLE", "SIZE", "LAST ACCESSED"])
        for entry in entries {
            table.add([entry.id, "\(!entry.isInUse)", Units.size(entry.size) + (entry.isShared ? "*" : ""), Moment.ago(entry.lastUsed)])
        }
        return table.text
    }

    private static func verbose(_ entries: [BuildCacheEntry]) -> String {
        entries.map { entry in
            var fields = [("ID", entry.id)]
            if let created = entry.created { fields.append(("Created at", Moment.local(created))) }
            fields += [
                ("Mutable", "\(entry.kind == .cacheMount)"), ("Reclaimable", "\(!entry.isInUse)"), ("Shared", "\(entry.isShared)"),
                ("Size", Units.size(entry.size)), ("Description", Terminal.escaped(entry.title)), ("Usage count", String(entry.uses)),
                ("Last used", Moment.ago(entry.lastUsed)), ("Type", entry.kind.rawValue),
            ]
            return fields.map { field in
                field.0 + ":" + String(repeating: " ", count: 15 - field.0.utf8.count) + field.1 + "\n"
            }.joined() + "\n"
        }.joined()
    }

    /// Each layer counts once, however many steps came to it.
    private static func summary(_ entries: [BuildCacheEntry], _ contents: BuildCacheContents) -> String {
        let unshared = contents.unsharedSize(of: entries)
        let shared = entries.filter(\.isShared).reduce(0) { $0 + $1.size }
        let idle = contents.unsharedSize(of: entries.filter { !$0.isInUse })
        var lines = [("Reclaimable", idle), ("Total", unshared + shared)]
        if shared > 0 { lines.insert(contentsOf: [("Shared", shared), ("Private", unshared)], at: 0) }
        return lines.map { $0.0 + ":" + String(repeating: " ", count: 15 - $0.0.utf8.count) + Units.size($0.1) + "\n" }.joined()
    }
}
