import Glibc
import Linux
import OCI

/// The host's git, run so that nothing but what it is told counts: no configuration of the machine's or the user's, no hooks, no
/// other protocols than those of the network, no questions.
///
/// A repository's own files can't change that: filters and hooks are run only where a configuration names them, and the only
/// one is ours; submodules are fetched by the same rules (threat: CVE-2022-39253, `file://` in `.gitmodules`).
///
/// - SeeAlso: git(1), "ENVIRONMENT VARIABLES"; git-config(1), `protocol.allow`
struct GitProgram {
    /// Who may come to see what a repository's owner asks for.
    struct Credentials {
        /// An agent's socket, for ssh.
        var agent: String?
        /// `Authorization` of an origin, for https.
        var authorizations: [String: String] = [:]
    }

    private let environment: [String]
    /// The number of a descriptor that is readable once the build is to stop; -1 for none.
    private let interruption: CInt

    /// - Parameter directory: A directory that is there, for what git is told: it goes with the caller.
    init(in directory: String, _ credentials: Credentials, interruption: CInt) throws {
        guard HostProgram.path(of: "git") != nil else {
            var error = BuildError("a git repository can't be fetched: this host has no program git")
            error.advice = "Install git, or clone the repository and build from its directory."
            throw error
        }
        let file = directory + "/gitconfig"
        try FileDescriptor.replaceContents(of: file, with: Array(Self.configuration(credentials).utf8))
        let current = Environment.current
        let proxies = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].flatMap { [$0, $0.uppercased()] }
        environment =
            [
                "PATH=" + HostProgram.directories.joined(separator: ":"), "HOME=" + directory, "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1",
                // No repository above counts, either.
                "GIT_CEILING_DIRECTORIES=\(directory):\(directory)/..",
                "GIT_CONFIG_GLOBAL=" + file, "GIT_ATTR_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=/bin/false", "SSH_ASKPASS=/bin/false",
                "GIT_ALLOW_PROTOCOL=http:https:ssh:git", "GIT_SSH_COMMAND=" + Self.sshCommand(credentials.agent), "GIT_PROTOCOL_FROM_USER=0",
            ]
            + proxies.compactMap { name in current[name].map { "\(name)=\($0)" } }
            + (credentials.agent.map { ["SSH_AUTH_SOCK=" + $0] } ?? [])
        self.interruption = interruption
    }

    private static func configuration(_ credentials: Credentials) -> String {
        var text = """
            [core]
            \thooksPath = /dev/null
            \tfsmonitor = false
            \tsymlinks = true
            \tfileMode = true
            [protocol]
            \tallow = never
            [protocol "http"]
            \tallow = always
            [protocol "https"]
            \tallow = always
            [protocol "ssh"]
            \tallow = always
            [protocol "git"]
            \tallow = always
            [http]
            \tlowSpeedLimit = 64
            \tlowSpeedTime = 60
            [gc]
            \tauto = 0
            [maintenance]
            \tauto = false
            [init]
            \tdefaultBranch = main
            \ttemplateDir =
            [advice]
            \tdetachedHead = false

            """
        for (origin, value) in credentials.authorizations.sorted(by: { $0.key < $1.key }) {
            let field = "Authorization: \(value)".filter { $0 != "\n" && $0 != "\r" && $0 != "\0" }
            let quoted = field.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
                .split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
            text += "[http \"\(origin)/\"]\n\textraHeader = \"\(quoted)\"\n"
        }
        return text
    }

    /// Hosts must be known to the user; their own configuration isn't read, whose ProxyCommand would get a name from a Dockerfile
    /// (CVE-2023-51385).
    private static func sshCommand(_ agent: String?) -> String {
        "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o ForwardAgent=no -o ConnectTimeout=30"
            + (agent == nil ? "" : " -o IdentityFile=none")
    }

    /// Runs git in a directory and returns what it prints.
    ///
    /// - Parameter operation: For the message: `fetch https://…`.
    /// - Throws: ``BuildError`` with what git says.
    @discardableResult
    func run(_ words: [String], in directory: String, _ operation: String) throws -> String {
        // Files are made with 0644 and 0755, whatever the umask.
        let script = #"umask 022; exec git -C "$0" "$@""#
        let output = try FileDescriptor.memory(named: "output")
        let errors = try FileDescriptor.memory(named: "errors")
        var spawn = Spawn("/bin/sh", ["sh", "-c", script, directory] + words, environment: environment)
        spawn.pass(output, as: StandardDescriptor.output)
        spawn.pass(errors, as: StandardDescriptor.error)
        spawn.startsSession = true
        let status = try wait(for: try spawn.start())
        guard status == .exited(code: 0) else {
            try errors.seek(to: 0)
            throw BuildError("failed to \(operation): \(Self.complaint(try errors.readAll(limit: 1 << 20), status))")
        }
        try output.seek(to: 0)
        return String(decoding: try output.readAll(limit: 64 << 20), as: UTF8.self)
    }

    /// Ends it when the build is to stop. It has a session of its own, so that a terminal's Ctrl-C doesn't reach it before us.
    private func wait(for child: borrowing ChildProcess) throws -> ExitStatus {
        var entries = [PollEntry(child.pidfd.number, .readable), PollEntry(interruption, .readable)]
        _ = try PollEntry.wait(&entries)
        if entries[0].ready.isEmpty {
            try child.send(signal: SIGTERM)
            _ = try child.wait()
            throw BuildError("context canceled")
        }
        return try child.wait()
    }

    /// The last lines that git printed: `fatal: …`.
    private static func complaint(_ bytes: [UInt8], _ status: ExitStatus) -> String {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        let fatal = lines.last { $0.hasPrefix("fatal:") || $0.hasPrefix("error:") } ?? lines.last
        return fatal.map { "git says: \($0)" } ?? "git ended with status \(status.shellCode)"
    }
}
