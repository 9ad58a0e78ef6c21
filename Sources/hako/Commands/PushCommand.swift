import CommandLineTables
import Engine
import ImageClient
import Linux
import OCI

/// `hako push`
enum PushCommand {
    static let command = Command(
        "push", "Upload an image to a registry", usage: "NAME[:TAG]", examples: ["push registry.example.com/app:v1"],
        alsoAt: ["image push"], group: .common, arity: .exactly(1), completion: .images,
        options: [
            .flag("all-tags", short: "a", "Push all tags of an image to the repository"),
            .flag("disable-content-trust", "Skip image signing", isOn: true).hidden(),
            .text("platform", "Push a platform-specific manifest as a single-platform image to the registry"),
            .flag("quiet", short: "q", "Suppress verbose output"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        let name = arguments.positionals[0]
        let (isQuiet, allTags) = (arguments.flag("quiet"), arguments.flag("all-tags"))
        // A name that can't be read is told of by the push.
        let reference = try? Reference(name)
        if !isQuiet, !allTags, let reference, reference.tag == nil, reference.digest == nil {
            Terminal.print("Using default tag: latest\n")
        }
        var renderer = ProgressRenderer(PullCommand.style(quiet: isQuiet, StandardDescriptor.output)) { Terminal.print($0) }
        let results = try engine.push(name, allTags: allTags, platform: arguments.value("platform")) { renderer.show($0) }
        if isQuiet { Terminal.print("\(allTags ? reference?.name ?? name : reference?.withDefaultTag.description ?? name)\n") }
        for result in results {
            guard let index = result.insteadOf else { continue }
            Terminal.printError(
                """

                 i Info → Not all multiplatform-content is present and only the available single-platform image was pushed
                          \(index) -> \(result.digest)

                """)
        }
        engine.printWarnings()
        return 0
    }
}
