import Glibc
import Linux
import Metadata
import MonitorProtocol
import ContainerNetwork
import OCI
import OCIRuntime

// The files of a container, made when it is started: a created one costs the disk no more than its row. What the container
// can write to lies on the store's disk; what only Hako writes lies in the run root, which is small and in memory.
extension Engine {
    /// What a container's bundle is made of.
    struct BundlePlan {
        var record: ContainerRecord
        var spec: StoredSpec
        /// The container's root on the host.
        var rootID: UInt32
        var lowers: [String]
        var mounts: [ContainerMount]
        /// The monitor is handed these.
        var volumes: OpenedVolumes
        var joined = JoinedContainers()
        /// For `/etc/hosts`; empty without a network of its own.
        var addresses: [IPAddress]
        var gateways: [IPAddress]
        /// Of a build's step: where the layer comes to be that it writes (``LayerDraft``). Nil for a container, which has that in a
        /// directory of its own.
        var draft: String?

        /// Nobody knows of a step, and what is mounted into its `/etc` can't be written.
        var isBuildStep: Bool { draft != nil }
        /// Its own range, or that of the container whose namespaces it joins.
        var hasMappedIDs: Bool { rootID != 0 }
    }

    /// Makes the directories of a bundle, and of what a container writes: all that a monitor needs to mount the root.
    func makeBundleDirectories(_ plan: BundlePlan) throws(EngineError) {
        let bundle = runtimePaths.bundle(plan.record.id)
        let directory = runtimePaths.directory(plan.record.id)
        do throws(SystemCallError) {
            if let draft = plan.draft {
                try Directory.create(directory)
                try makeWritable(draft, rootID: plan.rootID, lowers: plan.lowers)
            } else {
                try makeWritableLayer(in: directory, rootID: plan.rootID, lowers: plan.lowers)
            }
            if try !Directory.create(bundle) {
                // What a monitor that was killed left there is of no use. While the bundle itself is there, whoever removes the
                // container looks for its cgroup.
                for name in try FileDescriptor.directory(bundle).names() { try Directory.removeTree("\(bundle)/\(name)") }
            }
            try Directory.create(bundle + "/rootfs")
            try plan.volumes.makePlaces(in: bundle)
        } catch { throw EngineError(.system, cannot: "make the bundle \(bundle)", because: "\(error)", cause: error) }
    }

    /// Writes the bundle's files.
    func writeBundle(_ plan: BundlePlan, _ filter: KeptFilter?) throws(EngineError) {
        let bundle = runtimePaths.bundle(plan.record.id)
        let files = try writeAccountFiles(plan)
        let initProgram = plan.spec.host.initProcess == true ? bundle + "/init" : nil
        if let initProgram { try copyInitProgram(to: initProgram) }
        let builder = RuntimeSpecBuilder(
            id: plan.record.id, config: plan.spec.config, host: plan.spec.host,
            mounts: plan.mounts, firstHostID: plan.hasMappedIDs ? plan.rootID : nil,
            accountFiles: files, initProgram: initProgram, hostName: HostInfo.nodeName,
            imageArchitecture: plan.spec.imageArchitecture, cgroupsPath: plan.spec.host.cgroup(of: plan.record.id),
            joined: (plan.joined.pid?.state.pid, plan.joined.ipc?.state.pid), leavesOutSeccomp: filter?.isThere ?? false,
            isBuildStep: plan.isBuildStep)
        let config = try Timings.span("build-config") { () throws(EngineError) in
            var spec = try builder.spec()
            try spec.inject(plan.spec.host.resources.deviceSets)
            return spec.json.bytes()
        }
        do throws(SystemCallError) {
            try FileDescriptor.replaceContents(of: runtimePaths.config(plan.record.id), with: config)
        } catch { throw EngineError(.system, cannot: "write config.json", because: "\(error)", cause: error) }
    }

