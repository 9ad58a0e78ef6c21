import CommandLineTables
import Engine
import OCI

/// `hako version`
enum VersionCommand {
    static let command = Command(
        "version", "Show the Hako version information", group: .common, arity: .none,
        options: [.text("format", short: "f", "Format output using a Go template, or 'json'")], run: run)

    /// What `--version` prints.
    static var line: String {
        HakoProgram.isCalledDocker
            ? "Docker version \(HakoProgram.dockerVersion), build hako-\(HakoProgram.version)\n" : "Hako version \(HakoProgram.version)\n"
    }

    /// Scripts that call `docker` look for the version of what they know.
    private static var version: String { HakoProgram.isCalledDocker ? HakoProgram.dockerVersion : HakoProgram.version }

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let program: JSON = [
            "Platform": ["Name": .string("Hako \(HakoProgram.version)")], "Version": .string(version), "Os": "linux", "Arch": .string(Platform.host.architecture),
            "KernelVersion": .string(HostInfo.kernelRelease),
        ]
        // One program is both; scripts ask for either.
        let document: JSON = ["Client": program, "Server": program]
        if let format = arguments.value("format") {
            try Formatted.print(document, format)
            return 0
        }
        guard !HakoProgram.isCalledDocker else {
            Terminal.print(asDocker)
            return 0
        }
        Terminal.print(
            """
            Hako:
             Version:           \(HakoProgram.version)
             OS/Arch:           linux/\(Platform.host.architecture)
             Kernel:            \(HostInfo.kernelRelease)
             Runtime:           hako-runtime \(HakoProgram.version) (OCI runtime \(RuntimeSpec.version))
             Daemon:            none

            """)
        return 0
    }

    /// The lines of Docker's client, as far as there is something to say in them.
    private static var asDocker: String {
        """
        Client: Hako \(HakoProgram.version)
         Version:           \(version)
         OS/Arch:           linux/\(Platform.host.architecture)
         Context:           default

        Server: Hako \(HakoProgram.version)
         Engine:
          Version:          \(version)
          OS/Arch:          linux/\(Platform.host.architecture)

        """
    }
}

/// `hako info`
enum InfoCommand {
    static let command = Command(
        "info", "Display system-wide information", alsoAt: ["system info"], group: .common, arity: .none,
        options: [.text("format", short: "f", "Format output using a Go template, or 'json'")], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        let info = try engine.info(version: HakoProgram.version)
        if let format = arguments.value("format") {
            try Formatted.print(info, format)
            return 0
        }
        Terminal.print(InfoText.lines(info))
        let warnings = info["Warnings"]?.array ?? []
        engine.printWarnings(warnings.compactMap(\.string))
        return 0
    }
}
