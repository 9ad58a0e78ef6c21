import Linux

extension CgroupV1 {
    func statistics(isBrief: Bool) throws(CgroupError) -> CgroupStatistics {
        var statistics = CgroupStatistics()
        try asCgroupError { () throws(SystemCallError) in
            if !isBrief, let directory = directory(of: "cpuacct") { statistics.cpu = try cpu(directory) }
            if let directory = directory(of: "memory") { statistics.memory = try memory(directory, isBrief) }
            if let directory = directory(of: "pids") {
                statistics.pids = .init(
                    current: CgroupText.number(try directory.read("pids.current")) ?? 0,
                    limit: isBrief ? nil : CgroupText.number(try directory.read("pids.max")))
            }
            if let directory = directory(of: "blkio") { statistics.devices = try devices(directory, isBrief) }
        }
        return statistics
    }

    func processorTime() throws(CgroupError) -> UInt64? {
        guard let directory = directory(of: "cpuacct") else { return nil }
        return try asCgroupError { () throws(SystemCallError) in CgroupText.number(try directory.read("cpuacct.usage")) }
    }

    /// Only v2 has it, which needs no controller for that.
    func pressure() -> CgroupPressure? { unified.flatMap { CgroupPressure($0) } }

    func openUsageFiles() -> CgroupUsageFiles { CgroupUsageFiles(v1: self) }

    var exists: Bool { directories.first?.exists ?? false }

    private func cpu(_ directory: CgroupDirectory) throws(SystemCallError) -> CgroupStatistics.CPU {
        var cpu = CgroupStatistics.CPU()
        cpu.total = CgroupText.number(try directory.read("cpuacct.usage")) ?? 0
        cpu.user = CgroupText.number(try directory.read("cpuacct.usage_user")) ?? 0
        cpu.system = CgroupText.number(try directory.read("cpuacct.usage_sys")) ?? 0
        if let quota = self.directory(of: "cpu") {
            let text = try quota.read("cpu.stat")
            cpu.periods = CgroupText.value(of: "nr_periods", in: text) ?? 0
            cpu.throttledPeriods = CgroupText.value(of: "nr_throttled", in: text) ?? 0
            cpu.throttledTime = CgroupText.value(of: "throttled_time", in: text) ?? 0
        }
        return cpu
    }

    private func memory(_ directory: CgroupDirectory, _ isBrief: Bool) throws(SystemCallError) -> CgroupStatistics.Memory {
        var memory = CgroupStatistics.Memory()
        memory.usage = CgroupText.number(try directory.read("memory.usage_in_bytes")) ?? 0
        let limit = CgroupText.number(try directory.read("memory.limit_in_bytes"))
        // No limit reads as the highest multiple of a page that fits an Int64.
        memory.limit = limit.flatMap { $0 >= UInt64(Int64.max) - 0xFFFF ? nil : $0 }
        memory.inactiveFile = CgroupText.value(of: "total_inactive_file", in: try directory.readBytes("memory.stat")) ?? 0
        if isBrief { return memory }
        memory.peak = CgroupText.number(try directory.read("memory.max_usage_in_bytes"))
        memory.oomKills = CgroupText.value(of: "oom_kill", in: try directory.read("memory.oom_control")) ?? 0
        return memory
    }

    private func devices(_ directory: CgroupDirectory, _ isBrief: Bool) throws(SystemCallError) -> [CgroupStatistics.Device] {
        var devices: [String: CgroupStatistics.Device] = [:]
        // `254:0 Read 4096`, and lines with sums, which begin with `Total`.
        func read(
            _ file: String, _ add: (inout CgroupStatistics.Device, _ kind: Substring, UInt64) -> Void
        ) throws(SystemCallError) {
            for line in try directory.read(file).split(separator: "\n") {
                let words = line.split(separator: " ")
                guard words.count == 3, let count = UInt64(words[2]) else { continue }
                let name = String(words[0])
                add(&devices[name, default: .init(device: name)], words[1], count)
            }
        }
        try read("blkio.throttle.io_service_bytes_recursive") { device, kind, bytes in
            if kind == "Read" { device.readBytes = bytes } else if kind == "Write" { device.writtenBytes = bytes }
        }
        if !isBrief {
            try read("blkio.throttle.io_serviced_recursive") { device, kind, count in
                if kind == "Read" { device.reads = count } else if kind == "Write" { device.writes = count }
            }
        }
        return devices.values.sorted { $0.device < $1.device }
    }
}
