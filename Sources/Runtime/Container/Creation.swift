import Cgroups
import Glibc
import Linux
import OCI

extension Runtime {
    /// Makes a container up to where its program could be executed: it waits for its start.
    ///
    /// - Parameters:
    ///   - joining: Namespaces that the caller holds.
    /// - Throws: ``RuntimeError``; nothing of the container is left then.
    public func create(
        _ bundle: Bundle, id: String, options: CreateOptions = CreateOptions(),
        joining: JoinedNamespaces = JoinedNamespaces()
    ) throws(RuntimeError) -> ContainerProcess {
        let id = try ContainerID(id)
        let creation = try Creation(bundle, id, options, joining)
        let directory = try StateDirectory.create(id, in: root)
        do throws(RuntimeError) { return try creation.run(in: directory) } catch {
            // The error that is thrown is the first one; what can't be removed is found by `delete --force`.
            try? StateDirectory.remove(id, in: root)
            throw error
        }
    }
}

/// The making of one container.
struct Creation: ~Copyable {
    let bundle: Bundle
    let id: ContainerID
    let options: CreateOptions
    let process: RuntimeSpec.Process
    let cgroup: ContainerCgroup
    let sysctls: Sysctls
    let filter: SeccompFilter?
    let namespaces: NamespacePlan

    /// Looks at all that can be wrong with the bundle, before anything is made but its namespaces.
    init(
        _ bundle: Bundle, _ id: ContainerID, _ options: CreateOptions, _ joining: JoinedNamespaces
    ) throws(RuntimeError) {
        let spec = bundle.spec
        guard let process = spec.process else {
            throw RuntimeError(.invalid, cannot: "create container \(id)", because: "the bundle has no process")
        }
        let filter = try Timings.span("compile-filter") { () throws(RuntimeError) in
            try SeccompFilter(spec.linux.seccomp, keptIn: options.filterFile)
        }
        var namespaces = try NamespacePlan(spec, joining)
        let sysctls = try Sysctls(spec.linux.sysctl, namespaces, groups: spec.linux.gidMappings)
        let map = IDMap(uid: spec.linux.uidMappings, gid: spec.linux.gidMappings)
        // A map without the container's root would leave nobody to give anything to.
        if namespaces.created.contains(.user) { _ = try IdentityMap(map) }
        try namespaces.makeUserNamespace(map)
        let path = try attemptCgroup("make the cgroup") { () throws(CgroupError) in
            guard let path = spec.linux.cgroupsPath else { return try CgroupPath(containerID: id.text) }
            return try CgroupPath(parsing: path)
        }
        let mounts = try attemptCgroup("find the cgroups") { () throws(CgroupError) in try CgroupMounts.detect() }
        cgroup = ContainerCgroup(path: path, mounts: mounts, hasNamespace: namespaces.hasCgroup)
        self.bundle = bundle
        self.id = id
        self.options = options
        self.process = process
        self.filter = filter
        self.sysctls = sysctls
        self.namespaces = namespaces
    }

    borrowing func run(in directory: borrowing StateDirectory) throws(RuntimeError) -> ContainerProcess {
        try Timings.span("cgroup") { () throws(RuntimeError) in try makeCgroup() }
        do throws(RuntimeError) { return try makeProcess(directory) } catch {
            do throws(CgroupError) {
                try cgroup.cgroup.kill()
                try cgroup.cgroup.delete()
            } catch let left {
                throw RuntimeError(error.kind, cannot: error.action, because: "\(error.reason); and \(left)")
            }
            throw error
        }
    }

    private borrowing func makeCgroup() throws(RuntimeError) {
        let resources = bundle.spec.linux.resources ?? RuntimeSpec.Resources()
        try attemptCgroup("make the cgroup") { () throws(CgroupError) in
            if options.earlyCgroup != cgroup.path.description { try cgroup.cgroup.create() }
            do throws(CgroupError) {
                try cgroup.cgroup.apply(resources)
                try cgroup.cgroup.apply(DeviceRules(container: resources.devices))
            } catch {
                // The first error is the one that helps.
                try? cgroup.cgroup.delete()
                throw error
            }
        }
    }

