import CommandLineTables

/// A small program with each kind of option, worded as Docker's client is.
enum Fixture {
    static let remove = Command(
        "rm", aliases: ["remove"], "Remove one or more containers", usage: "CONTAINER [CONTAINER...]",
        alsoAt: ["container rm", "rm"], group: .other, arity: .atLeast(1),
        options: [
            .flag("force", short: "f", "Force the removal of a running container (uses SIGKILL)"),
            .flag("link", short: "l", "Remove the specified link"),
            .flag("volumes", short: "v", "Remove anonymous volumes associated with the container"),
        ], run: { arguments in Int32(arguments.positionals.count) })

    static let run = Command(
        "run", "Create and run a new container from an image", usage: "IMAGE [COMMAND] [ARG...]", group: .common,
        arity: .atLeast(1), order: .beforeArguments,
        options: [
            .flag("detach", short: "d", "Run container in background"),
            .list("env", short: "e", "Set environment variables"),
            .flag("interactive", short: "i", "Keep STDIN open"),
            .text("name", "Assign a name to the container"),
            .flag("rm", "Remove the container when it exits"),
            .flag("sig-proxy", "Proxy received signals to the process", isOn: true),
            .flag("tty", short: "t", "Allocate a pseudo-TTY"),
            .bytes("memory", short: "m", "Memory limit"),
            .decimal("cpus", "Number of CPUs"),
            .integer("pids-limit", "Tune container pids limit (set -1 for unlimited)"),
            .duration("health-interval", "Time between running the check"),
            .text("hostname", short: "h", "Container host name"),
            .text("pull", "Pull image before running (\"always\", \"missing\", \"never\")", default: "missing"),
            .list("gpus", "GPU devices").unsupported(because: "there is no GPU support"),
            .flag("disable-content-trust", "Skip image verification", isOn: true).unsupported(because: "there is no trust"),
        ], run: { _ in 0 })

    static let version = Command(
        "version", "Show the version", group: .other, arity: .none,
        options: [.text("format", short: "f", "Format output")], run: { _ in 0 })
    static let rename = Command(
        "rename", "Rename a container", usage: "CONTAINER NEW_NAME", arity: .exactly(2), run: { _ in 0 })
    static let secret = Command("secret", "Not shown", isHidden: true, arity: .any, run: { _ in 7 })

    static let program = Program(
        "hako", "Runs containers",
        options: [
            .text("root", "Directory of the store"),
            .flag("timings", "Print where the time goes").anywhere(),
            .flag("version", short: "v", "Print version information and quit"),
        ],
        commands: [
            run, remove, version, rename, secret,
            Command("container", "Manage containers", subcommands: [remove, run, rename]),
        ])

    static func parse(_ line: String) throws -> (Command, ParsedArguments) {
        let words = line.split(separator: " ").map(String.init)
        guard case .run(let command, let arguments) = try program.parse(words) else { throw NotACommand() }
        return (command, arguments)
    }

    static func error(_ line: String) -> CommandLineError? {
        do throws(CommandLineError) {
            _ = try program.parse(line.split(separator: " ").map(String.init))
            return nil
        } catch { return error }
    }

    struct NotACommand: Error {}
}
