import Glibc
import Linux
import OCI

extension Creation {
    /// All that is done for the container's process from outside, while it waits.
    borrowing func finish(
        _ launched: borrowing LaunchedInit, _ mounts: borrowing PrivateMounts, _ opened: inout OpenedMounts,
        _ nullDevice: borrowing FileDescriptor, listener: CInt?
    ) throws(RuntimeError) {
        let pid = launched.child.pid
        try setLimits(of: launched.child)
        let plan = try plan(for: pid, listener)
        try attempt("send the plan") { () throws(SystemCallError) in try launched.connection.send(plan) }
        let identity = try identity(of: pid)
        let hooks = bundle.spec.hooks
        if !hooks.prestart.isEmpty || !hooks.createRuntime.isEmpty {
            try mounts.outside { () throws(RuntimeError) in
                try HookRunner(state: state(.creating, pid)).run(hooks.prestart, named: "prestart")
                try HookRunner(state: state(.creating, pid)).run(hooks.createRuntime, named: "createRuntime")
            }
        }
        try Timings.span("kernel-settings") { () throws(RuntimeError) in try configureKernel(pid, identity, &opened) }
        try buildRoot(launched, identity, &opened, nullDevice)
        try attempt("let the container's process go on") { () throws(SystemCallError) in
            try launched.connection.sendMounted()
        }
    }

    private borrowing func plan(for pid: CInt, _ listener: CInt?) throws(RuntimeError) -> InitPlan {
        var plan = try InitPlan(process, filter: filter)
        plan.waitsForMounts = true
        plan.waitsForStart = true
        plan.startDescriptor = listener
        // Without a user namespace of its own nothing would be locked.
        plan.unsharesMounts = namespaces.hasUser
        plan.joinsNewKeyring = options.joinsNewKeyring
        plan.preservedCount = UInt32(clamping: options.preservedCount)
        plan.isPersonality32 = bundle.spec.linux.personality?.domain == .linux32
        let hooks = bundle.spec.hooks.startContainer
        plan.hooks = hooks.map { hook in
            InitPlan.Hook(
                path: hook.path, arguments: hook.args.isEmpty ? [hook.path] : hook.args, environment: hook.env,
                timeout: hook.timeout.map { .seconds($0) })
        }
        if !hooks.isEmpty { plan.state = state(.created, pid).json.bytes() }
        return plan
    }

    /// By this process, which has its rights on the host: in its user namespace the container has none to raise a limit.
    private borrowing func setLimits(of child: borrowing ChildProcess) throws(RuntimeError) {
        for limit in process.rlimits { try limit.set(of: child) }
        guard let adjustment = process.oomScoreAdj else { return }
        let pid = child.pid
        try attempt("set the OOM score adjustment to \(adjustment)") { () throws(SystemCallError) in
            // The host's /proc, still: the container's may be anything (CVE-2019-16884).
            try FileDescriptor.open("/proc/\(pid)/oom_score_adj", flags: O_WRONLY).writeAll(String(adjustment))
        }
    }

    /// Names and settings of the container's namespaces.
    private borrowing func configureKernel(
        _ pid: CInt, _ identity: IdentityMap, _ opened: inout OpenedMounts
    ) throws(RuntimeError) {
        let spec = bundle.spec
        if spec.hostname != nil || spec.domainname != nil {
            try attempt("set the host name") { () throws(SystemCallError) in
                try NamespaceVisit.run(in: pid, [.uts]) { () throws(SystemCallError) in
                    if let name = spec.hostname { try Namespace.setHostname(name) }
                    if let name = spec.domainname { try Namespace.setDomainname(name) }
                }
            }
        }
        if !sysctls.isEmpty { try set(sysctls, pid, identity, &opened) }
    }

    /// Through a proc file system that nobody else has mounted anything on: that which will be the container's `/proc`, before
    /// it is attached there; where that can't be written to, another.
    private borrowing func set(
        _ sysctls: Sysctls, _ pid: CInt, _ identity: IdentityMap, _ opened: inout OpenedMounts
    ) throws(RuntimeError) {
        var own: (index: Int, mount: RuntimeSpec.Mount, options: MountOptions)?
        if let index = bundle.spec.mounts.firstIndex(where: { $0.type == "proc" }) {
            let mount = bundle.spec.mounts[index]
            let options = try MountOptions(mount)
            if !options.isReadOnly { own = (index, mount, options) }
        }
        let proc = try attempt("mount /proc") { () throws(SystemCallError) in
            let context = try FileSystemContext(procOf: ProcessHandle.open(pid))
            guard let own else { return try context.mount() }
            return try context.finish(own.mount, own.options, identity)
        }
        try attempt("set the container's sysctls") { () throws(SystemCallError) in
            try NamespaceVisit.run(in: pid, [.network, .ipc]) { () throws(SystemCallError) in
                try sysctls.write(to: proc.root, identity)
            }
        }
        guard let own else { return }
        do throws(SystemCallError) { try opened.add(proc, at: own.index) } catch {
            throw RuntimeError(.system, cannot: "mount /proc", because: error.description)
        }
    }

