import CommandLineTables
import ConfigurationFiles
import Engine
import Glibc
import Linux

/// The program's own options, Docker's among them.
enum GlobalOptions {
    static var table: [Option] {
        [
            .text(
                "root", "Directory of the store", placeholder: "directory", default: StorePaths.defaultRoot,
                completion: .directories
            ).anywhere(),
            .text("run-root", "Directory of what is gone after a reboot", placeholder: "directory", completion: .directories).anywhere(),
            .text(
                "config-file", "The machine's configuration, see hako-config.json(5)", placeholder: "file",
                default: EngineConfiguration.defaultPath, completion: .files
            ).anywhere(),
            .text("config", "Directory of the user's config.json", placeholder: "directory", default: "~/.docker", completion: .directories),
            .flag("timings", "Print each step of the command with its time").anywhere(),
            .text(
                "log-level", "Set the logging level: debug shows each kernel object that is made or removed", default: "info",
                completion: .words(ObjectLogReport.levels)
            ).anywhere(),
            .flag("version", short: "v", "Print version information and quit"),
        ] + remote
    }

    /// How Docker's client finds its daemon.
    private static var remote: [Option] {
        let reason = noDaemon
        let tls = ["tls", "tlsverify"].map { Option.flag($0, "").unsupported(because: reason) }
        let files = ["tlscacert", "tlscert", "tlskey"].map { Option.text($0, "").unsupported(because: reason) }
        let logging = "there is no daemon that logs; --log-level debug shows what a command makes and removes in the kernel"
        return [
            .flag("debug", short: "D", "").unsupported(because: logging),
            .text("context", short: "c", "").unsupported(because: reason, except: ["default", ""]),
            .list("host", short: "H", "").unsupported(because: reason, except: [localHost, ""]),
        ] + tls + files
    }

    private static let noDaemon =
        "there is no daemon to connect to: Hako works on this host; on another one, run it there (ssh HOST hako …)"

    /// Refuses to do here what a script that calls `docker` means to do on another host.
    static func requireLocalHost() throws {
        for (variable, isLocal) in [
            ("DOCKER_HOST", { $0.hasPrefix("unix://") }), ("DOCKER_CONTEXT", { $0 == "default" }),
        ] as [(String, (String) -> Bool)] {
            guard let value = environment(variable), !isLocal(value) else { continue }
            throw EngineError(.invalidArgument, "\(variable) is \(value): \(noDaemon)", hint: "Unset it to work on this host.")
        }
    }

    static let localHost = "unix:///var/run/docker.sock"

    /// Has this process and those that it starts find the files that the options name.
    static func export(_ options: ParsedOptions) {
        for (option, variable) in [("config", dockerDirectory), ("config-file", configurationFile)] {
            if let path = options.value(option), !path.isEmpty { setenv(variable, path, 1) }
        }
    }

    private static let dockerDirectory = "DOCKER_CONFIG"
    private static let configurationFile = "HAKO_CONFIG"

    /// Nil for the default.
    static var configurationPath: String? { environment(configurationFile) }

    /// Where the user's config.json is, and what else Docker's client keeps for a user; nil where there is no place for it.
    static var userDirectory: String? { environment(dockerDirectory) ?? environment("HOME").map { $0 + "/.docker" } }

    /// What the user says about the command line; read once.
    static let user: ClientConfiguration = {
        guard let directory = userDirectory else { return ClientConfiguration() }
        return ClientConfiguration.read(directory: directory) { Terminal.printError("WARNING: \(Terminal.escaped($0))\n") }
    }()

    static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension ParsedArguments {
    /// What the machine's owner wants.
    func configuration() throws -> EngineConfiguration {
        try Timings.span("read-configuration") { try EngineConfiguration.load(path: GlobalOptions.configurationPath) }
    }

    /// The engine of the store that the command line, the environment or the configuration names.
    func engine() throws -> Engine { try engine(configuration()) }

    func engine(_ configuration: EngineConfiguration) throws -> Engine {
        let paths = try global.storePaths(configuration)
        return try Timings.span("open-engine") { try Engine(paths: paths, configuration: configuration) }
    }
}

extension ParsedOptions {
    /// Of the program's own options: where the store is that they, the environment or the configuration name.
    func storePaths(_ configuration: EngineConfiguration) throws -> StorePaths {
        let given = value("root") ?? GlobalOptions.environment("HAKO_ROOT")
        // That of another store is no directory for this one.
        let execRoot = given == nil ? configuration.execRoot : nil
        return StorePaths(
            root: try Self.absolute(given ?? configuration.dataRoot ?? StorePaths.defaultRoot),
            runRoot: try (value("run-root") ?? GlobalOptions.environment("HAKO_RUN_ROOT") ?? execRoot).map(Self.absolute))
    }

    private static func absolute(_ path: String) throws -> String {
        guard path.hasPrefix("/") else {
            throw EngineError(.invalidArgument, "the store's directory must be an absolute path: \(path)")
        }
        let trimmed = path.split(separator: "/").joined(separator: "/")
        return "/" + trimmed
    }
}