    /// The writable layer, owned by the container's root, with the mode of the image's root directory, and what overlay needs
    /// beside it.
    func makeWritableLayer(in directory: String, rootID: UInt32, lowers: [String]) throws(SystemCallError) {
        for path in [directory, "\(directory)/\(ContainerDirectory.work)"] { try Directory.create(path) }
        let upper = "\(directory)/\(ContainerDirectory.upper)"
        try Directory.create(upper, mode: ContainerDirectory.unready)
        // What the container wrote keeps its mode and owner.
        guard try FileDescriptor.status(of: upper).permissions == ContainerDirectory.unready else { return }
        try giveWritable(FileDescriptor.directory(upper), to: rootID, lowers)
    }

    /// The same of a directory in which a layer comes to be.
    private func makeWritable(_ draft: String, rootID: UInt32, lowers: [String]) throws(SystemCallError) {
        try Directory.create("\(draft)/\(ContainerDirectory.work)")
        try giveWritable(FileDescriptor.directory("\(draft)/fs"), to: rootID, lowers)
    }

    private func giveWritable(
        _ upper: borrowing FileDescriptor, to rootID: UInt32, _ lowers: [String]
    ) throws(SystemCallError) {
        let mode = try lowers.first.map { lower throws(SystemCallError) in
            try FileDescriptor.status(of: lower).permissions
        }
        try upper.changeOwner(userID: rootID, groupID: rootID)
        try upper.changeMode(mode ?? 0o755)
    }

    /// A container has a copy of its own: whatever it can do to the file, it does to no other.
    private func copyInitProgram(to path: String) throws(EngineError) {
        do throws(SystemCallError) {
            let bytes = try FileDescriptor.contents(of: programs.initProgram, limit: 1 << 20)
            try FileDescriptor.replaceContents(of: path, with: bytes, mode: 0o555)
        } catch { throw EngineError(.system, cannot: "copy \(programs.initProgram) for --init", because: "\(error)", cause: error) }
    }

    // MARK: Who and where the container is

    private func writeAccountFiles(_ plan: BundlePlan) throws(EngineError) -> [(source: String, destination: String)] {
        let host = plan.spec.host
        let name = plan.spec.config.hostname.isEmpty ? HostInfo.nodeName : plan.spec.config.hostname
        let texts: [String]
        do throws(NetworkError) {
            let extra = try host.extraHosts.map { text throws(NetworkError) in
                try ExtraHost(text, hostGateway: plan.gateways)
            }
            // A step has no name on its network, but that of itself.
            let own = plan.isBuildStep ? [IPAddress("127.0.0.1")].compactMap { $0 } : plan.addresses
            texts = [
                try HostsFile(hostName: fullName(name, plan), addresses: own, extraHosts: extra).text,
                HostsFile.hostNameText(name), try resolverConfiguration(plan).text,
            ]
        } catch { throw EngineError(error, cannot: "write the container's hosts and resolv.conf") }
        // What stands in the image's `/etc/hostname` is the image's, as a step may write it.
        let files = zip(ContainerDirectory.accountFiles, texts).filter { !plan.isBuildStep || $0.0 != "hostname" }
        return try files.map { file, text throws(EngineError) in
            let path = "\(runtimePaths.directory(plan.record.id))/\(file)"
            do throws(SystemCallError) {
                let opened = try FileDescriptor.openEmpty(path, mode: 0o644)
                try opened.writeAll(text)
                try opened.changeOwner(userID: plan.rootID, groupID: plan.rootID)
                // Whatever the umask, or whoever made it: every user of the container reads it.
                try opened.changeMode(0o644)
            } catch { throw EngineError(.system, cannot: "write \(path)", because: "\(error)", cause: error) }
            return (path, "/etc/\(file)")
        }
    }

    private func fullName(_ name: String, _ plan: BundlePlan) -> String {
        plan.spec.config.domainname.isEmpty ? name : "\(name).\(plan.spec.config.domainname)"
    }

