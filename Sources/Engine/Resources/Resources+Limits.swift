import OCI

extension Resources {
    /// These limits in the runtime's terms: all but which devices there are.
    func limits() throws(EngineError) -> RuntimeSpec.Resources {
        var resources = RuntimeSpec.Resources()
        resources.memory = memoryLimits
        resources.cpu = cpuLimits
        if let pidsLimit { resources.pids = .init(limit: pidsLimit > 0 ? pidsLimit : -1) }
        resources.blockIO = try blockIO()
        return resources
    }

    private var memoryLimits: RuntimeSpec.Memory? {
        var memory = RuntimeSpec.Memory()
        if self.memory > 0 {
            memory.limit = self.memory
            memory.swap = memorySwap == 0 ? Self.doubled(self.memory) : memorySwap
        }
        if memoryReservation > 0 { memory.reservation = memoryReservation }
        if let swappiness = memorySwappiness, swappiness >= 0 { memory.swappiness = UInt64(swappiness) }
        memory.disableOOMKiller = oomKillDisable ?? false
        return memory == RuntimeSpec.Memory() ? nil : memory
    }

    private static func doubled(_ bytes: Int64) -> Int64 {
        let (double, overflow) = bytes.multipliedReportingOverflow(by: 2)
        return overflow ? -1 : double
    }

    private var cpuLimits: RuntimeSpec.CPU? {
        var cpu = RuntimeSpec.CPU()
        if cpuShares > 0 { cpu.shares = UInt64(cpuShares) }
        if nanoCPUs > 0 {
            cpu.period = 100_000
            cpu.quota = nanoCPUs / 10_000
        }
        if cpuPeriod > 0 { cpu.period = UInt64(cpuPeriod) }
        if cpuQuota != 0 { cpu.quota = cpuQuota }
        if !cpusetCPUs.isEmpty { cpu.cpus = cpusetCPUs }
        if !cpusetMems.isEmpty { cpu.mems = cpusetMems }
        return cpu == RuntimeSpec.CPU() ? nil : cpu
    }

    private func blockIO() throws(EngineError) -> RuntimeSpec.BlockIO? {
        var blockIO = RuntimeSpec.BlockIO()
        if blkioWeight > 0 { blockIO.weight = UInt16(blkioWeight) }
        blockIO.throttleReadBpsDevice = try Self.throttles(readBps)
        blockIO.throttleWriteBpsDevice = try Self.throttles(writeBps)
        blockIO.throttleReadIOPSDevice = try Self.throttles(readIOps)
        blockIO.throttleWriteIOPSDevice = try Self.throttles(writeIOps)
        return blockIO == RuntimeSpec.BlockIO() ? nil : blockIO
    }

    private static func throttles(_ rates: [DeviceRate]) throws(EngineError) -> [RuntimeSpec.ThrottleDevice] {
        var throttles: [RuntimeSpec.ThrottleDevice] = []
        for rate in rates {
            let (major, minor) = try rate.device()
            throttles.append(.init(major: major, minor: minor, rate: UInt64(rate.rate)))
        }
        return throttles
    }
}
