import Glibc
import Linux
import OCI
import Runtime

/// `hako-runtime` with runc's command line, which engines that drive a runtime expect.
struct RuntimeProgram {
    private static let globals = Words.Table(
        valued: ["root", "log", "log-format", "criu", "rootless"], flags: ["debug", "systemd-cgroup", "help", "version"],
        short: ["h": "help", "v": "version"])

    private let runtime: Runtime
    private let log: RuntimeLog
    private let words: [String]
    private let program: Words

    init(_ words: [String]) throws(RuntimeError) {
        program = try Words(words, Self.globals)
        runtime = Runtime(root: program.values["root"] ?? Runtime.defaultRoot)
        log = RuntimeLog(path: program.values["log"], isJSON: program.values["log-format"] == "json")
        self.words = program.arguments
    }

    /// Returns the exit code.
    func run() -> CInt {
        do throws(RuntimeError) {
            if program.flags.contains("systemd-cgroup") {
                throw RuntimeError(.invalid, cannot: "use systemd for cgroups", because: "it is not supported")
            }
            if program.flags.contains("version") {
                print("hako-runtime version 0.1.0\nspec: \(RuntimeSpec.version)")
                return 0
            }
            guard !program.flags.contains("help"), let command = words.first else {
                print(Self.help)
                return program.flags.contains("help") ? 0 : 1
            }
            return try run(command, Array(words.dropFirst()))
        } catch {
            log.write(error)
            return exitCode(of: error)
        }
    }

    private func run(_ command: String, _ rest: [String]) throws(RuntimeError) -> CInt {
        switch command {
        case "create": try CreateCommand(rest, startsLater: true).create(runtime)
        case "run": return try CreateCommand(rest, startsLater: false).run(runtime)
        case "start": try runtime.start(try Words(rest, Words.Table()).single())
        case "exec": return try ExecCommand(rest).run(runtime)
        case "kill": try kill(rest)
        case "pause", "resume": try runtime.setPaused(command == "pause", try Words(rest, Words.Table()).single())
        case "delete":
            let words = try Words(rest, Words.Table(flags: ["force"], short: ["f": "force"]))
            try runtime.delete(try words.single(), force: words.flags.contains("force"))
        case "state": print(try runtime.state(try Words(rest, Words.Table()).single()).json.text(indent: 2))
        case "list": try list(rest)
        case "ps": try listProcesses(rest)
        default: throw Words.usage("there is no command \"\(command)\"")
        }
        return 0
    }

    private func exitCode(of error: RuntimeError) -> CInt {
        guard let command = words.first, command == "run" || command == "exec" else { return 1 }
        return switch error.kind {
        case .programNotFound: 127
        case .programNotExecutable: 126
        default: command == "exec" ? 255 : 1
        }
    }

    private func kill(_ rest: [String]) throws(RuntimeError) {
        let words = try Words(rest, Words.Table(flags: ["all"], short: ["a": "all"]))
        guard let id = words.arguments.first, words.arguments.count <= 2 else {
            throw Words.usage("expected a container's id and a signal")
        }
        let name = words.arguments.count > 1 ? words.arguments[1] : "TERM"
        guard let signal = SignalName.number(of: name) else { throw Words.usage("there is no signal \"\(name)\"") }
        try runtime.kill(id, signal: signal, all: words.flags.contains("all"))
    }

    private func list(_ rest: [String]) throws(RuntimeError) {
        let words = try Words(rest, Words.Table(valued: ["format"], flags: ["quiet"], short: ["q": "quiet", "f": "format"]))
        let states = try runtime.list()
        if words.flags.contains("quiet") {
            for state in states { print(state.id) }
        } else if words.values["format"] == "json" {
            print(JSON.array(states.map(\.json)).text())
        } else {
            print("ID\tPID\tSTATUS\tBUNDLE")
            for state in states { print("\(state.id)\t\(state.pid ?? 0)\t\(state.status.rawValue)\t\(state.bundle)") }
        }
    }

    private func listProcesses(_ rest: [String]) throws(RuntimeError) {
        let words = try Words(rest, Words.Table(valued: ["format"], short: ["f": "format"]))
        let processes = try runtime.processes(of: try words.single())
        if words.values["format"] == "json" {
            print(JSON.array(processes.map { .integer(Int64($0)) }).text())
        } else {
            for process in processes { print(process) }
        }
    }

    private static let help = """
        Usage: hako-runtime [--root DIR] [--log FILE] [--log-format text|json] COMMAND [ARG...]

        An OCI runtime: makes containers of bundles.

          create [-b DIR] [--console-socket FILE] [--pid-file FILE] [--preserve-fds N] ID
          start ID
          run [-b DIR] [-d] [--console-socket FILE] [--pid-file FILE] [--preserve-fds N] ID
          exec [-d] [-t] [-u UID[:GID]] [-e NAME=VALUE] [--cwd DIR] [-p FILE] ID [COMMAND [ARG...]]
          state ID
          kill [--all] ID [SIGNAL]
          pause ID
          resume ID
          delete [--force] ID
          list [-q] [--format table|json]
          ps [--format table|json] ID
        """
}

/// Where errors go: to people, and to the file that an engine reads.
struct RuntimeLog {
    let path: String?
    let isJSON: Bool

    func write(_ error: RuntimeError) {
        // An engine reads the JSON log and tells its user; standard error may be its user's own.
        if path == nil || !isJSON { complain("hako-runtime: \(error)") }
        guard let path else { return }
        let line = isJSON ? json(error).text() : "level=error msg=\"\(error)\""
        do throws(SystemCallError) {
            try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o600).writeAll(line + "\n")
        } catch { if isJSON { complain("hako-runtime: \(error)") } }
    }

    private func json(_ error: RuntimeError) -> JSON {
        let kind =
            switch error.kind {
            case .programNotFound: "notFound"
            case .programNotExecutable: "notExecutable"
            case .invalid, .exists, .noSuchContainer, .wrongState: "invalid"
            case .system: "system"
            }
        return ["level": "error", "kind": .string(kind), "msg": .string("\(error)")]
    }
}

/// Says something to whoever called; there is nobody left to tell if that fails.
func complain(_ text: String) {
    _ = try? StandardDescriptor.write(Array((text + "\n").utf8)[...], to: StandardDescriptor.error)
}

/// Signals by name or number.
enum SignalName {
    static func number(of text: String) -> CInt? {
        if let number = CInt(text) { return (1...64).contains(number) ? number : nil }
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        return names.firstIndex(of: name).map { CInt($0) + 1 }
    }

    /// From 1 on. signal(7), x86 and ARM.
    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
        "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
        "PWR", "SYS",
    ]
}
