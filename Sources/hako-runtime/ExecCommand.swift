import Glibc
import Linux
import OCI
import Runtime

/// `exec`.
struct ExecCommand {
    private let words: Words
    private let id: String
    private let options: ExecOptions

    init(_ rest: [String]) throws(RuntimeError) {
        let table = Words.Table(
            valued: ["console-socket", "cwd", "user", "process", "pid-file", "preserve-fds"],
            listed: ["env", "cap", "additional-gids"],
            flags: ["tty", "detach", "no-new-privs"],
            short: ["u": "user", "t": "tty", "e": "env", "p": "process", "d": "detach", "c": "cap", "g": "additional-gids"])
        words = try Words(rest, table)
        guard let id = words.arguments.first else { throw Words.usage("expected a container's id and a command") }
        self.id = id
        var options = ExecOptions()
        options.arguments = Array(words.arguments.dropFirst())
        options.terminal = words.flags.contains("tty")
        options.cwd = words.values["cwd"]
        options.environment = words.lists["env"] ?? []
        options.capabilities = words.lists["cap"] ?? []
        options.setsNoNewPrivileges = words.flags.contains("no-new-privs")
        options.create.pidFile = words.values["pid-file"]
        options.create.consoleSocket = words.values["console-socket"]
        options.create.preservedCount = try words.count("preserve-fds")
        options.user = try Self.user(words)
        if let file = words.values["process"] { options.process = try Self.process(file) }
        guard options.process != nil || !options.arguments.isEmpty else { throw Words.usage("expected a command") }
        self.options = options
    }

    private static func user(_ words: Words) throws(RuntimeError) -> RuntimeSpec.User? {
        guard let text = words.values["user"] else { return nil }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        // Ids alone: names are the engine's matter, who looks them up in the container's own files.
        guard let uid = number(parts[0]), let gid = parts.count > 1 ? number(parts[1]) : 0 else {
            throw Words.usage("option --user needs uid or uid:gid")
        }
        var groups: [UInt32] = []
        for group in words.lists["additional-gids"] ?? [] {
            guard let id = number(group[...]) else { throw Words.usage("option --additional-gids needs an id") }
            groups.append(id)
        }
        return RuntimeSpec.User(uid: uid, gid: gid, additionalGids: groups)
    }

    private static func number(_ text: Substring) -> UInt32? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return UInt32(text).flatMap { $0 == UInt32.max ? nil : $0 }
    }

    private static func process(_ file: String) throws(RuntimeError) -> RuntimeSpec.Process {
        do {
            return try RuntimeSpec.Process(json: JSON(parsing: FileDescriptor.contents(of: file)))
        } catch {
            throw RuntimeError(.invalid, cannot: "read \(file)", because: "\(error)")
        }
    }

    func run(_ runtime: Runtime) throws(RuntimeError) -> CInt {
        if options.terminal, words.flags.contains("detach"), options.create.consoleSocket == nil {
            throw RuntimeError(
                .invalid, cannot: "detach from a terminal", because: "it needs a --console-socket to go to")
        }
        let foreground = words.flags.contains("detach") ? nil : try Foreground()
        let process = try runtime.exec(id, options)
        guard let foreground else { return 0 }
        return try foreground.wait(for: process)
    }
}
