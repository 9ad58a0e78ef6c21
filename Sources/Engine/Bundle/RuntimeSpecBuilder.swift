import OCI

/// Makes a bundle's `config.json` of what a container was asked to be.
struct RuntimeSpecBuilder {
    let id: String
    let config: ContainerConfig
    let host: HostConfig
    let mounts: [ContainerMount]
    /// The first host id of the container's range; nil with `--userns=host`.
    let firstHostID: UInt32?
    /// The bundle, where `hosts`, `hostname` and `resolv.conf` lie; nil where the container has the image's own.
    let accountFiles: [(source: String, destination: String)]
    /// The container's copy of `hako-init`, for `--init`.
    let initProgram: String?
    /// The host's name, for `--network=host`.
    let hostName: String
    /// In the image spec's words.
    let imageArchitecture: String
    /// Cgroup paths are relative to the root of each hierarchy.
    let cgroupsPath: String
    /// The processes whose namespaces it shares; nil for one of its own or the host's.
    var joined: (pid: Int64?, ipc: Int64?) = (nil, nil)
    /// The runtime has the container's filter of system calls already.
    var leavesOutSeccomp = false
    var isBuildStep = false

    func spec() throws(EngineError) -> RuntimeSpec {
        var spec = RuntimeSpec(process: try process(), root: .init(path: "rootfs", isReadOnly: host.readonlyRootfs))
        // The lowest that has all that is said here: crun 1.8 and its like refuse a version that came after them.
        spec.ociVersion = "1.0.2"
        spec.hostname = config.hostname.isEmpty ? hostName : config.hostname
        spec.domainname = config.domainname.isEmpty ? nil : config.domainname
        if host.utsMode == "host" { (spec.hostname, spec.domainname) = (nil, nil) }
        spec.mounts = try allMounts()
        spec.annotations = host.annotations
        spec.linux = try linux()
        return spec
    }

    private var isPrivileged: Bool { host.privileged }
    var idMappings: [RuntimeSpec.IDMapping] {
        firstHostID.map { [.init(containerID: 0, hostID: $0, size: StorePaths.idsPerContainer)] } ?? []
    }

    // MARK: Process

    func process() throws(EngineError) -> RuntimeSpec.Process {
        var process = RuntimeSpec.Process(
            args: (initProgram == nil ? [] : [SpecDefaults.initPath, "--"]) + (config.entrypoint ?? []) + (config.command ?? []),
            env: environment(),
            cwd: config.workingDirectory.isEmpty ? "/" : config.workingDirectory)
        process.terminal = config.tty
        process.noNewPrivileges = SecurityOptions(host.securityOptions).noNewPrivileges
        var capabilities = try CapabilitySet.resolve(
            add: host.capAdd, drop: host.capDrop, isPrivileged: isPrivileged)
        let asksForAll = isPrivileged || host.capAdd.contains("ALL")
        if asksForAll, firstHostID == nil { capabilities = try CapabilitySet.held(of: capabilities) }
        // Inheritable and ambient stay empty: a file capability `+i` would gain from them (CVE-2022-24769).
        process.capabilities = .init(bounding: capabilities, effective: capabilities, permitted: capabilities)
        for ulimit in host.resources.ulimits {
            process.rlimits.append(
                .init(
                    type: ulimit.runtimeName, soft: UInt64(bitPattern: ulimit.soft),
                    hard: UInt64(bitPattern: ulimit.hard)))
        }
        if host.resources.oomScoreAdjust != 0 { process.oomScoreAdj = Int32(host.resources.oomScoreAdjust) }
        return process
    }

    /// `PATH`, `HOSTNAME` and a terminal's `TERM`, each unless it is given; then what is given, the last of a name winning. A step
    /// of a build has what is given alone.
    private func environment() -> [String] {
        guard !isBuildStep else { return Environment.merged([], with: config.environment) }
        var environment = [SpecDefaults.path, "HOSTNAME=\(config.hostname.isEmpty ? hostName : config.hostname)"]
        if config.tty { environment.append("TERM=xterm") }
        return Environment.merged(environment, with: config.environment)
    }

    // MARK: Linux

    private func linux() throws(EngineError) -> RuntimeSpec.Linux {
        var linux = RuntimeSpec.Linux()
        linux.namespaces = namespaces()
        linux.uidMappings = idMappings
        linux.gidMappings = idMappings
        linux.cgroupsPath = cgroupsPath
        linux.sysctl = sysctls()
        linux.resources = try resources()
        linux.devices = try devices()
        let options = SecurityOptions(host.securityOptions)
        if !isPrivileged, !options.hasUnconfinedSystemPaths {
            linux.maskedPaths = host.maskedPaths ?? SpecDefaults.maskedPaths
            linux.readonlyPaths = host.readonlyPaths ?? SpecDefaults.readonlyPaths
        }
        if !isPrivileged, !leavesOutSeccomp {
            linux.seccomp = try options.seccomp(
                capabilities: CapabilitySet.resolve(add: host.capAdd, drop: host.capDrop, isPrivileged: false),
                imageArchitecture: imageArchitecture)
        }
        return linux
    }

    /// The user and network namespaces carry no path: the monitor joins the ones that it was handed.
    private func namespaces() -> [RuntimeSpec.Namespace] {
        var kinds: [RuntimeSpec.Namespace.Kind] = [.mount]
        if host.cgroupnsMode != "host" { kinds.append(.cgroup) }
        if firstHostID != nil { kinds.append(.user) }
        if host.networkMode != "host" { kinds.append(.network) }
        if host.pidMode != "host" { kinds.append(.pid) }
        if host.ipcMode != "host" { kinds.append(.ipc) }
        if host.utsMode != "host" { kinds.append(.uts) }
        return kinds.map { kind in
            let process = kind == .pid ? joined.pid : kind == .ipc ? joined.ipc : nil
            return .init(kind, path: process.map { "/proc/\($0)/ns/\(kind.rawValue)" })
        }
    }

    /// Ping and low ports need no privilege inside, as in Docker; a foreign network namespace keeps its own.
    private func sysctls() -> [String: String] {
        var sysctls: [String: String] = [:]
        if host.networkMode == "bridge" || host.networkMode == "none" {
            sysctls["net.ipv4.ip_unprivileged_port_start"] = "0"
            // Both ends of the range must be mapped (ping_group_range, ip-sysctl.rst).
            sysctls["net.ipv4.ping_group_range"] = "0 \(StorePaths.idsPerContainer - 1)"
        }
        for (name, value) in host.sysctls { sysctls[name] = value }
        return sysctls
    }
}
