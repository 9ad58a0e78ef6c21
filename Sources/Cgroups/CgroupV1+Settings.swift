import Linux
import OCI

// Which file of cgroup v1 keeps which limit. Documentation/admin-guide/cgroup-v1/.
extension CgroupV1 {
    func settings(for resources: RuntimeSpec.Resources) throws(CgroupError) -> [CgroupSetting] {
        guard resources.unified.isEmpty else {
            throw .notSupported(limit: "unified limits", reason: "the controllers of this host are on cgroup v1")
        }
        var settings: [CgroupSetting] = []
        if let memory = resources.memory { settings += try self.settings(for: memory) }
        if let cpu = resources.cpu { settings += self.settings(for: cpu) }
        if let pids = resources.pids {
            settings.append(.init("pids", "pids.max", pids.limit > 0 ? String(pids.limit) : "max", "pids limit"))
        }
        if let blockIO = resources.blockIO { settings += try self.settings(for: blockIO) }
        for page in resources.hugepageLimits {
            let file = "hugetlb.\(page.pageSize).limit_in_bytes"
            settings.append(.init("hugetlb", file, page.limit, "limit of \(page.pageSize) pages"))
        }
        return settings
    }

    private func settings(for memory: RuntimeSpec.Memory) throws(CgroupError) -> [CgroupSetting] {
        var settings: [CgroupSetting] = []
        let limit = memory.limit.map { CgroupSetting("memory", "memory.limit_in_bytes", $0, "memory limit") }
        let swap = memory.swap.flatMap { swapSetting($0) }
        // memsw may never be below the limit: the one that moves away goes first.
        let swapFirst = raisesSwapAboveCurrent(memory)
        settings += (swapFirst ? [swap, limit] : [limit, swap]).compactMap { $0 }
        if let reservation = memory.reservation {
            settings.append(.init("memory", "memory.soft_limit_in_bytes", reservation, "memory reservation"))
        }
        if let swappiness = memory.swappiness {
            settings.append(.init("memory", "memory.swappiness", swappiness, "memory swappiness"))
        }
        if memory.disableOOMKiller {
            settings.append(.init("memory", "memory.oom_control", "1", "choice to disable the OOM killer"))
        }
        return settings
    }

    private func swapSetting(_ swap: Int64) -> CgroupSetting? {
        guard swap != 0 else { return nil }
        let setting = CgroupSetting("memory", "memory.memsw.limit_in_bytes", swap, "memory and swap limit")
        // A kernel without swap doesn't count it, and has none that could pass the limit.
        if let directory = directory(of: "memory"), directory.exists, !SwapSupport.isBuiltIn,
            (try? directory.read(setting.file)) == nil
        {
            return nil
        }
        return setting
    }

    private func raisesSwapAboveCurrent(_ memory: RuntimeSpec.Memory) -> Bool {
        guard let limit = memory.limit, let swap = memory.swap, swap != 0,
            let current = try? directory(of: "memory")?.read("memory.memsw.limit_in_bytes"),
            let bytes = CgroupText.number(current)
        else { return false }
        return limit < 0 || UInt64(limit) > bytes
    }

    private func settings(for cpu: RuntimeSpec.CPU) -> [CgroupSetting] {
        var settings: [CgroupSetting] = []
        func add(_ controller: String, _ file: String, _ value: (some CustomStringConvertible)?, _ limit: String) {
            if let value { settings.append(.init(controller, file, value, limit)) }
        }
        add("cpu", "cpu.shares", cpu.shares.flatMap { $0 == 0 ? nil : $0 }, "CPU shares")
        add("cpu", "cpu.cfs_period_us", cpu.period.flatMap { $0 == 0 ? nil : $0 }, "CPU period")
        add("cpu", "cpu.cfs_quota_us", cpu.quota.flatMap { $0 == 0 ? nil : $0 }, "CPU quota")
        add("cpu", "cpu.cfs_burst_us", cpu.burst, "CPU burst")
        add("cpu", "cpu.rt_period_us", cpu.realtimePeriod.flatMap { $0 == 0 ? nil : $0 }, "real-time period")
        add("cpu", "cpu.rt_runtime_us", cpu.realtimeRuntime.flatMap { $0 == 0 ? nil : $0 }, "real-time runtime")
        add("cpu", "cpu.idle", cpu.idle, "CPU idle policy")
        add("cpuset", "cpuset.cpus", cpu.cpus.flatMap { $0.isEmpty ? nil : $0 }, "CPUs")
        add("cpuset", "cpuset.mems", cpu.mems.flatMap { $0.isEmpty ? nil : $0 }, "memory nodes")
        return settings
    }

    private func settings(for blockIO: RuntimeSpec.BlockIO) throws(CgroupError) -> [CgroupSetting] {
        var settings: [CgroupSetting] = []
        if let weight = blockIO.weight, weight != 0 {
            try BlockScheduler.requireBFQ()
            settings.append(.init("blkio", weightFile("weight"), weight, "block I/O weight"))
        }
        for device in blockIO.weightDevice {
            guard let weight = device.weight, weight != 0 else { continue }
            try BlockScheduler.requireBFQ(on: DeviceNumber(major: device.major, minor: device.minor))
            let value = "\(device.major):\(device.minor) \(weight)"
            settings.append(.init("blkio", weightFile("weight_device"), value, "block I/O weight of a device"))
        }
        for (devices, file, limit) in [
            (blockIO.throttleReadBpsDevice, "read_bps", "read rate"),
            (blockIO.throttleWriteBpsDevice, "write_bps", "write rate"),
            (blockIO.throttleReadIOPSDevice, "read_iops", "read requests"),
            (blockIO.throttleWriteIOPSDevice, "write_iops", "write requests"),
        ] {
            for device in devices {
                let value = "\(device.major):\(device.minor) \(device.rate)"
                settings.append(.init("blkio", "blkio.throttle.\(file)_device", value, "\(limit) of a device"))
            }
        }
        return settings
    }

    /// The weight is BFQ's since CFQ was removed (5.0); for a while the kernel had it under both names.
    private func weightFile(_ name: String) -> String {
        let bfq = "blkio.bfq.\(name)"
        guard let directory = directory(of: "blkio"), directory.exists else { return bfq }
        return (try? directory.read(bfq)) != nil ? bfq : "blkio.\(name)"
    }
}
