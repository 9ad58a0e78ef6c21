import Linux
import OCI

extension InitPlan {
    /// What a process of a bundle asks for, but for what differs between `create` and `exec`.
    init(_ process: RuntimeSpec.Process, filter: SeccompFilter?) throws(RuntimeError) {
        try Self.check(process)
        self.init(capabilities: try Self.capabilities(process.capabilities))
        arguments = process.args
        environment = process.env
        candidates = Self.candidates(for: process.args.first ?? "", process.env)
        directory = process.cwd
        hasTerminal = process.terminal
        setsNoNewPrivileges = process.noNewPrivileges
        user = process.user.uid
        group = process.user.gid
        groups = process.user.additionalGids
        umask = process.user.umask
        self.filter = filter
    }

    private static func check(_ process: RuntimeSpec.Process) throws(RuntimeError) {
        func refuse(_ what: String, _ why: String) -> RuntimeError {
            RuntimeError(.invalid, cannot: "use the bundle's \(what)", because: why)
        }
        guard let program = process.args.first, !program.isEmpty else {
            throw refuse("process.args", "there is no program in it")
        }
        guard process.cwd.utf8.first == UInt8(ascii: "/") else { throw refuse("process.cwd", "it is not absolute") }
        if let profile = process.apparmorProfile, !profile.isEmpty, profile != "unconfined" {
            throw refuse("process.apparmorProfile", "AppArmor is not supported")
        }
        if let label = process.selinuxLabel, !label.isEmpty {
            throw refuse("process.selinuxLabel", "SELinux is not supported")
        }
        guard process.user.additionalGids.count <= 65536 else {
            throw refuse("process.user.additionalGids", "there are more than 65536")
        }
    }

    static func capabilities(_ names: RuntimeSpec.Capabilities?) throws(RuntimeError) -> CapabilitySets {
        let last = try attempt("find the kernel's capabilities") { () throws(SystemCallError) in try Capability.last() }
        guard let names else { return CapabilitySets(last: last) }
        do throws(UnknownCapability) {
            return CapabilitySets(
                bounding: try CapabilitySet(names: names.bounding), permitted: try CapabilitySet(names: names.permitted),
                effective: try CapabilitySet(names: names.effective),
                inheritable: try CapabilitySet(names: names.inheritable),
                ambient: try CapabilitySet(names: names.ambient), last: last)
        } catch { throw RuntimeError(.invalid, cannot: "set capabilities", because: error.description) }
    }

    /// Where the program may be: a name with a slash is a path; else the container's own PATH is searched, in its root. An
    /// empty part of PATH would be the working directory, whose content others may choose: it is passed over.
    private static func candidates(for program: String, _ environment: [String]) -> [String] {
        if program.utf8.contains(UInt8(ascii: "/")) { return [program] }
        let path = environment.last { $0.hasPrefix("PATH=") }?.dropFirst("PATH=".count)
        let parts = (path ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").split(separator: ":")
        return parts.map { "\($0)/\(program)" }
    }
}

extension RuntimeSpec.Seccomp {
    func compiled() throws(RuntimeError) -> SeccompFilter {
        let filter: SeccompFilter
        do throws(SeccompError) { filter = try SeccompCompiler.compile(self) } catch {
            throw RuntimeError(.invalid, cannot: "use the bundle's seccomp policy", because: "\(error)")
        }
        guard !filter.hasListener else {
            throw RuntimeError(
                .invalid, cannot: "use the bundle's seccomp policy", because: "SCMP_ACT_NOTIFY is not supported")
        }
        return filter
    }
}

extension RuntimeError {
    /// What a `hako-init` that stopped says.
    init(_ report: InitReport, arguments: [String], directory: String) {
        let program = PrintableText(arguments.first ?? "")
        let isName = !(arguments.first ?? "").utf8.contains(UInt8(ascii: "/"))
        switch (report.step, report.errno) {
        case (.program, .noSuchFile) where isName:
            self.init(
                .programNotFound, cannot: "execute \"\(program)\"", because: "executable file not found in $PATH")
        case (.program, .noSuchFile), (.exec, .noSuchFile):
            self.init(.programNotFound, cannot: "execute \"\(program)\"", because: "no such file or directory")
        case (.program, _), (.exec, _):
            self.init(
                .programNotExecutable, cannot: "execute \"\(program)\"", because: report.errno.description)
        case (.directory, .noSuchFile):
            self.init(
                .programNotFound, cannot: "change to the working directory \"\(PrintableText(directory))\"",
                because: "no such file or directory")
        case (.directory, _):
            self.init(
                .programNotExecutable, cannot: "change to the working directory \"\(PrintableText(directory))\"",
                because: report.errno.description)
        case (.directoryOutside, _):
            self.init(
                .invalid, cannot: "use \"\(PrintableText(directory))\" as working directory",
                because: "it lies outside of the container")
        case (.hook, let status):
            self.init(
                .system, cannot: "run startContainer hook \(report.index)",
                because: status.rawValue >= 0x10000
                    ? "it ended with status \((status.rawValue - 0x10000) >> 8)" : status.description)
        default: self.init(.system, cannot: Self.action(report.step), because: report.errno.description)
        }
    }

    private static func action(_ step: InitReport.Step) -> String {
        switch step {
        case .mounts: "lock the container's mounts"
        case .session: "begin a session"
        case .terminal: "take the terminal"
        case .keyring: "join a new keyring"
        case .groups, .group: "set the groups"
        case .user: "become the user"
        case .bounding, .capabilities: "set capabilities"
        case .privileges: "set no_new_privs"
        case .filter: "load the seccomp filter"
        case .descriptors: "close descriptors"
        case .personality: "set the personality"
        default: "prepare the container's process"
        }
    }
}
