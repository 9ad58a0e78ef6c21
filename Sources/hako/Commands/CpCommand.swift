import CommandLineTables
import Engine
import Linux

/// `hako cp`
enum CpCommand {
    static let command = Command(
        "cp", "Copy files/folders between a container and the local filesystem",
        details: """
            Copy files/folders between a container and the local filesystem: from CONTAINER:PATH to a path, or from a path to
            CONTAINER:PATH.

            Use '-' as the source to read a tar archive from stdin and extract it to a directory destination in a container.
            Use '-' as the destination to stream a tar archive of a container source to stdout.
            """,
        usage: "CONTAINER:SRC_PATH|SRC_PATH|- DEST_PATH|-|CONTAINER:DEST_PATH",
        examples: ["cp box:/etc/nginx .", "cp site/. box:/usr/share/nginx/html"], alsoAt: ["container cp"], arity: .exactly(2),
        completion: .files,
        options: [
            .flag("archive", short: "a", "Archive mode (copy all uid/gid information)"),
            .flag("follow-link", short: "L", "Always follow symlinks in SRC_PATH"),
            .flag("quiet", short: "q", "Suppress the summary of the copy, which is shown on a terminal only"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let (source, destination) = (CopyArgument(arguments.positionals[0]), CopyArgument(arguments.positionals[1]))
        guard !source.path.isEmpty || source.container != nil else { throw refusal("source can not be empty") }
        guard !destination.path.isEmpty || destination.container != nil else { throw refusal("destination can not be empty") }
        var options = CopyOptions()
        options.keepsOwners = arguments.flag("archive")
        options.followsLink = arguments.flag("follow-link")
        switch (source.container, destination.container) {
        case (nil, nil): throw refusal("must specify at least one container source")
        case (.some, .some): throw refusal("copying between containers is not supported")
        case (.some(let container), nil): try copy(from: container, source.path, to: destination.path, options, arguments)
        case (nil, .some(let container)): try copy(source.path, to: container, destination.path, options, arguments)
        }
        return 0
    }

    private static func refusal(_ text: String) -> EngineError { EngineError(.invalidArgument, text) }

    private static func copy(
        from container: String, _ path: String, to local: String, _ options: CopyOptions, _ arguments: ParsedArguments
    ) throws {
        let engine = try arguments.engine()
        defer { engine.finish() }
        if local == "-" {
            try engine.copy(path, of: container, into: StandardOutputSink(), options)
        } else {
            let copied = try engine.copy(path, of: container, to: local, options)
            show(copied.streamBytes, to: copied.destination, arguments)
        }
        engine.printWarnings()
    }

    private static func copy(
        _ local: String, to container: String, _ path: String, _ options: CopyOptions, _ arguments: ParsedArguments
    ) throws {
        let engine = try arguments.engine()
        defer { engine.finish() }
        if local == "-" {
            try engine.extract(StandardDescriptor.input, to: path, of: container)
        } else {
            let copied = try engine.copy(local, to: path, of: container, options)
            show(copied.streamBytes, to: "\(container):\(copied.destination)", arguments)
        }
        engine.printWarnings()
    }

    private static func show(_ bytes: Int64, to destination: String, _ arguments: ParsedArguments) {
        let isQuiet = arguments.isGiven("quiet") ? arguments.flag("quiet") : !RawMode.isTerminal(StandardDescriptor.output)
        guard !isQuiet else { return }
        Terminal.printError("Successfully copied \(Units.size(bytes, digits: 3)) to \(Terminal.escaped(destination))\n")
    }
}

/// `CONTAINER:PATH`, or a path: one with a colon in it has to begin with a slash or a full stop.
private struct CopyArgument {
    let container: String?
    let path: String

    init(_ text: String) {
        let colon = text.utf8.firstIndex(of: UInt8(ascii: ":"))
        guard !text.hasPrefix("/"), !text.hasPrefix("."), let colon, colon != text.startIndex else {
            (container, path) = (nil, text)
            return
        }
        container = String(text[..<colon])
        path = String(text[text.utf8.index(after: colon)...])
    }
}
