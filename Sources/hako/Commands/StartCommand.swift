import CommandLineTables
import Engine
import Linux
import RuntimeClient

/// `hako start`
enum StartCommand {
    static let command = Command(
        "start", "Start one or more stopped containers", usage: "CONTAINER [CONTAINER...]", alsoAt: ["container start"],
        arity: .atLeast(1), completion: .containers,
        options: [
            .flag("attach", short: "a", "Attach STDOUT/STDERR and forward signals"),
            .text("checkpoint", "").unsupported(because: "checkpoints are not available yet"),
            .text("checkpoint-dir", "").unsupported(because: "checkpoints are not available yet"),
            .text("detach-keys", "Override the key sequence for detaching a container"),
            .flag("interactive", short: "i", "Attach container's STDIN"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        guard arguments.flag("attach") || arguments.flag("interactive") else {
            return try Each.run(arguments) { try $0.start($1) }
        }
        let engine = try arguments.engine()
        defer { engine.finish() }
        guard arguments.positionals.count == 1 else {
            throw EngineError(.invalidArgument, "you cannot start and attach multiple containers at once")
        }
        return try attached(engine, arguments)
    }

    private static func attached(_ engine: Engine, _ arguments: ParsedArguments) throws -> Int32 {
        let detachKeys = try ForegroundContainer.detachKeys(arguments)
        let streams = try engine.streams(of: arguments.positionals[0])
        let attachment = Attachment(stdin: arguments.flag("interactive") && streams.openStdin)
        let signals = try RelaySignals.block()
        var started = try engine.start(arguments.positionals[0], attachedTo: attachment)
        let relay = ForegroundContainer(
            engine: engine, id: started.id, hasTerminal: streams.tty, streams: attachment,
            proxiesSignals: !streams.tty, detachKeys: detachKeys)
        return try relay.run(started.connection.take(), signals).exitCode
    }
}

/// Commands that do the same for each of several names: each is printed when it is done, and an error stops none of the
/// others.
enum Each {
    static func run(_ arguments: ParsedArguments, _ body: (Engine, String) throws -> Void) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        var status: Int32 = 0
        for name in arguments.positionals {
            do {
                try body(engine, name)
                Terminal.print(name + "\n")
            } catch { status = CommandFailure(error, exitCode: 1).report() }
        }
        engine.printWarnings()
        return status
    }
}
