import Linux

extension CgroupV2 {
    func oomKillCount() throws(CgroupError) -> UInt64 {
        try asCgroupError { () throws(SystemCallError) in
            CgroupText.value(of: "oom_kill", in: try readIfPresent("memory.events") ?? "") ?? 0
        }
    }

    func statistics(isBrief: Bool) throws(CgroupError) -> CgroupStatistics {
        var statistics = CgroupStatistics()
        try asCgroupError { () throws(SystemCallError) in
            if !isBrief, let text = try readIfPresent("cpu.stat") { statistics.cpu = cpu(text) }
            if let usage = try readIfPresent("memory.current") { statistics.memory = try memory(usage, isBrief) }
            if let current = try readIfPresent("pids.current") {
                statistics.pids = .init(
                    current: CgroupText.number(current) ?? 0,
                    limit: isBrief ? nil : CgroupText.number(try directory.read("pids.max")))
            }
            if let text = try readIfPresent("io.stat") { statistics.devices = devices(text) }
        }
        return statistics
    }

    func processorTime() throws(CgroupError) -> UInt64? {
        try asCgroupError { () throws(SystemCallError) in try readIfPresent("cpu.stat").map { cpu($0).total } }
    }

    func pressure() -> CgroupPressure? { CgroupPressure(directory) }

    func openUsageFiles() -> CgroupUsageFiles { CgroupUsageFiles(v2: self) }

    var exists: Bool { directory.exists }

    /// Nil where the controller isn't handed down, so that its files aren't there.
    private func readIfPresent(_ file: String) throws(SystemCallError) -> String? {
        do throws(SystemCallError) { return try directory.read(file) } catch  where error.errno == .noSuchFile {
            return nil
        }
    }

    private func cpu(_ text: String) -> CgroupStatistics.CPU {
        func nanoseconds(_ name: String) -> UInt64 {
            (CgroupText.value(of: name, in: text) ?? 0).multipliedReportingOverflow(by: 1000).partialValue
        }
        var cpu = CgroupStatistics.CPU()
        cpu.total = nanoseconds("usage_usec")
        cpu.user = nanoseconds("user_usec")
        cpu.system = nanoseconds("system_usec")
        cpu.periods = CgroupText.value(of: "nr_periods", in: text) ?? 0
        cpu.throttledPeriods = CgroupText.value(of: "nr_throttled", in: text) ?? 0
        cpu.throttledTime = nanoseconds("throttled_usec")
        return cpu
    }

    private func memory(_ usage: String, _ isBrief: Bool) throws(SystemCallError) -> CgroupStatistics.Memory {
        var memory = CgroupStatistics.Memory()
        memory.usage = CgroupText.number(usage) ?? 0
        memory.limit = CgroupText.number(try directory.read("memory.max"))
        memory.inactiveFile = CgroupText.value(of: "inactive_file", in: try directory.readBytes("memory.stat")) ?? 0
        if isBrief { return memory }
        memory.peak = try readIfPresent("memory.peak").flatMap(CgroupText.number)  // Linux 5.19
        memory.oomKills = CgroupText.value(of: "oom_kill", in: try directory.read("memory.events")) ?? 0
        return memory
    }

    /// `254:0 rbytes=4096 wbytes=0 rios=1 wios=0 …`
    private func devices(_ text: String) -> [CgroupStatistics.Device] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let name = words.first else { return nil }
            var device = CgroupStatistics.Device(device: String(name))
            for word in words.dropFirst() {
                let pair = word.split(separator: "=", maxSplits: 1)
                guard pair.count == 2, let number = UInt64(pair[1]) else { continue }
                switch pair[0] {
                case "rbytes": device.readBytes = number
                case "wbytes": device.writtenBytes = number
                case "rios": device.reads = number
                case "wios": device.writes = number
                default: continue
                }
            }
            return device
        }
    }
}
