import Engine
import MonitorProtocol
import OCI

/// The command line that makes a container again: `inspect --as run`.
enum RunText {
    static func line(_ spec: ContainerSpec) -> String { words(spec).map(ShellWord.quoted).joined(separator: " ") }

    static func words(_ spec: ContainerSpec) -> [String] {
        var options = OptionWords()
        options.add("name", spec.name ?? "")
        options.add("platform", spec.platform ?? "")
        addStreams(spec.config, &options)
        addProgram(spec.config, &options)
        if let healthcheck = spec.config.healthcheck { addHealth(healthcheck, &options) }
        addNetwork(spec, &options)
        addFiles(spec, &options)
        addIsolation(spec.host, &options)
        addLimits(spec.host.resources, &options)
        addDevices(spec.host.resources, &options)
        let entrypoint = spec.config.entrypoint ?? []
        return [HakoProgram.name, "run"] + options.words + [spec.config.image] + entrypoint.dropFirst() + (spec.config.command ?? [])
    }

    private static func addStreams(_ config: ContainerConfig, _ options: inout OptionWords) {
        let attached = [("stdin", config.attachStdin), ("stdout", config.attachStdout), ("stderr", config.attachStderr)]
        let isDetached = attached.allSatisfy { !$0.1 }
        options.add(flag: "detach", isDetached)
        options.add(flag: "interactive", config.openStdin)
        options.add(flag: "tty", config.tty)
        let isUsual = config.attachStdout && config.attachStderr && config.attachStdin == config.openStdin
        if !isDetached, !isUsual { options.add("attach", each: attached.filter(\.1).map(\.0)) }
    }

    private static func addProgram(_ config: ContainerConfig, _ options: inout OptionWords) {
        options.add("hostname", config.hostname)
        options.add("domainname", config.domainname)
        options.add("user", config.user)
        options.add("workdir", config.workingDirectory)
        if let entrypoint = config.entrypoint { options.addAlways("entrypoint", entrypoint.first ?? "") }
        options.add("env", each: config.environment)
        options.add("label", pairs: config.labels)
        options.add("stop-signal", config.stopSignal ?? "")
        options.add("stop-timeout", config.stopTimeout)
    }

    private static func addHealth(_ json: JSON, _ options: inout OptionWords) {
        let test = json["Test"]?.array?.compactMap(\.string) ?? []
        let words = test.dropFirst().map(ShellWord.quoted).joined(separator: " ")
        switch test.first {
        case "NONE": options.add(flag: "no-healthcheck", true)
        case "CMD-SHELL": options.add("health-cmd", test.dropFirst().first ?? "")
        // A shell takes the words apart again.
        case "CMD": options.add("health-cmd", words)
        case "HTTP": options.add("health-http", test.dropFirst().first ?? "")
        case "TCP": options.add("health-tcp", test.dropFirst().first ?? "")
        default: break
        }
        for (option, member) in HealthOptions.times { options.add(option, GoDuration.text(json[member]?.integer ?? 0)) }
        options.add("health-retries", json["Retries"]?.integer)
    }

    private static func addNetwork(_ spec: ContainerSpec, _ options: inout OptionWords) {
        if spec.host.networkMode != "bridge" { options.add("network", spec.host.networkMode) }
        options.add("mac-address", spec.config.macAddress)
        options.add("publish", each: spec.publish)
        options.add(flag: "publish-all", spec.host.publishAllPorts)
        options.add("expose", each: spec.expose)
        options.add("dns", each: spec.host.dns)
        options.add("dns-option", each: spec.host.dnsOptions)
        options.add("dns-search", each: spec.host.dnsSearch)
        options.add("add-host", each: spec.host.extraHosts)
    }

    private static func addFiles(_ spec: ContainerSpec, _ options: inout OptionWords) {
        options.add("volume", each: spec.host.binds + spec.config.volumes)
        options.add("mount", each: spec.host.mounts.map(\.text))
        options.add("tmpfs", each: spec.host.tmpfs.sorted { $0.key < $1.key }.map { $0.value.isEmpty ? $0.key : "\($0.key):\($0.value)" })
        options.add("volumes-from", each: spec.host.volumesFrom)
        options.add("volume-driver", spec.host.volumeDriver)
        options.add(flag: "read-only", spec.host.readonlyRootfs)
        if spec.host.shmSize != HostConfig().shmSize { options.add("shm-size", Units.limit(spec.host.shmSize)) }
    }