    private borrowing func makeProcess(_ directory: borrowing StateDirectory) throws(RuntimeError) -> ContainerProcess {
        let listener = try options.startsLater ? listen(directory).relinquish() : nil
        // hako-init has its own; ours goes when all is done.
        defer { if let listener { _ = FileDescriptor(adopting: listener) } }
        var opened = try Timings.span("open-binds") { () throws(RuntimeError) in try OpenedMounts(bundle) }
        let launched = try PrivateMounts.run { mounts throws(RuntimeError) in
            // Here, as only what this mount namespace has can be mounted in it.
            let nullDevice = try Self.openNullDevice()
            let terminal = try process.terminal ? ContainerTerminal(process, bundle, &opened) : nil
            let start = Timings.monotonicNanoseconds()
            let launched = try launch(terminal, listener)
            Timings.record("clone", since: start)
            do throws(RuntimeError) {
                try finish(launched, mounts, &opened, nullDevice, listener: listener)
            } catch {
                launched.kill()
                throw error
            }
            return launched
        }
        do throws(RuntimeError) {
            // While it still prepares itself; what is written goes again if it can't.
            try record(launched, directory)
            try Timings.span("wait-init") { () throws(RuntimeError) in try launched.waitUntilReady(process) }
            try options.writePid(launched.child.pid)
        } catch {
            launched.kill()
            throw error
        }
        return try handOver(launched)
    }

    private borrowing func listen(_ directory: borrowing StateDirectory) throws(RuntimeError) -> FileDescriptor {
        try attempt("listen for the container's start") { () throws(SystemCallError) in
            let listener = try UnixSocket.listen(.stream, at: StateDirectory.startSocket, in: directory.descriptor)
            try listener.setNonBlocking(false)
            return listener
        }
    }

    /// The host's, which masks show: an image's may lead anywhere (CVE-2025-31133).
    private static func openNullDevice() throws(RuntimeError) -> FileDescriptor {
        try attempt("open /dev/null") { () throws(SystemCallError) in
            let null = try FileDescriptor.open("/dev/null", flags: FileDescriptor.pathOnly | O_NOFOLLOW)
            let status = try null.status()
            guard status.kind == .characterDevice, DeviceNumber(status.deviceNumber) == DeviceNumber(major: 1, minor: 3)
            else { throw SystemCallError("open", on: "/dev/null", .invalidArgument) }
            return null
        }
    }

    private borrowing func launch(
        _ terminal: consuming ContainerTerminal?, _ listener: CInt?
    ) throws(RuntimeError) -> LaunchedInit {
        let program = try InitProgram.sealedCopy()
        let entry = try attemptCgroup("join the cgroup") { () throws(CgroupError) in try cgroup.cgroup.openEntry() }
        var launch = ProcessLaunch()
        launch.created = namespaces.created
        launch.unsharesCgroupNamespace = namespaces.hasCgroup
        launch.preservedCount = options.preservedCount
        launch.standardDescriptors = options.standardDescriptors
        for (number, kind) in namespaces.joined { launch.join(number: number, kind) }
        launch.join(cgroup: entry.cloneInto, taskFiles: entry.taskFiles)
        if let listener { launch.keep(number: listener) }
        return try LaunchedInit(launch, program, terminal)
    }

    private borrowing func record(
        _ launched: borrowing LaunchedInit, _ directory: borrowing StateDirectory
    ) throws(RuntimeError) {
        let identity = try attempt("identify the container's process") { () throws(SystemCallError) in
            try ProcessIdentity(of: launched.child.pid, pidfd: launched.child.pidfd)
        }
        let record = ContainerRecord(
            id: id, identity: identity, bundle: bundle, cgroup: cgroup.path, hasUserNamespace: namespaces.hasUser,
            process: process)
        try directory.write(record, filter: filter)
    }

    private borrowing func handOver(_ launched: consuming LaunchedInit) throws(RuntimeError) -> ContainerProcess {
        let pid = launched.child.pid
        let child = launched.child
        let connection = launched.connection
        let terminal = launched.terminal
        let started = StartedProgram(
            arguments: process.args, directory: process.cwd, poststart: bundle.spec.hooks.poststart,
            state: state(.created, pid))
        let master = try options.deliver(terminal)
        return ContainerProcess(
            child: child, terminal: master, connection: connection, program: started)
    }

    borrowing func state(_ status: RuntimeState.Status, _ pid: CInt) -> RuntimeState {
        RuntimeState(
            id: id.text, status: status, pid: pid, bundle: bundle.path, annotations: bundle.spec.annotations)
    }
}
