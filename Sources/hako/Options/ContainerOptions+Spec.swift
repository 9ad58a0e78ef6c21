import CommandLineTables
import ConfigurationFiles
import Engine
import Linux

extension ContainerOptions {
    /// What the options and the words after them ask for.
    static func spec(_ arguments: ParsedArguments, _ configuration: EngineConfiguration) throws -> ContainerSpec {
        var spec = ContainerSpec(defaults: configuration)
        spec.name = arguments.value("name").flatMap { $0.isEmpty ? nil : $0 }
        spec.platform = arguments.value("platform")
        try fillConfig(&spec.config, arguments)
        try fillHost(&spec.host, arguments)
        try fillNetwork(&spec, arguments)
        try fillResources(&spec.host.resources, arguments)
        try fillDevices(&spec.host.resources, arguments)
        spec.host.logConfig.addDefaults(of: configuration)
        // Of a new container, no limit is none at all.
        if let limit = spec.host.resources.pidsLimit, limit <= 0 { spec.host.resources.pidsLimit = nil }
        return spec
    }

    private static func fillConfig(_ config: inout ContainerConfig, _ arguments: ParsedArguments) throws {
        config.image = arguments.positionals[0]
        let words = Array(arguments.positionals.dropFirst())
        config.command = words.isEmpty ? nil : words
        config.entrypoint = arguments.value("entrypoint").map { [$0] }
        config.hostname = arguments.value("hostname") ?? ""
        config.macAddress = try MACAddressOption.parse(arguments)
        config.domainname = arguments.value("domainname") ?? ""
        config.user = arguments.value("user") ?? ""
        config.workingDirectory = arguments.value("workdir") ?? ""
        config.tty = arguments.flag("tty")
        config.openStdin = arguments.flag("interactive")
        config.environment = try EnvironmentOption.list(arguments)
        config.environment += GlobalOptions.user.proxyVariables(
            host: GlobalOptions.environment("DOCKER_HOST") ?? GlobalOptions.localHost, beside: config.environment)
        config.labels = try LabelOption.labels(
            files: arguments.values("label-file"), values: arguments.values("label"))
        // A path alone asks for a volume of the container's own, as an image's VOLUME does.
        config.volumes = arguments.values("volume").filter { !$0.contains(":") }
        config.healthcheck = try HealthOptions.healthcheck(arguments)
        config.stopSignal = arguments.value("stop-signal")
        config.stopTimeout = arguments.integer("stop-timeout").map(Int64.init)
        let streams = try AttachOption.streams(arguments)
        (config.attachStdin, config.attachStdout, config.attachStderr) = (streams.stdin, streams.stdout, streams.stderr)
        // Of one that is given up by its client, the input ends.
        config.stdinOnce = config.openStdin && streams.stdin
    }

    private static func fillHost(_ host: inout HostConfig, _ arguments: ParsedArguments) throws {
        for bind in arguments.values("volume").filter({ $0.contains(":") }).map(MountOption.bind) where !host.binds.contains(bind) {
            host.binds.append(bind)
        }
        host.volumesFrom = arguments.values("volumes-from")
        host.volumeDriver = arguments.value("volume-driver") ?? ""
        host.mounts = try arguments.values("mount").map { try MountOption.mount($0, arguments) }
        for tmpfs in arguments.values("tmpfs") {
            let parts = tmpfs.split(separator: ":", maxSplits: 1).map(String.init)
            host.tmpfs[parts.first ?? ""] = parts.count > 1 ? parts[1] : ""
        }
        host.containerIDFile = arguments.value("cidfile") ?? ""
        if let driver = arguments.value("log-driver") { host.logConfig.type = driver }
        host.logConfig.options = try map(arguments, "log-opt")
        guard host.logConfig.type != "none" || host.logConfig.options.isEmpty else {
            throw EngineError(.invalidArgument, "invalid logging opts for driver none")
        }
        host.autoRemove = arguments.flag("rm")
        if let policy = arguments.value("restart") { host.restartPolicy = try RestartOption.parse(policy) }
        guard !host.autoRemove || host.restartPolicy.condition == .never else {
            throw EngineError(.invalidArgument, "conflicting options: cannot specify both --restart and --rm")
        }
        host.capAdd = arguments.values("cap-add")
        host.capDrop = arguments.values("cap-drop")
        host.groupAdd = arguments.values("group-add")
        host.usernsMode = arguments.value("userns") ?? ""
        host.pidMode = arguments.value("pid") ?? ""
        host.utsMode = arguments.value("uts") ?? ""
        if let mode = arguments.value("ipc"), !mode.isEmpty { host.ipcMode = mode }
        if let mode = arguments.value("cgroupns"), !mode.isEmpty { host.cgroupnsMode = mode }
        host.privileged = arguments.flag("privileged")
        host.readonlyRootfs = arguments.flag("read-only")
        host.securityOptions = try arguments.values("security-opt").map(SecurityOption.inlined)
        // Zero asks for the default, as in Docker.
        if let size = arguments.bytes("shm-size"), size != 0 { host.shmSize = size }
        host.sysctls = try map(arguments, "sysctl")
        if let runtime = arguments.value("runtime"), !runtime.isEmpty { host.runtime = runtime }
        host.initProcess = arguments.isGiven("init") ? arguments.flag("init") : nil
        host.annotations = try map(arguments, "annotation", takesBareNames: true)
    }