    private borrowing func buildRoot(
        _ launched: borrowing LaunchedInit, _ identity: IdentityMap, _ opened: inout OpenedMounts,
        _ nullDevice: borrowing FileDescriptor
    ) throws(RuntimeError) {
        // What is made must have the mode that is asked for; the mask is this process's, so it gets it back.
        let before = umask(0)
        defer { umask(before) }
        let pid = launched.child.pid
        let builder = RootBuilder(
            bundle: bundle, root: RootDirectory(mount: try mountRoot(), owner: identity.root), identity: identity,
            process: pid, cgroup: cgroup)
        try Timings.span("mounts") { () throws(RuntimeError) in
            switch launched.terminal {
            case .some(let terminal):
                try terminal.giveAway(to: process.user, identity)
                try builder.build(&opened)
                try builder.bindConsole(terminal.peer)
            case .none: try builder.build(&opened)
            }
        }
        let hooks = bundle.spec.hooks.createContainer
        try HookRunner(state: state(.creating, pid)).run(hooks, named: "createContainer")
        try Timings.span("masks") { () throws(RuntimeError) in try builder.protect(nullDevice) }
        try Timings.span("pivot_root") { () throws(RuntimeError) in try pivot(builder.root) }
    }

    private borrowing func identity(of pid: CInt) throws(RuntimeError) -> IdentityMap {
        guard namespaces.hasUser else { return try IdentityMap(nil) }
        let linux = bundle.spec.linux
        if !linux.uidMappings.isEmpty {
            return try IdentityMap(IDMap(uid: linux.uidMappings, gid: linux.gidMappings))
        }
        let map = try attempt("read the id mappings") { () throws(SystemCallError) in try IDMap(ofProcess: pid) }
        return try IdentityMap(map)
    }

    /// The bundle's root file system, as a mount of the container's own: without devices, whatever the image brings.
    private borrowing func mountRoot() throws(RuntimeError) -> Mount {
        guard let root = bundle.spec.root, !root.path.isEmpty else {
            throw RuntimeError(.invalid, cannot: "mount the root", because: "the bundle has no root.path")
        }
        let path = root.path.utf8.first == UInt8(ascii: "/") ? root.path : bundle.path + "/" + root.path
        return try attempt("mount the root \(PrintableText(path))") { () throws(SystemCallError) in
            let place = try FileDescriptor.open(path, flags: FileDescriptor.pathOnly | O_DIRECTORY)
            let mount = try Mount.copy(of: place, recursive: true)
            try mount.setAttributes(.noDevices, propagation: .private, recursive: true)
            try mount.attach(to: place)
            return mount
        }
    }

    private borrowing func pivot(_ root: borrowing RootDirectory) throws(RuntimeError) {
        try attempt("pivot_root") { () throws(SystemCallError) in try MountTree.pivot(to: root.mount.root) }
        let propagation: Propagation? =
            switch bundle.spec.linux.rootfsPropagation {
            case "shared", "rshared": .shared
            case "slave", "rslave": .slave
            case "unbindable", "runbindable": .unbindable
            default: nil
            }
        guard let propagation else { return }
        try attempt("set the root's propagation") { () throws(SystemCallError) in
            try MountTree.setPropagation(propagation)
        }
    }
}

extension RuntimeSpec.Rlimit {
    /// Written by the engine for limits that are its own default: where the host doesn't allow one, it is left.
    private static let bestEffort = "hako.bestEffort"

    func set(of child: borrowing ChildProcess) throws(RuntimeError) {
        guard let limit = ResourceLimit(named: type) else {
            throw RuntimeError(.invalid, cannot: "set the limit \(PrintableText(type))", because: "it is not known")
        }
        guard soft <= hard else {
            throw RuntimeError(.invalid, cannot: "set \(type)", because: "the soft limit is above the hard one")
        }
        do throws(SystemCallError) { try limit.set(soft: soft, hard: hard, of: child) } catch {
            if error.errno == .notPermitted, other[Self.bestEffort]?.bool == true { return }
            throw RuntimeError(
                error.errno == .notPermitted ? .invalid : .system, cannot: "set \(type) to \(soft):\(hard)",
                because: error.errno == .notPermitted
                    ? "it is above this process's own hard limit, and CAP_SYS_RESOURCE is missing" : error.description)
        }
    }
}
