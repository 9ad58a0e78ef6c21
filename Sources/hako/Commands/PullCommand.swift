import CommandLineTables
import Engine
import ImageClient
import Linux
import OCI

/// `hako pull`
enum PullCommand {
    static let command = Command(
        "pull", "Download an image from a registry", usage: "NAME[:TAG|@DIGEST]", examples: ["pull nginx:latest"],
        alsoAt: ["image pull"], group: .common, arity: .exactly(1),
        options: [
            .flag("all-tags", short: "a", "Download all tagged images in the repository"),
            .flag("disable-content-trust", "Skip image verification", isOn: true).hidden(),
            .text("platform", "Set platform if server is multi-platform capable"),
            .flag("quiet", short: "q", "Suppress verbose output"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        let name = arguments.positionals[0]
        if arguments.flag("all-tags") {
            try pullAll(engine, name, platform: arguments.value("platform"), quiet: arguments.flag("quiet"))
            return 0
        }
        // A name that can't be read is told of by the pull.
        if !arguments.flag("quiet"), let reference = try? Reference(name), reference.tag == nil, reference.digest == nil {
            Terminal.print("Using default tag: latest\n")
        }
        try pull(
            engine, name, platform: arguments.value("platform"), quiet: arguments.flag("quiet"),
            toError: false)
        return 0
    }

    /// Pulls and shows how it goes: bars on a terminal, plain lines elsewhere.
    static func pull(_ engine: Engine, _ name: String, platform: String?, quiet: Bool, toError: Bool) throws {
        let number = toError ? StandardDescriptor.error : StandardDescriptor.output
        var renderer = ProgressRenderer(style(quiet: quiet, number)) { toError ? Terminal.printError($0) : Terminal.print($0) }
        let result = try engine.pull(name, platform: platform) { renderer.show($0) }
        // `run -q` says nothing at all.
        if !(quiet && toError) { renderer.pulled(result) }
        engine.printWarnings()
    }

    /// Each tag of a repository.
    private static func pullAll(_ engine: Engine, _ name: String, platform: String?, quiet: Bool) throws {
        let tags = try engine.tags(ofRepository: name)
        let style = style(quiet: quiet, StandardDescriptor.output)
        var isNew = false
        for tag in tags {
            var renderer = ProgressRenderer(style) { Terminal.print($0) }
            let result = try engine.pull(tag.familiar, platform: platform) { renderer.show($0) }
            renderer.pulledTag(result)
            isNew = isNew || result.isNew
        }
        ProgressRenderer(style) { Terminal.print($0) }.pulled(allOf: try Reference(name), isNew: isNew)
        engine.printWarnings()
    }

    /// Bars where there is a terminal to draw them on.
    static func style(quiet: Bool, _ number: CInt) -> ProgressRenderer.Style {
        if quiet { return .quiet }
        guard RawMode.isTerminal(number), let size = WindowSize.of(number) else { return .plain }
        return .terminal(columns: Int(size.columns), rows: Int(size.rows))
    }
}

/// `hako load`
enum LoadCommand {
    static let command = Command(
        "load", "Load an image from a tar archive or STDIN", usage: "", alsoAt: ["image load"], arity: .none,
        options: [
            .text("input", short: "i", "Read from tar archive file, instead of STDIN", completion: .files),
            .text("platform", "Load only the given platform variant"),
            .flag("quiet", short: "q", "Suppress the load output"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        if arguments.value("input") == nil, RawMode.isTerminal(StandardDescriptor.input) {
            throw EngineError(.invalidArgument, "requested load from stdin, but stdin is empty", hint: "Name an archive with -i.")
        }
        let engine = try arguments.engine()
        defer { engine.finish() }
        // As Docker's: a line for each image and no more where nobody watches.
        let isQuiet = arguments.flag("quiet") || !RawMode.isTerminal(StandardDescriptor.output)
        let style = PullCommand.style(quiet: isQuiet, StandardDescriptor.output)
        var renderer = ProgressRenderer(style) { Terminal.print($0) }
        for result in try engine.load(arguments.value("input"), platform: arguments.value("platform"), onEvent: { renderer.show($0) }) {
            renderer.loaded(result)
        }
        engine.printWarnings()
        return 0
    }
}
