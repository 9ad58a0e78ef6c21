import CommandLineTables
import Engine
import ImageClient
import OCI

/// `hako manifest …`
enum ManifestGroup {
    static let command = Command("manifest", "Look at manifests of registries", subcommands: [inspect])

    private static let inspect = Command(
        "inspect", "Display an image manifest, or manifest list, as its registry has it", usage: "MANIFEST", arity: .exactly(1),
        completion: .images,
        options: [
            .flag("insecure", "").unsupported(because: "the machine's configuration says which registries are insecure"),
            .flag("verbose", short: "v", "Output additional info including layers and platform"),
        ], run: runInspect)

    private static func runInspect(_ arguments: ParsedArguments) throws -> Int32 {
        let isWhole = arguments.flag("verbose")
        let manifests = try Engine.registryManifests(
            of: arguments.positionals[0], isWhole: isWhole, with: try LoginCommand.client())
        guard isWhole else {
            // In its own order and with its own digits, and nothing left out.
            if let top = manifests.first { Terminal.print(tabbed(try JSON(parsing: Array(top.text.utf8)))) }
            return 0
        }
        // As Docker's: of an index only what it leads to.
        let entries = try (manifests.count > 1 ? Array(manifests.dropFirst()) : manifests).map(entry)
        Terminal.print(tabbed(manifests.count > 1 ? .array(entries) : entries.first ?? .null))
        return 0
    }

    private static func entry(_ manifest: RegistryManifest) throws -> JSON {
        let document = try JSON(parsing: Array(manifest.text.utf8))
        let kind = manifest.descriptor.mediaType == .dockerManifest ? "SchemaV2Manifest" : "OCIManifest"
        return [
            "Ref": .string(manifest.reference.description), "Descriptor": manifest.descriptor.json,
            "Raw": .string(Base64.encode(Array(manifest.text.utf8)[...])), kind: document,
        ]
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
