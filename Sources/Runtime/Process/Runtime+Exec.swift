import Cgroups
import Glibc
import Linux
import OCI

/// How a process that is added to a container differs from the container's first one.
public struct ExecOptions: Sendable {
    /// All of it; nil takes ``arguments`` and what the container's first process has.
    public var process: RuntimeSpec.Process?
    public var arguments: [String] = []
    public var terminal = false
    public var user: RuntimeSpec.User?
    public var cwd: String?
    /// Added to the first process's; the last of two of one name holds.
    public var environment: [String] = []
    /// Added to the first process's sets: `CAP_NET_RAW`.
    public var capabilities: [String] = []
    public var setsNoNewPrivileges = false
    public var create = CreateOptions()

    public init() {}
}

extension Runtime {
    /// Executes a program in a running container: in all its namespaces and its cgroup, under its filter. Returns when the
    /// program is executed; the process is the caller's to reap.
    ///
    /// - Throws: ``RuntimeError``: `wrongState` unless the container runs; `programNotFound`, …
    public func exec(_ id: String, _ options: ExecOptions) throws(RuntimeError) -> ContainerProcess {
        let directory = try StateDirectory.open(try ContainerID(id), in: root)
        let record = try directory.read()
        let action = "execute a program in container \(id)"
        guard let first = try attempt(action, { () throws(SystemCallError) in try record.identity.open() }),
            !directory.waitsForStart
        else {
            let status = try status(of: record, directory)
            throw RuntimeError(.wrongState, cannot: action, because: "it is \(status.rawValue)")
        }
        let process = try options.process(beside: record.process)
        let launched = try launch(process, options, record, first)
        do throws(RuntimeError) {
            for limit in process.rlimits { try limit.set(of: launched.child) }
            try adjustOOMScore(process, launched.child.pid)
            var plan = try InitPlan(process, filter: try directory.readFilter())
            plan.joinsNewKeyring = options.create.joinsNewKeyring
            plan.preservedCount = UInt32(clamping: options.create.preservedCount)
            try attempt("send the plan") { () throws(SystemCallError) in try launched.connection.send(plan) }
            try StartedProgram(
                arguments: process.args, directory: process.cwd, poststart: [], state: state(of: record, .running)
            ).check(launched.connection)
            try options.create.writePid(launched.child.pid)
        } catch {
            launched.kill()
            throw error
        }
        let child = launched.child
        let terminal = launched.terminal
        let master = try options.create.deliver(terminal)
        return ContainerProcess(
            child: child, terminal: master, connection: nil,
            program: StartedProgram(
                arguments: process.args, directory: process.cwd, poststart: [], state: state(of: record, .running)))
    }

    private func launch(
        _ process: RuntimeSpec.Process, _ options: ExecOptions, _ record: ContainerRecord,
        _ first: borrowing FileDescriptor
    ) throws(RuntimeError) -> LaunchedInit {
        let program = try InitProgram.sealedCopy()
        let entry = try attemptCgroup("join the cgroup") { () throws(CgroupError) in
            try CgroupMounts.detect().cgroup(at: try CgroupPath(parsing: record.cgroup)).openEntry()
        }
        var launch = ProcessLaunch()
        var kinds: NamespaceKinds = [.mount, .pid, .network, .ipc, .uts, .cgroup]
        if record.hasUserNamespace { kinds.insert(.user) }
        // It is joined last, from inside: there, nobody may join the host's, where the container has that.
        if try isOwnCgroupNamespace(of: record.identity.pid) { kinds.remove(.cgroup) }
        launch.join(first, kinds)
        launch.join(cgroup: entry.cloneInto, taskFiles: entry.taskFiles)
        launch.standardDescriptors = options.create.standardDescriptors
        launch.preservedCount = options.create.preservedCount
        let terminal = process.terminal ? try ContainerTerminal(process, inContainerOf: first) : nil
        return try LaunchedInit(launch, program, terminal)
    }

    /// Whether a process has the cgroup namespace of this one.
    private func isOwnCgroupNamespace(of pid: CInt) throws(RuntimeError) -> Bool {
        try attempt("look at the container's cgroup namespace") { () throws(SystemCallError) in
            let own = try FileDescriptor.status(of: "/proc/self/ns/cgroup").inode
            return try FileDescriptor.status(of: "/proc/\(pid)/ns/cgroup").inode == own
        }
    }

    private func adjustOOMScore(_ process: RuntimeSpec.Process, _ pid: CInt) throws(RuntimeError) {
        guard let adjustment = process.oomScoreAdj else { return }
        try attempt("set the OOM score adjustment to \(adjustment)") { () throws(SystemCallError) in
            try FileDescriptor.open("/proc/\(pid)/oom_score_adj", flags: O_WRONLY).writeAll(String(adjustment))
        }
    }
}

extension ExecOptions {
    /// What is executed: the first process's rules, and what differs.
    fileprivate func process(beside first: RuntimeSpec.Process) throws(RuntimeError) -> RuntimeSpec.Process {
        if let process { return process }
        var process = first
        process.args = arguments
        process.terminal = terminal
        process.consoleSize = nil
        process.env = first.env + environment
        if let cwd { process.cwd = cwd }
        if let user {
            process.user = user
            // As for a container's own program: only its root has capabilities by being it (CVE-2022-29162).
            if user.uid != 0, first.user.uid == 0 {
                process.capabilities?.effective = []
                process.capabilities?.permitted = []
            }
        }
        if setsNoNewPrivileges { process.noNewPrivileges = true }
        if !capabilities.isEmpty {
            _ = try InitPlan.capabilities(RuntimeSpec.Capabilities(bounding: capabilities))
            var sets = process.capabilities ?? RuntimeSpec.Capabilities()
            for name in capabilities {
                if !sets.bounding.contains(name) { sets.bounding.append(name) }
                if !sets.permitted.contains(name) { sets.permitted.append(name) }
                if !sets.effective.contains(name) { sets.effective.append(name) }
            }
            process.capabilities = sets
        }
        return process
    }
}

extension ContainerTerminal {
    /// On the devpts of a running container, so that the terminal has a name there; on the host's where there is none.
    init(_ process: RuntimeSpec.Process, inContainerOf first: borrowing FileDescriptor) throws(RuntimeError) {
        let pair = try attempt("open a terminal") { () throws(SystemCallError) in
            // Opened when we are back: in there, /dev/ptmx may lead anywhere (CVE-2025-52565).
            guard let devpts = try Self.devpts(ofContainerOf: first) else { return try PseudoTerminal() }
            return try PseudoTerminal(in: devpts)
        }
        try self.init(pair, process)
    }

    /// Beneath the container's root and through no link of its; nil where that is no devpts.
    private static func devpts(
        ofContainerOf first: borrowing FileDescriptor
    ) throws(SystemCallError) -> FileDescriptor? {
        let home = try Namespace.current(.mount)
        let directory = try FileDescriptor.open(".", flags: FileDescriptor.pathOnly)
        try Namespace.join(first, .mount)
        defer {
            NamespaceVisit.comeBack(to: home, .mount)
            try? directory.becomeWorkingDirectory()  // it may be gone: "/" is no worse
        }
        let root = try FileDescriptor.directory("/")
        guard
            let devpts = try? FileDescriptor.open(
                "dev/pts", in: root, .beneathWithoutSymlinks, flags: O_RDONLY | O_DIRECTORY),
            try devpts.fileSystemType() == .devpts
        else { return nil }
        return devpts
    }
}
