import Engine

extension RunStep {
    /// How the step runs on this host: the machine's defaults, with what the command line and the instruction say.
    func hostConfig(_ engine: Engine) throws -> HostConfig {
        var host = ContainerSpec(defaults: engine.configuration).host
        switch network {
        case .default: host.networkMode = "bridge"
        case .none: host.networkMode = "none"
        case .host: host.networkMode = "host"
        }
        host.extraHosts = settings.hosts
        if let size = settings.sharedMemory { host.shmSize = size }
        host.privileged = instruction.security == .insecure
        host.resources.ulimits = try settings.limits.map { text throws(BuildError) in try Self.limit(text) }
        host.resources.memory = settings.memory ?? 0
        host.resources.memorySwap = settings.memoryAndSwap ?? 0
        host.resources.cpuShares = settings.cpuShares ?? 0
        host.resources.cpuPeriod = settings.cpuPeriod ?? 0
        host.resources.cpuQuota = settings.cpuQuota ?? 0
        host.resources.cpusetCPUs = settings.cpus ?? ""
        host.resources.cpusetMems = settings.memoryNodes ?? ""
        if let parent = settings.cgroupParent { host.resources.cgroupParent = parent }
        return host
    }

    /// `nofile=1024:2048`; with one number it is both limits.
    private static func limit(_ text: String) throws(BuildError) -> Ulimit {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = parts.count == 2 ? parts[1].split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) } : []
        guard (1...2).contains(numbers.count), let soft = numbers[0], let hard = numbers[numbers.count - 1] else {
            throw BuildError("invalid ulimit argument: \(text)")
        }
        return Ulimit(name: String(parts[0]), soft: soft, hard: hard)
    }
}
