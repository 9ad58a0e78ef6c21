import CommandLineTables
import Engine
import Linux
import RuntimeClient

/// `hako run`: makes a container, starts it, and stays with it unless told not to.
enum RunCommand {
    static let command = Command(
        "run", "Create and run a new container from an image", usage: "IMAGE [COMMAND] [ARG...]",
        examples: ["run -d -p 8080:80 nginx", "run --rm -it debian bash"], alsoAt: ["container run"],
        group: .common, arity: .atLeast(1), order: .beforeArguments, completion: .images,
        options: ContainerOptions.table + [
            .flag("detach", short: "d", "Run container in background and print container ID"),
            .text("detach-keys", "Override the key sequence for detaching a container"),
            .flag("sig-proxy", "Proxy received signals to the process", isOn: true),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        do {
            let configuration = try arguments.configuration()
            var spec = try ContainerOptions.spec(arguments, configuration)
            guard !arguments.flag("detach") || !arguments.isGiven("attach") else {
                // Docker's client does not take it for one of its 125s.
                throw CommandFailure(
                    EngineError(.invalidArgument, "conflicting options: cannot specify both --attach and --detach"), exitCode: 1)
            }
            let engine = try arguments.engine(configuration)
            defer { engine.finish() }
            engine.prepareStart(of: spec)
            return arguments.flag("detach")
                ? try detached(engine, &spec, arguments) : try foreground(engine, &spec, arguments)
        } catch let error as CommandLineError {
            throw error
        } catch { throw CommandFailure.running(error) }
    }

    private static func detached(
        _ engine: Engine, _ spec: inout ContainerSpec, _ arguments: ParsedArguments
    ) throws -> Int32 {
        // Nobody stays whose going would end the input.
        (spec.config.attachStdin, spec.config.attachStdout, spec.config.attachStderr) = (false, false, false)
        spec.config.stdinOnce = false
        let created = try CreateCommand.create(engine, spec, arguments)
        do {
            _ = try engine.start(created)
        } catch {
            ForegroundContainer.discard(created, engine)
            // As Docker's: the container was made, and has this id, even if it did not start.
            Terminal.print(created.record.id + "\n")
            throw error
        }
        Terminal.print(created.record.id + "\n")
        engine.printWarnings()
        return 0
    }

    private static func foreground(
        _ engine: Engine, _ spec: inout ContainerSpec, _ arguments: ParsedArguments
    ) throws -> Int32 {
        let isInteractive = spec.config.openStdin
        let detachKeys = try ForegroundContainer.detachKeys(arguments)
        let streams = Attachment(
            stdin: isInteractive, stdout: spec.config.attachStdout, stderr: spec.config.attachStderr)
        if spec.config.tty, isInteractive { try ForegroundContainer.requireTerminal() }
        // Before the container is there: a signal that comes early waits instead of killing us.
        let signals = try RelaySignals.block()
        let created = try CreateCommand.create(engine, spec, arguments)
        var started: StartedContainer
        do {
            started = try engine.start(created, attachedTo: streams)
        } catch {
            ForegroundContainer.discard(created, engine)
            throw error
        }
        engine.printWarnings()
        let relay = ForegroundContainer(
            engine: engine, id: created.record.id, hasTerminal: spec.config.tty, streams: streams,
            proxiesSignals: arguments.flag("sig-proxy") && !spec.config.tty,
            detachKeys: detachKeys)
        let end = try relay.run(started.connection.take(), signals)
        // Without output, this is all that is to be seen of the container.
        if !streams.stdout, !streams.stderr { Terminal.print(created.record.id + "\n") }
        // One that runs on is removed by its monitor when it ends.
        if case .ended = end, spec.host.autoRemove { try engine.remove(started) } else { started.letGo() }
        return end.exitCode
    }
}
