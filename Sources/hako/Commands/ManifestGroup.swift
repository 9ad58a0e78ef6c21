import CommandLineTables
import Engine
import ImageClient
import OCI

/// `hako manifest …`
enum ManifestGroup {
    static let command = Command(
        "manifest", "Look at manifests of registries, and put lists of them together",
        subcommands: [ManifestListCommands.annotate, ManifestListCommands.create, inspect, ManifestListCommands.push, ManifestListCommands.rm])

    static let insecure = Option.flag("insecure", "Allow communication with an insecure registry")

    private static let inspect = Command(
        "inspect", "Display an image manifest, or manifest list, that is being put together or as its registry has it",
        usage: "[MANIFEST_LIST] MANIFEST", arity: .range(1, 2), completion: .images,
        options: [insecure, .flag("verbose", short: "v", "Output additional info including layers and platform")], run: runInspect)

    private static func runInspect(_ arguments: ParsedArguments) throws -> Int32 {
        let names = try arguments.positionals.map { try Engine.reference($0) }
        let isWhole = arguments.flag("verbose")
        if names.count == 2 {
            guard let manifest = try ManifestLists().manifest(names[1], in: names[0]) else {
                throw EngineError(.notFound, "No such manifest: \(names[1])")
            }
            Terminal.print(tabbed(isWhole ? try manifest.entry : try JSON(parsing: Array(manifest.text.utf8))))
            return 0
        }
        let kept = GlobalOptions.userDirectory == nil ? [] : try ManifestLists().manifests(of: names[0])
        if !kept.isEmpty {
            Terminal.print(isWhole ? tabbed(.array(try kept.map { try $0.entry })) : ManifestListCommands.index(of: kept) + "\n")
            return 0
        }
        let manifests = try Engine.registryManifests(
            of: arguments.positionals[0], isWhole: isWhole, isInsecure: arguments.flag("insecure"), with: try LoginCommand.client())
        guard isWhole else {
            // In its own order and with its own digits, and nothing left out.
            if let top = manifests.first { Terminal.print(tabbed(try JSON(parsing: Array(top.text.utf8)))) }
            return 0
        }
        // As Docker's: of an index only what it leads to.
        let entries = try (manifests.count > 1 ? Array(manifests.dropFirst()) : manifests).map { try $0.entry }
        Terminal.print(tabbed(manifests.count > 1 ? .array(entries) : entries.first ?? .null))
        return 0
    }

    /// Indented by tabs, as Docker does. Line ends in texts are escaped: what begins a line is indentation.
    private static func tabbed(_ json: JSON) -> String {
        var text = ""
        for line in json.text(indent: 1).utf8.split(separator: UInt8(ascii: "\n")) {
            let depth = line.prefix { $0 == UInt8(ascii: " ") }.count
            text += String(repeating: "\t", count: depth) + String(decoding: line.dropFirst(depth), as: UTF8.self) + "\n"
        }
        return text
    }
}
