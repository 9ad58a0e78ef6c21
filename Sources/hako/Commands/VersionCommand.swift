import CommandLineTables
import Engine
import OCI

/// `hako version`
enum VersionCommand {
    static let command = Command(
        "version", "Show the Hako version information", group: .common, arity: .none,
        options: [.text("format", short: "f", "Format output using a Go template, or 'json'")], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let document: JSON = [
            "Client": [
                "Version": .string(HakoProgram.version), "Os": "linux", "Arch": .string(Platform.host.architecture),
                "KernelVersion": .string(HostInfo.kernelRelease),
            ], "Server": nil,
        ]
        if let format = arguments.value("format") {
            try Formatted.print(document, format)
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
        var text = ""
        for (name, value) in info.object?.members ?? [] { text += line(name, value) }
        Terminal.print(text)
        engine.printWarnings()
        return 0
    }

    private static func line(_ name: String, _ value: JSON) -> String {
        switch value {
        case .string(let text): "\(name): \(Terminal.escaped(text))\n"
        case .integer(let number) where name == "MemTotal": "\(name): \(Units.binarySize(number))\n"
        case .integer(let number): "\(name): \(number)\n"
        case .bool(let flag): "\(name): \(flag)\n"
        case .array(let elements):
            "\(name):\n" + elements.map { "  \(Terminal.escaped($0.string ?? $0.text()))\n" }.joined()
        case .object(let object):
            "\(name):\n" + object.members.map { "  " + line($0.name, $0.value) }.joined()
        case .null, .number: ""
        }
    }
}
