import Glibc
import Linux
import OCI

// Which file of cgroup v2 keeps which limit. cgroup-v2.rst, "Controllers".
extension CgroupV2 {
    func settings(for resources: RuntimeSpec.Resources) throws(CgroupError) -> [CgroupSetting] {
        var settings: [CgroupSetting] = []
        if let memory = resources.memory { settings += try self.settings(for: memory) }
        if let cpu = resources.cpu { settings += try self.settings(for: cpu) }
        if let pids = resources.pids {
            settings.append(.init("pids", "pids.max", pids.limit > 0 ? String(pids.limit) : "max", "pids limit"))
        }
        if let blockIO = resources.blockIO { settings += try self.settings(for: blockIO) }
        for page in resources.hugepageLimits {
            settings.append(
                .init("hugetlb", "hugetlb.\(page.pageSize).max", page.limit, "limit of \(page.pageSize) pages"))
        }
        // Last: what is written raw overrides what was converted (config-linux.md, "Unified").
        for (file, value) in resources.unified.sorted(by: { $0.key < $1.key }) {
            settings.append(try unifiedSetting(file, value))
        }
        return settings
    }

    private func unifiedSetting(_ file: String, _ value: String) throws(CgroupError) -> CgroupSetting {
        // A slash would lead to another cgroup's file.
        guard let dot = file.firstIndex(of: "."), dot != file.startIndex, !file.utf8.contains(UInt8(ascii: "/")),
            !file.utf8.contains(0)
        else { throw .notSupported(limit: "unified limit \"\(file)\"", reason: "it is no cgroup file's name") }
        return CgroupSetting(String(file[..<dot]), file, value, "unified limit \(file)")
    }

    private func settings(for memory: RuntimeSpec.Memory) throws(CgroupError) -> [CgroupSetting] {
        var settings: [CgroupSetting] = []
        if let limit = memory.limit, limit != 0 {
            settings.append(.init("memory", "memory.max", Self.orMax(limit), "memory limit"))
        }
        if let swap = memory.swap, swap != 0, let setting = try swapSetting(swap, memory.limit) {
            settings.append(setting)
        }
        if let reservation = memory.reservation, reservation != 0 {
            settings.append(.init("memory", "memory.low", Self.orMax(reservation), "memory reservation"))
        }
        guard memory.swappiness == nil else {
            throw .notSupported(limit: "memory swappiness", reason: "cgroup v2 has none")
        }
        guard !memory.disableOOMKiller else {
            throw .notSupported(limit: "choice to disable the OOM killer", reason: "cgroup v2 has none")
        }
        return settings
    }

    /// The spec counts memory and swap together, as v1 does; v2 counts swap alone.
    private func swapSetting(_ swap: Int64, _ limit: Int64?) throws(CgroupError) -> CgroupSetting? {
        let (file, name) = ("memory.swap.max", "memory and swap limit")
        var value = "max"
        if swap > 0 {
            guard let limit, limit > 0, swap >= limit else {
                throw .notSupported(limit: name, reason: "it includes the memory limit, which is missing or higher")
            }
            value = String(swap - limit)
        }
        // A kernel without swap has none that could pass the limit.
        if !SwapSupport.isBuiltIn, (try? directory.read(file)) == nil { return nil }
        return CgroupSetting("memory", file, value, name)
    }

    private func settings(for cpu: RuntimeSpec.CPU) throws(CgroupError) -> [CgroupSetting] {
        var settings: [CgroupSetting] = []
        if let shares = cpu.shares, shares != 0 {
            settings.append(.init("cpu", "cpu.weight", Self.weight(shares: shares), "CPU shares"))
        }
        if let idle = cpu.idle { settings.append(.init("cpu", "cpu.idle", idle, "CPU idle policy")) }
        if let setting = quotaSetting(cpu) { settings.append(setting) }
        if let burst = cpu.burst { settings.append(.init("cpu", "cpu.max.burst", burst, "CPU burst")) }
        guard cpu.realtimePeriod ?? 0 == 0, cpu.realtimeRuntime ?? 0 == 0 else {
            throw .notSupported(limit: "real-time budget", reason: "cgroup v2 has none")
        }
        if let cpus = cpu.cpus, !cpus.isEmpty { settings.append(.init("cpuset", "cpuset.cpus", cpus, "CPUs")) }
        if let mems = cpu.mems, !mems.isEmpty { settings.append(.init("cpuset", "cpuset.mems", mems, "memory nodes")) }
        return settings
    }