    private static func fillNetwork(_ spec: inout ContainerSpec, _ arguments: ParsedArguments) throws {
        guard arguments.values("network").count <= 1 else {
            throw EngineError(
                .invalidArgument, "a container can be connected to one network only: \(arguments.values("network").joined(separator: ", "))")
        }
        if let network = arguments.value("network") ?? arguments.value("net") {
            spec.host.networkMode = network == "default" ? "bridge" : network
        }
        spec.host.dns = arguments.values("dns")
        spec.host.dnsOptions = arguments.values("dns-option")
        spec.host.dnsSearch = arguments.values("dns-search")
        spec.host.extraHosts = arguments.values("add-host")
        spec.host.publishAllPorts = arguments.flag("publish-all")
        spec.addresses = ["ip", "ip6"].compactMap { arguments.value($0) }.filter { !$0.isEmpty } + arguments.values("link-local-ip")
        spec.networkAliases = arguments.values("network-alias") + arguments.values("net-alias")
        spec.publish = arguments.values("publish")
        spec.expose = arguments.values("expose")
    }

    private static func fillResources(_ resources: inout Resources, _ arguments: ParsedArguments) throws {
        try LimitOptions.fill(&resources, arguments)
        resources.memorySwappiness = arguments.integer("memory-swappiness").map(Int64.init)
        resources.oomKillDisable = arguments.flag("oom-kill-disable") ? true : nil
        resources.oomScoreAdjust = Int64(arguments.integer("oom-score-adj") ?? 0)
        if let parent = arguments.value("cgroup-parent"), !parent.isEmpty { resources.cgroupParent = parent }
        resources.ulimits = try arguments.values("ulimit").map { try UlimitOption.parse($0, arguments) }
    }

    private static func fillDevices(_ resources: inout Resources, _ arguments: ParsedArguments) throws {
        try LimitOptions.fillRates(&resources, arguments)
        resources.blkioWeightDevice = try arguments.values("blkio-weight-device").map { try WeightOption.parse($0, arguments) }
        let devices = arguments.values("device")
        resources.devices = try devices.filter { !DeviceOption.isQualified($0) }.map { try DeviceOption.parse($0, arguments) }
        let qualified = devices.filter(DeviceOption.isQualified)
        if !qualified.isEmpty { resources.deviceSets.append(DeviceSetRequest(driver: "cdi", ids: qualified)) }
        resources.deviceSets += try arguments.values("gpus").map { try GPUOption.parse($0, arguments) }
        resources.deviceCgroupRules = try arguments.values("device-cgroup-rule").map { text in
            guard DeviceCgroupRule(text) != nil else {
                throw arguments.invalid(text, for: "device-cgroup-rule", because: "invalid device cgroup format '\(text)'")
            }
            return text
        }
    }

    // MARK: Grammars of single values

    /// `name=value`, each name once, the last one winning.
    ///
    /// - Parameter takesBareNames: A name alone has an empty value.
    private static func map(
        _ arguments: ParsedArguments, _ option: String, takesBareNames: Bool = false
    ) throws -> [String: String] {
        var map: [String: String] = [:]
        for text in arguments.values(option) {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 || takesBareNames, !parts[0].isEmpty else {
                throw arguments.invalid(text, for: option, because: "expected NAME=VALUE")
            }
            map[parts[0]] = parts.count == 2 ? parts[1] : ""
        }
        return map
    }
}
