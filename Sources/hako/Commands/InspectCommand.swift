import CommandLineTables
import Engine
import ImageStore
import OCI

/// `hako inspect`
enum InspectCommand {
    static let command = Command(
        "inspect", "Return low-level information on containers, images and volumes", usage: "NAME|ID [NAME|ID...]",
        arity: .atLeast(1), completion: .containers,
        options: [
            .text("format", short: "f", "Format output using a Go template, or 'json'"),
            .flag("size", short: "s", "Display total file sizes if the type is container"),
            asOption, .text("type", "Only inspect objects of the given type: container, image or volume"),
        ], run: run)

    static let asOption = Option.text(
        "as", "Print what makes the same container again: a command line (run) or a Compose file (compose)",
        completion: .words(["run", "compose"]))

    /// `--as`: the requests for the same containers.
    static func recipes(_ arguments: ParsedArguments, as form: String) throws -> Int32 {
        guard ["run", "compose"].contains(form) else {
            throw EngineError(.invalidArgument, "unknown form: \"\(form)\"", hint: "There are run and compose.")
        }
        let engine = try arguments.engine()
        defer { engine.finish() }
        var specs: [ContainerSpec] = []
        var failures: [CommandFailure] = []
        for name in arguments.positionals {
            do throws(EngineError) { specs.append(try engine.recipe(of: name)) } catch {
                failures.append(CommandFailure(error, exitCode: 1))
            }
        }
        if form == "run" {
            for spec in specs { Terminal.print(Terminal.escapedLines(RunText.line(spec)) + "\n") }
        } else if !specs.isEmpty {
            Terminal.print(ComposeText.text(specs))
        }
        return failures.reduce(0) { max($0, $1.report()) }
    }

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        if let form = arguments.value("as") { return try recipes(arguments, as: form) }
        let type = arguments.value("type")
        guard type.map(["container", "image", "volume"].contains) ?? true else {
            throw EngineError(.invalidArgument, "unknown type: \"\(type ?? "")\"", hint: "There are container, image and volume.")
        }
        return try inspect(arguments) { engine, name in
            if type == "image" { return try engine.inspectImage(name) }
            if type == "volume" { return try engine.inspectVolume(name) }
            do throws(EngineError) {
                return try engine.inspectContainer(name, withSize: arguments.flag("size"))
            } catch {
                guard type == nil, error.kind == .notFound else { throw error }
            }
            do throws(EngineError) {
                return try engine.inspectImage(name)
            } catch {
                // What can't be an image's name may be another object's.
                guard error.kind == .notFound || (try? Reference(name)) == nil else { throw error }
            }
            do throws(EngineError) {
                return try engine.inspectVolume(name)
            } catch {
                guard error.kind == .notFound else { throw error }
                throw EngineError(.notFound, "No such object: \(name)")
            }
        }
    }

    /// Prints what is found of each name; what isn't found is told when all are through.
    static func inspect(
        _ arguments: ParsedArguments, _ find: (Engine, String) throws -> JSON
    ) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        var found: [JSON] = []
        var failures: [CommandFailure] = []
        for name in arguments.positionals {
            do { found.append(try find(engine, name)) } catch { failures.append(CommandFailure(error, exitCode: 1)) }
        }
        if let format = arguments.value("format"), format != "json" {
            for document in found { try Formatted.print(document, format) }
            // As Docker's: one line end where there was nothing to print.
            if found.isEmpty { Terminal.print("\n") }
        } else if arguments.isGiven("format") {
            Terminal.print(JSON.array(found).text() + "\n")
        } else {
            Terminal.print(JSON.array(found).text(indent: 4) + "\n")
        }
        return failures.reduce(0) { max($0, $1.report()) }
    }
}

/// `hako rmi`
enum RmiCommand {
    static let command = Command(
        "rmi", "Remove one or more images", usage: "IMAGE [IMAGE...]", alsoAt: ["image rm", "image remove"],
        arity: .atLeast(1), completion: .images,
        options: [
            .flag("force", short: "f", "Force removal of the image"),
            // It has none in any case.
            .flag("no-prune", "Do not delete untagged parents"),
            .list("platform", "Remove only the given platform variant", placeholder: "strings"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        var status: Int32 = 0
        let platforms = arguments.commaSeparated("platform")
        guard platforms.count < 2 else { throw EngineError(.invalidArgument, "multiple platforms are not supported") }
        for name in arguments.positionals {
            do throws(EngineError) {
                for item in try engine.removeImage(name, force: arguments.flag("force"), platform: platforms.first) {
                    Terminal.print(line(item))
                }
            } catch {
                let code = CommandFailure(error, exitCode: 1).report()
                if !(arguments.flag("force") && error.kind == .notFound) { status = code }
            }
        }
        return status
    }
}

/// `hako tag`
enum TagCommand {
    static let command = Command(
        "tag", "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE", usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
        alsoAt: ["image tag"], arity: .exactly(2), completion: .images, run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        try engine.tag(arguments.positionals[0], as: arguments.positionals[1])
        engine.printWarnings()
        return 0
    }
}

extension RmiCommand {
    /// `Untagged: nginx:latest`
    static func line(_ item: RemovedItem) -> String {
        switch item {
        case .untagged(let reference): "Untagged: \(reference.familiar)\n"
        case .deletedImage(let id): "Deleted: \(id)\n"
        case .deletedLayer(let diffID): "Deleted: \(diffID)\n"
        }
    }
}
