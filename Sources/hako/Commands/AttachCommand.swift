import CommandLineTables
import Engine
import Linux
import RuntimeClient

/// `hako attach`
enum AttachCommand {
    static let command = Command(
        "attach", "Attach local standard input, output, and error streams to a running container", usage: "CONTAINER",
        alsoAt: ["container attach"], arity: .exactly(1), completion: .runningContainers,
        options: [
            .text("detach-keys", "Override the key sequence for detaching a container"),
            .flag("no-stdin", "Do not attach STDIN"),
            .flag("sig-proxy", "Proxy all received signals to the process", isOn: true),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        let detachKeys = try ForegroundContainer.detachKeys(arguments)
        let signals = try RelaySignals.block()
        var attached = try engine.attach(arguments.positionals[0], wantsStdin: !arguments.flag("no-stdin"))
        let isInteractive = attached.openStdin && !arguments.flag("no-stdin")
        if attached.tty, isInteractive { try ForegroundContainer.requireTerminal() }
        let relay = ForegroundContainer(
            engine: engine, id: attached.id, hasTerminal: attached.tty, isInteractive: isInteractive,
            proxiesSignals: arguments.flag("sig-proxy") && !attached.tty, detachKeys: detachKeys)
        let end = try relay.run(attached.connection.take(), signals)
        guard case .left(0) = end else { return end.exitCode }
        // Docker's client takes the keys for an error here, and not in `run`.
        Terminal.printError("read escape sequence\n")
        return 1
    }
}