    private func quotaSetting(_ cpu: RuntimeSpec.CPU) -> CgroupSetting? {
        let period = cpu.period ?? 0
        guard let quota = cpu.quota, quota != 0 else {
            guard period != 0 else { return nil }
            // Only the period changes: the quota that holds now stays.
            let current = (try? directory.read("cpu.max"))?.split(separator: " ").first.map(String.init) ?? "max"
            return CgroupSetting("cpu", "cpu.max", "\(current) \(period)", "CPU period")
        }
        let value = Self.orMax(quota) + (period == 0 ? "" : " \(period)")
        return CgroupSetting("cpu", "cpu.max", value, "CPU quota")
    }

    private func settings(for blockIO: RuntimeSpec.BlockIO) throws(CgroupError) -> [CgroupSetting] {
        var settings: [CgroupSetting] = []
        if let weight = blockIO.weight, weight != 0 { settings += try weightSettings(weight) }
        for device in blockIO.weightDevice {
            guard let weight = device.weight, weight != 0 else { continue }
            try BlockScheduler.requireBFQ(on: DeviceNumber(major: device.major, minor: device.minor))
            let value = "\(device.major):\(device.minor) \(weight)"
            settings.append(.init("io", "io.bfq.weight", value, "block I/O weight of a device"))
        }
        for (devices, key, limit) in [
            (blockIO.throttleReadBpsDevice, "rbps", "read rate"),
            (blockIO.throttleWriteBpsDevice, "wbps", "write rate"),
            (blockIO.throttleReadIOPSDevice, "riops", "read requests"),
            (blockIO.throttleWriteIOPSDevice, "wiops", "write requests"),
        ] {
            for device in devices {
                // 0 lifts the limit, as it does on v1.
                let rate = device.rate == 0 ? "max" : String(device.rate)
                let value = "\(device.major):\(device.minor) \(key)=\(rate)"
                settings.append(.init("io", "io.max", value, "\(limit) of a device"))
            }
        }
        return settings
    }

    /// BFQ and the controller that shares by cost each have a weight; it is set where it has an effect.
    private func weightSettings(_ weight: UInt16) throws(CgroupError) -> [CgroupSetting] {
        if BlockScheduler.usesCost(root: mountPoint) {
            return [.init("io", "io.weight", Self.costWeight(weight), "block I/O weight")]
        }
        try BlockScheduler.requireBFQ()
        return [.init("io", "io.bfq.weight", weight, "block I/O weight")]
    }

    /// Negative is no limit.
    private static func orMax(_ value: Int64) -> String { value < 0 ? "max" : String(value) }

    /// 2 to 262,144 with 1024 as default, to 1 to 10,000 with 100 as default: a quadratic curve through both ends and
    /// the default in logarithms, as crun and runc have it since 2025. The line before it made 1024 shares a weight of
    /// 39.
    static func weight(shares: UInt64) -> Int {
        if shares <= 2 { return 1 }
        if shares >= 262_144 { return 10_000 }
        let logarithm = log2(Double(shares))
        let exponent = (logarithm * logarithm + 125 * logarithm) / 612 - 7.0 / 34
        return min(max(Int(pow(10, exponent).rounded(.up)), 1), 10_000)
    }

    /// 10 to 1000 to 1 to 10,000, on a line, as runc has it.
    static func costWeight(_ weight: UInt16) -> Int { 1 + (max(Int(weight), 10) - 10) * 9999 / 990 }
}