    private static func addIsolation(_ host: HostConfig, _ options: inout OptionWords) {
        options.add(flag: "rm", host.autoRemove)
        options.add("restart", host.restartPolicy.text)
        options.add(flag: "privileged", host.privileged)
        options.add("cap-add", each: host.capAdd)
        options.add("cap-drop", each: host.capDrop)
        options.add("group-add", each: host.groupAdd)
        options.add("security-opt", each: host.allSecurityOptions)
        options.add("userns", host.usernsMode)
        options.add("pid", host.pidMode)
        options.add("uts", host.utsMode)
        if host.ipcMode != HostConfig().ipcMode { options.add("ipc", host.ipcMode) }
        if host.cgroupnsMode != HostConfig().cgroupnsMode { options.add("cgroupns", host.cgroupnsMode) }
        options.add("sysctl", pairs: host.sysctls)
        options.add("runtime", host.runtime)
        if let isInit = host.initProcess { options.add(flag: isInit ? "init" : "init=false", true) }
        options.add("annotation", pairs: host.annotations)
        if host.logConfig.type != LogConfig().type { options.add("log-driver", host.logConfig.type) }
        options.add("log-opt", pairs: host.logConfig.options)
    }

    private static func addLimits(_ resources: Resources, _ options: inout OptionWords) {
        options.add("memory", resources.memory == 0 ? "" : Units.limit(resources.memory))
        options.add("memory-reservation", resources.memoryReservation == 0 ? "" : Units.limit(resources.memoryReservation))
        options.add("memory-swap", resources.memorySwap == 0 ? "" : Units.limit(resources.memorySwap))
        options.add("memory-swappiness", resources.memorySwappiness)
        options.add(flag: "oom-kill-disable", resources.oomKillDisable == true)
        options.add("oom-score-adj", resources.oomScoreAdjust.orNothing)
        options.add("cpus", resources.nanoCPUs == 0 ? "" : Units.billionths(resources.nanoCPUs))
        options.add("cpu-shares", resources.cpuShares.orNothing)
        options.add("cpu-period", resources.cpuPeriod.orNothing)
        options.add("cpu-quota", resources.cpuQuota.orNothing)
        options.add("cpu-rt-period", resources.cpuRealtimePeriod.orNothing)
        options.add("cpu-rt-runtime", resources.cpuRealtimeRuntime.orNothing)
        options.add("cpuset-cpus", resources.cpusetCPUs)
        options.add("cpuset-mems", resources.cpusetMems)
        options.add("pids-limit", resources.pidsLimit)
        options.add("cgroup-parent", resources.cgroupParent)
        options.add("ulimit", each: resources.ulimits.map { "\($0.name)=\($0.soft):\($0.hard)" })
    }

    private static func addDevices(_ resources: Resources, _ options: inout OptionWords) {
        options.add("blkio-weight", resources.blkioWeight.orNothing)
        options.add("blkio-weight-device", each: resources.blkioWeightDevice.map { "\($0.path):\($0.weight)" })
        options.add("device-read-bps", each: resources.readBps.map(\.text))
        options.add("device-write-bps", each: resources.writeBps.map(\.text))
        options.add("device-read-iops", each: resources.readIOps.map(\.text))
        options.add("device-write-iops", each: resources.writeIOps.map(\.text))
        options.add("device", each: resources.devices.map(\.text))
        options.add("device-cgroup-rule", each: resources.deviceCgroupRules)
    }
}

/// Options and their values, as words of a command line.
private struct OptionWords {
    private(set) var words: [String] = []

    /// Nothing for an empty one.
    mutating func add(_ name: String, _ value: String) {
        if !value.isEmpty { addAlways(name, value) }
    }
    mutating func add(_ name: String, _ value: Int64?) { add(name, value.map(String.init) ?? "") }
    mutating func add(_ name: String, each values: [String]) { for value in values { addAlways(name, value) } }
    mutating func add(_ name: String, pairs: [String: String]) {
        add(name, each: pairs.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
    }
    mutating func add(flag name: String, _ isOn: Bool) {
        if isOn { words.append("--\(name)") }
    }

    /// A value that begins with a dash would be taken for an option.
    mutating func addAlways(_ name: String, _ value: String) {
        words += value.hasPrefix("-") ? ["--\(name)=\(value)"] : ["--\(name)", value]
    }
}

/// Words as a shell reads them.
enum ShellWord {
    static func quoted(_ word: String) -> String {
        let isPlain = { (byte: UInt8) in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "@%+=:,./-_".utf8.contains(byte)
            }
        }
        guard word.isEmpty || !word.utf8.allSatisfy(isPlain) else { return word }
        let steers = { (scalar: Unicode.Scalar) in scalar.steersTerminals && scalar != "\n" && scalar != "\t" }
        guard !word.unicodeScalars.contains(where: steers) else { return escaped(word) }
        return "'" + word.escaping("'", as: "'\\''") + "'"
    }