    /// With the host's network it is the host's own file; else without the servers that a container can't reach.
    private func resolverConfiguration(_ plan: BundlePlan) throws(NetworkError) -> ResolverConfiguration {
        let host = plan.spec.host
        let overrides = try ResolverConfiguration.Overrides(
            nameServers: host.dns, searchDomains: host.dnsSearch, options: host.dnsOptions)
        let own = ResolverConfiguration.ofHost()
        if host.networkMode == "host", overrides == (try ResolverConfiguration.Overrides()) { return own }
        return own.forContainer(overrides, families: [.ipv4] + plan.addresses.map(\.family))
    }

    // MARK: What the monitor is told

    func monitorSettings(_ plan: BundlePlan, _ filter: KeptFilter?) throws(EngineError) -> MonitorSettings {
        let record = plan.record
        let directory = runtimePaths.directory(record.id)
        var settings = MonitorSettings(
            id: record.id, runtime: try runtimeProgram(plan.spec.host.runtime), runtimeRoot: runtimePaths.runtimeRoot,
            directory: directory, journal: runtimePaths.journal,
            root: .init(
                lowers: plan.lowers, upper: plan.draft.map { $0 + "/fs" } ?? "\(directory)/\(ContainerDirectory.upper)",
                work: "\(plan.draft ?? directory)/\(ContainerDirectory.work)", volatile: plan.spec.host.autoRemove))
        settings.slot = record.slot
        if plan.hasMappedIDs {
            let range = MonitorSettings.IDMap.Range(
                containerID: 0, hostID: plan.rootID, size: StorePaths.idsPerContainer)
            settings.idMap = .init(uid: [range], gid: [range])
        }
        settings.terminal = plan.spec.config.tty
        settings.openStdin = plan.spec.config.openStdin
        settings.stdinOnce = plan.spec.config.stdinOnce
        settings.user = plan.spec.config.user
        settings.groupAdd = plan.spec.host.groupAdd
        settings.makesWorkingDirectory = true
        settings.log = try logDestination(record, plan.spec)
        settings.filter = filter?.path
        settings.restart = plan.spec.host.restartPolicy
        settings.health = try plan.spec.config.healthCheck()
        if plan.isBuildStep {
            // Its end is told to whoever builds, and to nobody else.
            settings.journal = "/dev/null"
            settings.endsWithEngine = true
        }
        settings.exitCommand = [
            programs.hako, "--root", paths.root, "--run-root", paths.runRoot,
        ] + configurationWords + ["container", "cleanup", record.id]
        return settings
    }

    /// An OCI runtime by path or by name; names are looked for where root's programs lie, never in the caller's PATH.
    func runtimeProgram(_ name: String) throws(EngineError) -> String {
        if name.isEmpty || Self.ownRuntimeNames.contains(name) { return programs.runtime }
        guard let path = Self.foreignRuntime(configuration.runtimes[name] ?? name) else {
            throw EngineError(
                .invalidArgument, "unknown or invalid runtime name: \(name)",
                hint: "Give the path of an OCI runtime, or the name of one in /usr/bin: crun, runc.")
        }
        return path
    }

    static let ownRuntimeNames = ["hako", "hako-runtime"]

    /// The program of that path or name; nil where there is none.
    static func foreignRuntime(_ name: String) -> String? {
        let candidates =
            name.hasPrefix("/")
            ? [name] : ["/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/"].map { $0 + name }
        guard !name.contains("/") || name.hasPrefix("/") else { return nil }
        return candidates.first { access($0, X_OK) == 0 }
    }

    /// The same, with where it keeps its state.
    func runtimeCommand(_ name: String) throws(EngineError) -> RuntimeCommand {
        RuntimeCommand(program: try runtimeProgram(name), root: runtimePaths.runtimeRoot)
    }

    /// Whether that is Hako's own.
    func isOwnRuntime(_ name: String) throws(EngineError) -> Bool { try runtimeProgram(name) == programs.runtime }
}
