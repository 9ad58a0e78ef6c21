import CommandLineTables
import Engine
import Linux
import RuntimeClient

/// `hako exec`
enum ExecCommand {
    static let command = Command(
        "exec", "Execute a command in a running container", usage: "CONTAINER COMMAND [ARG...]",
        examples: ["exec -it web bash"], alsoAt: ["container exec"], group: .common, arity: .atLeast(2),
        order: .beforeArguments, completion: .runningContainers,
        options: [
            .flag("detach", short: "d", "Detached mode: run command in the background"),
            .text("detach-keys", "Override the key sequence for detaching a container"),
            .list("env", short: "e", "Set environment variables"),
            .list("env-file", "Read in a file of environment variables", completion: .files),
            .flag("interactive", short: "i", "Keep STDIN open even if not attached"),
            .flag("privileged", "Give extended privileges to the command"),
            .flag("tty", short: "t", "Allocate a pseudo-TTY"),
            .text("user", short: "u", "Username or UID (format: \"<name|uid>[:<group|gid>]\")"),
            .text("workdir", short: "w", "Working directory inside the container"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        do {
            return try exec(engine, arguments)
        } catch let error as CommandLineError {
            throw error
        } catch {
            // 126 and 127 speak of the command; where it does not come to that, Docker's client ends with 1.
            let failure = CommandFailure.running(error)
            // Where the container has ended meanwhile, that is the reason.
            if failure.exitCode == 125 {
                do { try engine.requireRunning(arguments.positionals[0]) } catch { throw CommandFailure(error, exitCode: 1) }
            }
            throw failure.exitCode == 125 ? CommandFailure(failure.cause, exitCode: 1) : failure
        }
    }

    private static func exec(_ engine: Engine, _ arguments: ParsedArguments) throws -> Int32 {
        var spec = ExecSpec(command: Array(arguments.positionals.dropFirst()))
        spec.environment = try EnvironmentOption.list(arguments)
        spec.user = arguments.value("user") ?? ""
        spec.workingDirectory = arguments.value("workdir") ?? ""
        spec.isPrivileged = arguments.flag("privileged")
        spec.terminal = arguments.flag("tty")
        spec.openStdin = arguments.flag("interactive")
        spec.terminalSize = spec.terminal ? WindowSize.of(StandardDescriptor.output) : nil
        var options = RelayOptions()
        options.detachKeys = try ForegroundContainer.detachKeys(arguments)
        let name = arguments.positionals[0]
        if arguments.flag("detach") {
            spec.openStdin = false
            do { try engine.execDetached(name, spec) } catch { throw CommandFailure(error, exitCode: 1) }
            return 0
        }
        if spec.terminal, spec.openStdin { try ForegroundContainer.requireTerminal() }
        let signals = try RelaySignals.block()
        if !spec.openStdin { options.input = nil }
        options.terminal = spec.terminal
        switch try engine.exec(name, spec, options, signals: signals) {
        case .exited(let exit): return exit.exitCode
        case .detached: return 0
        case .outputClosed: return 141
        case .interrupted(let signal): return 128 + signal
        case .monitorLost: return 125
        }
    }
}
