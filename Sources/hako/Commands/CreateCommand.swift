import CommandLineTables
import ConfigurationFiles
import Engine
import ImageClient
import Linux

/// `hako create`: makes a container and does not start it.
enum CreateCommand {
    static let command = Command(
        "create", "Create a new container", usage: "IMAGE [COMMAND] [ARG...]", alsoAt: ["container create"],
        arity: .atLeast(1), order: .beforeArguments, completion: .images, options: ContainerOptions.table, run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let configuration: EngineConfiguration
        let spec: ContainerSpec
        do {
            configuration = try arguments.configuration()
            spec = try ContainerOptions.spec(arguments, configuration)
        } catch let error as CommandLineError {
            throw error
        } catch { throw CommandFailure(error, exitCode: 125) }
        // Unlike `run`, which tells the container's exit codes from its own by 125.
        do {
            let engine = try arguments.engine(configuration)
            defer { engine.finish() }
            let created = try create(engine, spec, arguments)
            Terminal.print(created.record.id + "\n")
            engine.printWarnings()
            return 0
        } catch { throw CommandFailure(error, exitCode: 1) }
    }

    /// Makes the container, and pulls its image first where `--pull` says so.
    static func create(
        _ engine: Engine, _ spec: ContainerSpec, _ arguments: ParsedArguments
    ) throws -> CreatedContainer {
        let policy = arguments.value("pull") ?? "missing"
        guard ["always", "missing", "never"].contains(policy) else {
            throw EngineError(
                .invalidArgument, "invalid pull option: '\(policy)': must be one of \"always\", \"missing\" or \"never\"")
        }
        if policy == "always" { try pull(engine, spec, arguments) }
        let missing: String
        do throws(EngineError) {
            return try made(engine, spec)
        } catch {
            guard error.kind == .notFound, policy == "missing",
                let name = try engine.wholeName(ofMissing: spec.config.image)
            else { throw error }
            missing = name
        }
        Terminal.printError("Unable to find image '\(missing)' locally\n")
        try pull(engine, spec, arguments)
        return try made(engine, spec)
    }

    private static func made(_ engine: Engine, _ spec: ContainerSpec) throws(EngineError) -> CreatedContainer {
        let created = try engine.create(spec)
        for warning in created.warnings { Terminal.printError("WARNING: \(Terminal.escaped(warning))\n") }
        return created
    }

    private static func pull(_ engine: Engine, _ spec: ContainerSpec, _ arguments: ParsedArguments) throws {
        // There is no container yet that a signal could be for: it ends this, as it ends any pull.
        try SignalAction.lettingThrough {
            // The container's own output belongs to standard output alone.
            try PullCommand.pull(
                engine, spec.config.image, platform: spec.platform, quiet: arguments.flag("quiet"), toError: true)
        }
    }
}
