import CommandLineTables
import Engine

/// `hako stop`
enum StopCommand {
    static let command = Command(
        "stop", "Stop one or more running containers", usage: "CONTAINER [CONTAINER...]", alsoAt: ["container stop"],
        arity: .atLeast(1), completion: .runningContainers,
        options: [
            .text("signal", short: "s", "Signal to send to the container"),
            .integer("timeout", short: "t", "Seconds to wait before killing the container"),
            .integer("time", "").hidden(),
            .flag("strict", "Wait even for a container that never gets the signal"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        try Each.run(arguments) {
            try $0.stop(
                $1, timeout: timeout(arguments), signal: arguments.value("signal"), isStrict: arguments.flag("strict"))
        }
    }

    /// In seconds; the old name of the option holds, too.
    static func timeout(_ arguments: ParsedArguments) -> Int64? {
        (arguments.integer("timeout") ?? arguments.integer("time")).map(Int64.init)
    }
}

/// `hako restart`
enum RestartCommand {
    static let command = Command(
        "restart", "Restart one or more containers", usage: "CONTAINER [CONTAINER...]", alsoAt: ["container restart"],
        arity: .atLeast(1), completion: .containers, options: StopCommand.command.options
    ) { arguments in
        try Each.run(arguments) {
            try $0.restart(
                $1, timeout: StopCommand.timeout(arguments), signal: arguments.value("signal"),
                isStrict: arguments.flag("strict"))
        }
    }
}

/// `hako pause` and `hako unpause`
enum PauseCommand {
    static let pause = Command(
        "pause", "Pause all processes within one or more containers", usage: "CONTAINER [CONTAINER...]",
        alsoAt: ["container pause"], arity: .atLeast(1), completion: .runningContainers
    ) { arguments in try Each.run(arguments) { try $0.pause($1) } }

    static let unpause = Command(
        "unpause", "Unpause all processes within one or more containers", usage: "CONTAINER [CONTAINER...]",
        alsoAt: ["container unpause"], arity: .atLeast(1), completion: .runningContainers
    ) { arguments in try Each.run(arguments) { try $0.unpause($1) } }
}

/// `hako kill`
enum KillCommand {
    static let command = Command(
        "kill", "Kill one or more running containers", usage: "CONTAINER [CONTAINER...]", alsoAt: ["container kill"],
        arity: .atLeast(1), completion: .runningContainers,
        options: [.text("signal", short: "s", "Signal to send to the container")]
    ) { arguments in
        let signal = arguments.value("signal") ?? ""
        return try Each.run(arguments) { try $0.kill($1, signal: signal.isEmpty ? "KILL" : signal) }
    }
}

/// `hako wait`
enum WaitCommand {
    static let command = Command(
        "wait", "Block until one or more containers stop, then print their exit codes",
        usage: "CONTAINER [CONTAINER...]", alsoAt: ["container wait"], arity: .atLeast(1), completion: .containers, run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        var status: Int32 = 0
        for name in arguments.positionals {
            do {
                Terminal.print("\(try engine.wait(name))\n")
            } catch { status = CommandFailure(error, exitCode: 1).report() }
        }
        return status
    }
}

/// `hako rm`
enum RmCommand {
    static let command = Command(
        "rm", "Remove one or more containers", usage: "CONTAINER [CONTAINER...]", alsoAt: ["container rm"],
        arity: .atLeast(1), completion: .containers,
        options: [
            .flag("force", short: "f", "Force the removal of a running container (uses SIGKILL)"),
            .flag("link", short: "l", "").unsupported(because: "links are not there"),
            .flag("volumes", short: "v", "Remove anonymous volumes associated with the container"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        var status: Int32 = 0
        for name in arguments.positionals {
            do throws(EngineError) {
                try engine.remove(name, force: arguments.flag("force"), withVolumes: arguments.flag("volumes"))
                Terminal.print(name + "\n")
            } catch {
                let code = CommandFailure(error, exitCode: 1).report()
                // As Docker's: forcing is content with what is gone already, but says so.
                if !(arguments.flag("force") && error.kind == .notFound) { status = code }
            }
        }
        engine.printWarnings()
        engine.finish(leaving: status)
        return status
    }
}
