import Engine
import MonitorProtocol
import OCI

/// The Compose file that makes containers again: `inspect --as compose`. compose-spec, 05-services.md.
enum ComposeText {
    /// One service for each; what Compose has no word for is said in comments.
    static func text(_ specs: [ContainerSpec]) -> String {
        var services = JSONObject()
        var volumes = JSONObject()
        var notes: [String] = []
        for spec in specs {
            let name = spec.name ?? "container"
            var service = Service()
            service.fill(spec)
            services[name] = escaped(.object(service.members))
            notes += service.missing.map { "# \(name): Compose has no word for \($0)\n" }
            for volume in spec.namedVolumes { volumes[volume] = ["name": .string(volume)] }
        }
        var document: JSONObject = ["services": .object(services)]
        if !volumes.isEmpty { document["volumes"] = escaped(.object(volumes)) }
        return notes.joined() + YAMLText.text(document)
    }

    /// A dollar sign begins a variable of Compose's own, two are one.
    private static func escaped(_ value: JSON) -> JSON {
        switch value {
        case .string(let text):
            .string(text.escaping("$", as: "$$"))
        case .array(let elements): .array(elements.map(escaped))
        case .object(let object): .object(JSONObject(object.members.map { ($0.name, escaped($0.value)) }))
        default: value
        }
    }
}

/// The members of one service.
private struct Service {
    private(set) var members = JSONObject()
    /// What was asked for and can't be said.
    private(set) var missing: [String] = []

    mutating func fill(_ spec: ContainerSpec) {
        add("image", spec.config.image)
        add("container_name", spec.name ?? "")
        add("platform", spec.platform ?? "")
        fillProgram(spec.config)
        if let healthcheck = spec.config.healthcheck { fillHealth(healthcheck) }
        fillNetwork(spec)
        fillFiles(spec)
        fillIsolation(spec.host)
        fillLimits(spec.host.resources)
        fillDevices(spec.host.resources)
        if spec.host.autoRemove { missing.append("--rm: docker compose run --rm does that") }
    }

    private mutating func fillProgram(_ config: ContainerConfig) {
        add("stdin_open", config.openStdin)
        add("tty", config.tty)
        add("hostname", config.hostname)
        add("domainname", config.domainname)
        add("user", config.user)
        add("working_dir", config.workingDirectory)
        if let entrypoint = config.entrypoint { members["entrypoint"] = entrypoint == [""] ? [] : JSON(entrypoint) }
        if let command = config.command { members["command"] = JSON(command) }
        add("environment", config.environment)
        add("labels", config.labels)
        add("stop_signal", config.stopSignal ?? "")
        if let timeout = config.stopTimeout { add("stop_grace_period", "\(timeout)s") }
    }

    private mutating func fillHealth(_ json: JSON) {
        let test = json["Test"]?.array?.compactMap(\.string) ?? []
        guard test.first != "NONE" else { return members["healthcheck"] = ["disable": true] }
        guard test.first != "HTTP", test.first != "TCP" else {
            missing.append("--health-\(test.first == "TCP" ? "tcp" : "http") \(test.last ?? "")")
            return
        }
        var check = JSONObject()
        if !test.isEmpty { check["test"] = JSON(test) }
        for (option, member) in HealthOptions.times {
            guard let time = json[member]?.integer, time > 0 else { continue }
            check[String(option.dropFirst("health-".count).map { $0 == "-" ? "_" : $0 })] = .string(GoDuration.text(time))
        }
        if let retries = json["Retries"]?.integer, retries > 0 { check["retries"] = .integer(retries) }
        members["healthcheck"] = .object(check)
    }

    private mutating func fillNetwork(_ spec: ContainerSpec) {
        // Otherwise Compose makes a network for each project.
        add("network_mode", spec.host.networkMode)
        add("mac_address", spec.config.macAddress)
        add("ports", spec.publish)
        add("expose", spec.expose)
        add("dns", spec.host.dns)
        add("dns_opt", spec.host.dnsOptions)
        add("dns_search", spec.host.dnsSearch)
        add("extra_hosts", spec.host.extraHosts)
        if spec.host.publishAllPorts { missing.append("--publish-all") }
    }

    private mutating func fillFiles(_ spec: ContainerSpec) {
        let volumes = (spec.host.binds + spec.config.volumes).map(JSON.string) + spec.host.mounts.map(Self.mount)
        if !volumes.isEmpty { members["volumes"] = .array(volumes) }
        add("tmpfs", spec.host.tmpfs.sorted { $0.key < $1.key }.map { $0.value.isEmpty ? $0.key : "\($0.key):\($0.value)" })
        add("volumes_from", spec.host.volumesFrom.map { "container:\($0)" })
        add("read_only", spec.host.readonlyRootfs)
        if spec.host.shmSize != HostConfig().shmSize { members["shm_size"] = .integer(spec.host.shmSize) }
    }

