import CommandLineTables
import ConfigurationFiles
import Engine
import Glibc
import Linux
import OCI

/// `hako config …`
enum ConfigGroup {
    static let command = Command("config", "Manage Hako's configuration", subcommands: [check, importDocker, show])

    private static var defaultPath: String { GlobalOptions.configurationPath ?? EngineConfiguration.defaultPath }

    // MARK: check

    private static let check = Command(
        "check", "Point at what is wrong with the configuration", usage: "[FILE]", arity: .atMost(1), completion: .files, run: runCheck)

    private static func runCheck(_ arguments: ParsedArguments) throws -> Int32 {
        let path = arguments.positionals.first ?? defaultPath
        let findings: [LocatedFinding]
        do throws(ConfigurationError) {
            let file = try ConfigurationFile(path: path)
            var found = file.findings()
            // Values of another type have nothing to say.
            if !found.contains(where: \.isError) {
                let configuration = EngineConfiguration(file)
                found += configuration.findings() + configuration.deepFindings()
            }
            findings = found.map(file.located).sorted { ($0.line, $0.column) < ($1.line, $1.column) }
        } catch {
            switch error {
            case .wrong(let finding): findings = [finding]
            case .unreadable(_, let cause) where cause.errno == .noSuchFile && path == EngineConfiguration.defaultPath:
                Terminal.print("There is no \(path): the defaults hold.\n")
                return 0
            case .unreadable: throw EngineError(error)
            }
        }
        for found in findings { show(found) }
        let count = findings.count { $0.finding.isError }
        Terminal.print(Terminal.escaped(path) + (count == 0 ? " can be used.\n" : count == 1 ? " has a mistake.\n" : " has \(count) mistakes.\n"))
        return count == 0 ? 0 : 1
    }

    private static func show(_ found: LocatedFinding) {
        let kind = found.finding.isError ? "" : "warning: "
        let head = "\(found.path):\(found.line):\(found.column): \(kind)\(found.finding.message)"
        Terminal.print(Terminal.escaped(head) + "\n" + Terminal.escapedLines(found.excerpt))
    }

    // MARK: import-docker

    private static let importDocker = Command(
        "import-docker", "Take Docker's daemon.json over into Hako's configuration",
        details: "Take Docker's daemon.json (/etc/docker/daemon.json, where none is named) over into Hako's configuration, and say of each key what became of it",
        usage: "[FILE]", arity: .atMost(1), completion: .files,
        options: [
            .flag("dry-run", "Show what would be written, and write nothing"),
            .flag("force", short: "f", "Replace a configuration that is there"),
            .text("output", short: "o", "Write to this file instead of the configuration", placeholder: "file", completion: .files),
        ], run: runImport)

    private static func runImport(_ arguments: ParsedArguments) throws -> Int32 {
        var daemonFile: DaemonFileImport
        do throws(ConfigurationError) {
            daemonFile = try DaemonFileImport(path: arguments.positionals.first ?? "/etc/docker/daemon.json")
        } catch {
            if case .wrong(let finding) = error { throw EngineError(.invalidArgument, finding.description) }
            throw EngineError(error)
        }
        // Options of a log driver that isn't there are another look's.
        while daemonFile.leaveOut(daemonFile.configuration.findings()) {}
        for entry in daemonFile.entries {
            let fate = entry.reason.map { "left out: \($0)" } ?? "taken over"
            Terminal.print(Terminal.escaped("\(daemonFile.path):\(entry.line): \(entry.name): \(fate)") + "\n")
        }
        guard !arguments.flag("dry-run") else {
            Terminal.print("\n" + Terminal.escapedLines(daemonFile.text))
            return 0
        }
        let target = arguments.value("output") ?? defaultPath
        try write(daemonFile.text, to: target, replacing: arguments.flag("force"))
        Terminal.print("Wrote \(Terminal.escaped(target)).\n")
        return 0
    }

    private static func write(_ text: String, to path: String, replacing: Bool) throws {
        do throws(SystemCallError) {
            if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex {
                try Directory.create(String(path[..<slash]), mode: 0o755)
            }
            if replacing { return try FileDescriptor.replaceContents(of: path, with: Array(text.utf8), mode: 0o644) }
            try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644).writeAll(text)
        } catch {
            let isThere = error.errno == .exists
            throw EngineError(
                isThere ? .conflict : .system, cannot: "write \(path)", because: isThere ? "it is there already" : "\(error)",
                hint: isThere ? "Replace it with --force, or write to another file with -o." : nil, cause: error)
        }
    }

    // MARK: show

    private static let show = Command("show", "Show what holds, and where it is from", arity: .none) { arguments in
        let configuration = try arguments.configuration()
        var table = Table(header: ["KEY", "VALUE", "FROM"])
        for key in ConfigurationKey.all {
            let value = configuration.document[key.name]
            table.add([key.name, value?.text() ?? key.defaultText, value == nil ? "default" : configuration.path ?? ""])
        }
        Terminal.print(table.text)
        return 0
    }
}
