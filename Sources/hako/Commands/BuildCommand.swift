import BuildContext
import Builder
import CommandLineTables
import Engine
import Linux
import OCI

/// `hako build`
enum BuildCommand {
    static let command = Command(
        "build", "Build an image from a Dockerfile", usage: "PATH | -",
        examples: ["build -t web .", "build -f web.Dockerfile --target test --build-arg VERSION=2 ."],
        alsoAt: ["image build", "builder build", "buildx build"], group: .common, arity: .exactly(1), completion: .directories,
        options: [
            .list("build-arg", "Set build-time variables"),
            .text("file", short: "f", "Name of the Dockerfile (default: \"PATH/Dockerfile\")", completion: .files),
            .text("iidfile", "Write the image ID to a file", completion: .files),
            .list("label", "Set metadata for an image"),
            .flag("no-cache", "Do not use cache when building the image"),
            .flag("pull", "Always attempt to pull all referenced images"),
            .flag("quiet", short: "q", "Suppress the build output and print image ID on success"),
            .list("tag", short: "t", "Name and optionally a tag (format: \"name:tag\")"),
            .text("target", "Set the target build stage to build"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let request = try BuildOptions.request(arguments)
        let engine = try arguments.engine()
        defer { engine.finish() }
        let isQuiet = arguments.flag("quiet")
        let reporter = PlainBuildProgress(isQuiet: isQuiet)
        let result: BuildResult
        do throws(BuildError) { result = try Builder.build(request, engine: engine, reporter: reporter) } catch {
            reporter.fail(error, request)
            return 1
        }
        guard let image = result.images.first else { return 0 }
        if let path = arguments.value("iidfile") {
            try FileDescriptor.replaceContents(of: path, with: Array("\(image)".utf8))
        }
        if isQuiet { Terminal.print("\(image)\n") }
        engine.printWarnings()
        return 0
    }
}
