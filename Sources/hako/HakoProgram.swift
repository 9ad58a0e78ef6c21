import CommandLineTables
import Engine
import Glibc
import Linux
import MonitorProtocol
import RuntimeClient

/// The command line, from its words to its exit code.
enum HakoProgram {
    static let version = "0.1.0"
    /// When this version was made, for the manual.
    static let date = "2026-11-28"

    /// What it was called: `docker` by a link of that name, and answers as such; else `hako`.
    static let name: String = {
        let word = CommandLine.arguments.first?.utf8 ?? "".utf8
        let start = word.lastIndex(of: UInt8(ascii: "/")).map(word.index(after:)) ?? word.startIndex
        return word[start...].elementsEqual("docker".utf8) ? "docker" : "hako"
    }()
    static var isCalledDocker: Bool { name == "docker" }
    /// Docker's release whose command line this is.
    static let dockerVersion = "28.2.2"

    static let program = Program(
        name, "A container engine: runs containers without a daemon", options: GlobalOptions.table, commands: commands)

    private static var commands: [Command] {
        [
            RunCommand.command, ExecCommand.command, PsCommand.command, BuildCommand.command, PullCommand.command, ImagesCommand.command,
            VersionCommand.command, InfoCommand.command, CreateCommand.command, StartCommand.command,
            StopCommand.command, RestartCommand.command, KillCommand.command, PauseCommand.pause, PauseCommand.unpause, RmCommand.command, WaitCommand.command, RenameCommand.command,
            LogsCommand.command, AttachCommand.command, TopCommand.command, StatsCommand.command, UpdateCommand.command,
            PortCommand.command, DiffCommand.command, ExportCommand.command, CommitCommand.command, CpCommand.command, EventsCommand.command, WhyCommand.command, BootCommand.command,
            InspectCommand.command, RmiCommand.command, TagCommand.command, LoadCommand.command, PushCommand.command,
            LoginCommand.command, LogoutCommand.command, SaveCommand.command, ImportCommand.command, HistoryCommand.command,
            BuilderGroup.command, BuilderGroup.buildx, ContainerGroup.command, ImageGroup.command, ManifestGroup.command,
            SystemGroup.command, VolumeGroup.command, ConfigGroup.command, CompletionCommand.command,
            CompletionCommand.answer, ManCommand.command,
        ]
    }

    static func run(_ words: [String]) -> CInt {
        do {
            return try invoke(words)
        } catch let error as CommandLineError {
            let text = "\(error)"
            // Errors of commands bear the name already, as Docker's do.
            Terminal.printError((text.hasPrefix("\(name): ") ? "" : "\(name): ") + text + "\n")
            return error.exitCode
        } catch let failure as CommandFailure {
            return failure.report()
        } catch {
            return CommandFailure(error, exitCode: 1).report()
        }
    }

    private static func invoke(_ words: [String]) throws -> CInt {
        switch try program.parse(words) {
        case .help(let topic):
            let text = topic.command == nil ? program.help() : program.help(for: topic)
            // Of a group without a command of it, the help is what went wrong; Docker ends with 0 all the same.
            if topic.isAsked { Terminal.print(text) } else { Terminal.printError(text) }
            return 0
        case .program(let options):
            Terminal.print(options.flag("version") ? VersionCommand.line : program.help())
            return 0
        case .run(let command, let arguments):
            GlobalOptions.export(arguments.global)
            if isCalledDocker { try GlobalOptions.requireLocalHost() }
            return try ObjectLogReport.wrap(words, arguments.global.value("log-level")) {
                try TimingsReport.wrap(words, arguments.global.flag("timings")) { try command.run(arguments) }
            }
        }
    }
}

/// An error with the exit code that its command has for it.
struct CommandFailure: Error {
    let cause: any Error
    let exitCode: CInt

    init(_ cause: any Error, exitCode: CInt) {
        self.cause = cause
        self.exitCode = exitCode
    }

    /// Of `run`, `create`, `start` and `exec`, as Docker's: 127 and 126 speak of the container's command, 125 of Hako.
    static func running(_ error: any Error) -> CommandFailure {
        // It was given its code where it arose.
        if let failure = error as? CommandFailure { return failure }
        if case .start(let failure)? = error as? RuntimeClientError {
            let codes: [StartFailure.Kind: CInt] = [.notFound: 127, .notExecutable: 126]
            return CommandFailure(error, exitCode: codes[failure.kind] ?? 125)
        }
        switch (error as? EngineError)?.kind {
        case .commandNotFound: return CommandFailure(error, exitCode: 127)
        case .commandNotExecutable: return CommandFailure(error, exitCode: 126)
        default: return CommandFailure(error, exitCode: 125)
        }
    }

    func report() -> CInt {
        Terminal.printError("\(prefix)\(Terminal.escaped("\(cause)"))\n")
        return exitCode
    }

    /// The name; called `docker`, what Docker's client writes before what its daemon says, and before that the name where it
    /// is that of a command with exit codes of the container's.
    private var prefix: String {
        guard HakoProgram.isCalledDocker, let error = cause as? EngineError, error.kind != .invalidArgument else {
            return "\(HakoProgram.name): "
        }
        return (exitCode == 1 ? "" : "docker: ") + "Error response from daemon: "
    }
}

extension Engine {
    /// Prints what the user should know, once the answer is given.
    func printWarnings(_ more: [String] = []) {
        for warning in more + warnings { Terminal.printError("WARNING: \(Terminal.escaped(warning))\n") }
        warnings = []
    }
}