    private static func mount(_ request: MountRequest) -> JSON {
        var mount: JSONObject = ["type": .string(request.kind.rawValue)]
        if !request.source.isEmpty { mount["source"] = .string(request.source) }
        mount["target"] = .string(request.target)
        if request.isReadOnly { mount["read_only"] = true }
        var bind = JSONObject()
        if !request.propagation.isEmpty { bind["propagation"] = .string(request.propagation) }
        if request.kind == .bind { bind["create_host_path"] = .bool(request.createsSource) }
        if !request.isRecursive { bind["recursive"] = "disabled" }
        if !bind.isEmpty { mount["bind"] = .object(bind) }
        var volume = JSONObject()
        if request.noCopy { volume["nocopy"] = true }
        if !request.subpath.isEmpty { volume["subpath"] = .string(request.subpath) }
        if !volume.isEmpty { mount["volume"] = .object(volume) }
        var tmpfs = JSONObject()
        if request.tmpfsSize > 0 { tmpfs["size"] = .integer(request.tmpfsSize) }
        if let mode = request.tmpfsMode { tmpfs["mode"] = .integer(mode) }
        if !tmpfs.isEmpty { mount["tmpfs"] = .object(tmpfs) }
        return .object(mount)
    }

    private mutating func fillIsolation(_ host: HostConfig) {
        if host.restartPolicy.condition == .unhealthy { missing.append("--restart \(host.restartPolicy.text)") } else { add("restart", host.restartPolicy.text) }
        add("privileged", host.privileged)
        add("cap_add", host.capAdd)
        add("cap_drop", host.capDrop)
        add("group_add", host.groupAdd)
        add("security_opt", host.allSecurityOptions)
        if host.usernsMode == "host" { add("userns_mode", host.usernsMode) }
        add("pid", host.pidMode)
        add("uts", host.utsMode)
        if host.ipcMode != HostConfig().ipcMode { add("ipc", host.ipcMode) }
        if host.cgroupnsMode != HostConfig().cgroupnsMode { add("cgroup", host.cgroupnsMode) }
        add("sysctls", host.sysctls)
        add("runtime", host.runtime)
        if let isInit = host.initProcess { members["init"] = .bool(isInit) }
        add("annotations", host.annotations)
        guard host.logConfig != LogConfig() else { return }
        var logging: JSONObject = ["driver": .string(host.logConfig.type)]
        if !host.logConfig.options.isEmpty { logging["options"] = JSON(host.logConfig.options) }
        members["logging"] = .object(logging)
    }

    private mutating func fillLimits(_ resources: Resources) {
        add("mem_limit", resources.memory)
        add("mem_reservation", resources.memoryReservation)
        add("memswap_limit", resources.memorySwap)
        if let swappiness = resources.memorySwappiness { members["mem_swappiness"] = .integer(swappiness) }
        add("oom_kill_disable", resources.oomKillDisable == true)
        add("oom_score_adj", resources.oomScoreAdjust)
        if resources.nanoCPUs != 0 { members["cpus"] = .number(Units.billionths(resources.nanoCPUs)) }
        add("cpu_shares", resources.cpuShares)
        add("cpu_period", resources.cpuPeriod)
        add("cpu_quota", resources.cpuQuota)
        add("cpu_rt_period", resources.cpuRealtimePeriod)
        add("cpu_rt_runtime", resources.cpuRealtimeRuntime)
        add("cpuset", resources.cpusetCPUs)
        if !resources.cpusetMems.isEmpty { missing.append("--cpuset-mems \(resources.cpusetMems)") }
        if let limit = resources.pidsLimit { members["pids_limit"] = .integer(limit) }
        add("cgroup_parent", resources.cgroupParent)
        let limits = resources.ulimits.map { ($0.name, ["soft": .integer($0.soft), "hard": .integer($0.hard)] as JSON) }
        if !limits.isEmpty { members["ulimits"] = .object(JSONObject(limits)) }
    }

    private mutating func fillDevices(_ resources: Resources) {
        var block = JSONObject()
        if resources.blkioWeight != 0 { block["weight"] = .integer(resources.blkioWeight) }
        if !resources.blkioWeightDevice.isEmpty {
            block["weight_device"] = .array(
                resources.blkioWeightDevice.map { ["path": .string($0.path), "weight": .integer($0.weight)] })
        }
        for (name, rates) in [
            ("device_read_bps", resources.readBps), ("device_write_bps", resources.writeBps),
            ("device_read_iops", resources.readIOps), ("device_write_iops", resources.writeIOps),
        ] where !rates.isEmpty {
            block[name] = .array(rates.map { ["path": .string($0.path), "rate": .integer($0.rate)] })
        }
        if !block.isEmpty { members["blkio_config"] = .object(block) }
        add("devices", resources.devices.map(\.text))
        add("device_cgroup_rules", resources.deviceCgroupRules)
    }

    // Nothing for what is empty, off or 0.
    private mutating func add(_ name: String, _ text: String) { if !text.isEmpty { members[name] = .string(text) } }
    private mutating func add(_ name: String, _ isOn: Bool) { if isOn { members[name] = true } }
    private mutating func add(_ name: String, _ number: Int64) { if number != 0 { members[name] = .integer(number) } }
    private mutating func add(_ name: String, _ list: [String]) { if !list.isEmpty { members[name] = JSON(list) } }
    private mutating func add(_ name: String, _ map: [String: String]) { if !map.isEmpty { members[name] = JSON(map) } }
}

extension ContainerSpec {
    /// Volumes that it names; Compose wants to be told of each.
    fileprivate var namedVolumes: [String] {
        let short = host.binds.compactMap { $0.split(separator: ":").first.map(String.init) }.filter { !$0.hasPrefix("/") }
        return Set(short + host.mounts.filter { $0.kind == .volume && !$0.source.isEmpty }.map(\.source)).sorted()
    }
}