    /// What a terminal would not show as it is, in the form that POSIX has for it since 2024, and bash and its kin for long.
    private static func escaped(_ word: String) -> String {
        let scalars = word.unicodeScalars.map { scalar in
            switch scalar {
            case "'", "\\": "\\\(scalar)"
            case _ where scalar.steersTerminals:
                String(scalar).utf8.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            default: String(scalar)
            }
        }
        return "$'" + scalars.joined() + "'"
    }
}

extension String {
    /// With other text in the place of a sign. By scalars: with a combining mark behind it, the sign would be another character, and
    /// a quote go on ending a word.
    func escaping(_ sign: Unicode.Scalar, as text: String) -> String {
        unicodeScalars.split(separator: sign, omittingEmptySubsequences: false).map { String($0) }.joined(separator: text)
    }
}

/// Times as Go writes and reads them.
enum GoDuration {
    /// `30s`, `1500ms`; nothing for none.
    static func text(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "" }
        for (unit, size) in [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000)] as [(String, Int64)] where nanoseconds % size == 0 {
            return "\(nanoseconds / size)\(unit)"
        }
        return "\(nanoseconds)ns"
    }
}

extension Int64 {
    /// 0 is what a limit is that nobody set.
    fileprivate var orNothing: Int64? { self == 0 ? nil : self }
}

extension Units {
    /// Bytes as an option takes them, with the greatest unit that leaves no fraction: `64m`.
    static func limit(_ bytes: Int64) -> String {
        for (unit, shift) in [("g", 30), ("m", 20), ("k", 10)] as [(String, Int64)] where bytes > 0 && bytes % (1 << shift) == 0 {
            return "\(bytes >> shift)\(unit)"
        }
        return String(bytes)
    }

    /// `1.5` of 1,500,000,000.
    static func billionths(_ value: Int64) -> String {
        var text = fixed(Double(value) / 1e9, places: 9)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }
}

extension RestartPolicy {
    /// As `--restart` takes it; empty for none.
    var text: String {
        guard condition != .never else { return "" }
        return maximumRetryCount > 0 ? "\(condition.rawValue):\(maximumRetryCount)" : condition.rawValue
    }
}

extension HostConfig {
    /// With what the option `systempaths=unconfined` has become.
    var allSecurityOptions: [String] {
        let isUnconfined = maskedPaths == [] && readonlyPaths == [] && !securityOptions.contains { $0.hasPrefix("systempaths") }
        return securityOptions + (isUnconfined ? ["systempaths=unconfined"] : [])
    }
}

extension DeviceRate {
    /// `/dev/sda:1048576`
    var text: String { "\(path):\(rate)" }
}

extension DeviceRequest {
    /// `/dev/a:/dev/b:rwm`
    var text: String { "\(pathOnHost):\(pathInContainer):\(permissions)" }
}

extension MountRequest {
    /// As `--mount` takes it: fields, those with a comma or a quote in quotes (RFC 4180).
    var text: String {
        var fields = ["type=\(kind.rawValue)"]
        if !source.isEmpty { fields.append("source=\(source)") }
        fields.append("target=\(target)")
        if isReadOnly { fields.append("readonly") }
        if !propagation.isEmpty { fields.append("bind-propagation=\(propagation)") }
        if createsSource { fields.append("bind-create-src") }
        if !isRecursive { fields.append("bind-recursive=disabled") }
        if noCopy { fields.append("volume-nocopy") }
        if !subpath.isEmpty { fields.append("volume-subpath=\(subpath)") }
        if !volumeDriver.isEmpty { fields.append("volume-driver=\(volumeDriver)") }
        fields += volumeLabels.sorted { $0.key < $1.key }.map { "volume-label=\($0.key)=\($0.value)" }
        fields += volumeOptions.sorted { $0.key < $1.key }.map { "volume-opt=\($0.key)=\($0.value)" }
        if tmpfsSize > 0 { fields.append("tmpfs-size=\(tmpfsSize)") }
        if let tmpfsMode { fields.append("tmpfs-mode=\(String(tmpfsMode, radix: 8))") }
        return fields.map { field in
            guard field.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") }) else { return field }
            return "\"" + field.escaping("\"", as: "\"\"") + "\""
        }.joined(separator: ",")
    }
}
