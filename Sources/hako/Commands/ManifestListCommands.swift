import CommandLineTables
import Engine
import ImageClient
import ImageStore
import OCI

/// `hako manifest create`, `annotate`, `push` and `rm`: one name for images of several platforms, of what registries have.
enum ManifestListCommands {
    static let create = Command(
        "create", "Create a local manifest list for annotating and pushing to a registry",
        usage: "MANIFEST_LIST MANIFEST [MANIFEST...]",
        examples: ["manifest create registry.example.com/app:1 registry.example.com/app:1-amd64 registry.example.com/app:1-arm64"],
        arity: .atLeast(2), options: [.flag("amend", short: "a", "Amend an existing manifest list"), ManifestGroup.insecure], run: runCreate)

    static let annotate = Command(
        "annotate", "Add additional information to a local image manifest", usage: "MANIFEST_LIST MANIFEST", arity: .exactly(2),
        options: [
            .text("arch", "Set architecture"), .text("os", "Set operating system"),
            .list("os-features", "Set operating system feature", placeholder: "strings"),
            .text("os-version", "Set operating system version"), .text("variant", "Set architecture variant"),
        ], run: runAnnotate)

    static let push = Command(
        "push", "Push a manifest list to a repository", usage: "MANIFEST_LIST", arity: .exactly(1),
        options: [
            .flag("insecure", "Allow push to an insecure registry"),
            .flag("purge", short: "p", "Remove the local manifest list after push"),
        ], run: runPush)

    static let rm = Command(
        "rm", "Delete one or more manifest lists from local storage", usage: "MANIFEST_LIST [MANIFEST_LIST...]", arity: .atLeast(1),
        run: runRm)

    private static func runCreate(_ arguments: ParsedArguments) throws -> Int32 {
        let list = try list(arguments.positionals[0])
        let lists = try ManifestLists()
        guard try arguments.flag("amend") || lists.manifests(of: list).isEmpty else {
            throw EngineError(.conflict, "refusing to amend an existing manifest list with no --amend flag")
        }
        let client = try LoginCommand.client()
        // All of them first: a list is made whole, or not at all.
        let manifests = try arguments.positionals.dropFirst().map { name in
            guard let found = try Engine.registryManifests(
                of: name, isWhole: true, isInsecure: arguments.flag("insecure"), with: client
            ).first, found.descriptor.mediaType.isManifest else {
                throw EngineError(.invalidArgument, "\(name) is a manifest list")
            }
            return found
        }
        for manifest in manifests { try lists.keep(manifest, in: list) }
        Terminal.print("Created manifest list \(list)\n")
        return 0
    }

    private static func runAnnotate(_ arguments: ParsedArguments) throws -> Int32 {
        let list = try list(arguments.positionals[0])
        let name = try Engine.reference(arguments.positionals[1])
        let lists = try ManifestLists()
        guard var manifest = try lists.manifest(name, in: list) else {
            throw EngineError(.notFound, "manifest for image \(name) does not exist in \(list)")
        }
        var platform = manifest.descriptor.platform ?? Platform(os: "", architecture: "")
        func given(_ option: String) -> String? { arguments.value(option).flatMap { $0.isEmpty ? nil : $0 } }
        platform.os = given("os") ?? platform.os
        platform.architecture = given("arch") ?? platform.architecture
        platform.variant = given("variant") ?? platform.variant
        platform.osVersion = given("os-version") ?? platform.osVersion
        for feature in arguments.commaSeparated("os-features")
        where !platform.osFeatures.contains(feature) {
            platform.osFeatures.append(feature)
        }
        guard platform.isKnown else {
            throw EngineError(
                .invalidArgument,
                "manifest entry for image has unsupported os/arch combination: \(given("os") ?? "")/\(given("arch") ?? "")")
        }
        manifest.descriptor.platform = platform
        try lists.keep(manifest, in: list)
        return 0
    }

    private static func runPush(_ arguments: ParsedArguments) throws -> Int32 {
        let list = try list(arguments.positionals[0])
        let lists = try ManifestLists()
        let manifests = try lists.manifests(of: list)
        guard !manifests.isEmpty else { throw EngineError(.notFound, "No such manifest: \(list)") }
        for manifest in manifests {
            guard manifest.reference.domain == list.domain else {
                throw EngineError(
                    .invalidArgument,
                    "cannot use source images from a different registry than the target image: \(manifest.reference.domain) != \(list.domain)")
            }
            guard manifest.descriptor.platform?.isKnown == true else {
                throw EngineError(
                    .invalidArgument, "manifest \(manifest.reference) must have an OS and Architecture to be pushed to a registry",
                    hint: "Say which with `\(HakoProgram.name) manifest annotate`.")
            }
        }
        let text = index(of: manifests)
        let descriptor = try Descriptor(mediaType: indexType(of: manifests), of: Array(text.utf8))
        let assembled = AssembledIndex(RegistryManifest(list, descriptor, text: text), of: manifests)
        let client = try LoginCommand.client()
        do throws(ImageClientError) {
            try client.push(assembled, isInsecure: arguments.flag("insecure")) { event in
                if case .status(let line) = event { Terminal.print(Terminal.escaped(line) + "\n") }
            }
        } catch { throw EngineError(error) }
        Terminal.print("\(descriptor.digest)\n")
        if arguments.flag("purge") { _ = try lists.remove(list) }
        return 0
    }

    private static func runRm(_ arguments: ParsedArguments) throws -> Int32 {
        let lists = try ManifestLists()
        var status: Int32 = 0
        for name in arguments.positionals {
            do {
                let list = try Engine.reference(name)
                guard try lists.remove(list) else { throw EngineError(.notFound, "No such manifest: \(list)") }
            } catch { status = max(status, CommandFailure(error, exitCode: 1).report()) }
        }
        return status
    }

    private static func list(_ name: String) throws -> Reference {
        do throws(ReferenceError) { return try Reference(name).withDefaultTag } catch {
            throw EngineError(.invalidArgument, "error parsing name for manifest list \(name): \(error)")
        }
    }

    /// The list of these, to the byte as Docker's client writes it: the same manifests have the same digest.
    static func index(of manifests: [RegistryManifest]) -> String {
        let entries = manifests.map { manifest -> JSON in
            let descriptor = manifest.descriptor
            return [
                "mediaType": .string(descriptor.mediaType.description), "size": .integer(descriptor.size),
                "digest": .string(descriptor.digest.description),
                "platform": (descriptor.platform ?? Platform(os: "", architecture: "")).json,
            ]
        }
        let list: JSON = [
            "schemaVersion": 2, "mediaType": .string(indexType(of: manifests).description), "manifests": .array(entries),
        ]
        return list.text(indent: 3)
    }

    /// OCI's or Docker's, as the first one is (distribution, manifest/manifestlist).
    private static func indexType(of manifests: [RegistryManifest]) -> MediaType {
        manifests.first?.descriptor.mediaType == .imageManifest ? .imageIndex : .dockerManifestList
    }
}
