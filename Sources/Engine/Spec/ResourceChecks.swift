import Linux

extension Resources {
    /// The smallest memory limit with which a container can start, as Docker has it.
    static let minimumMemory: Int64 = 6 << 20

    /// Refuses limits that contradict one another or that this host can't give, in Docker's words, before anything is made.
    func validate() throws(EngineError) {
        try validateMemory()
        try validateCPU()
        try validateRealtime()
        try validateBlockIO()
        for ulimit in ulimits { try ulimit.validate() }
        if let pidsLimit, pidsLimit < -1 { throw EngineError(.invalidArgument, "invalid pids limit \(pidsLimit)") }
        guard (-1000...1000).contains(oomScoreAdjust) else {
            throw EngineError(
                .invalidArgument,
                "Invalid value \(oomScoreAdjust), range for oom score adj is [-1000, 1000]")
        }
    }

    private func validateMemory() throws(EngineError) {
        let refuse = { (message: String) in EngineError(.invalidArgument, message) }
        if memory < 0 { throw refuse("invalid memory limit \(memory)") }
        if memory > 0, memory < Self.minimumMemory { throw refuse("Minimum memory limit allowed is 6MB") }
        if memory == 0, memorySwap > 0 {
            throw refuse("You should always set the Memory limit when using Memoryswap limit, see usage")
        }
        if memory > 0, memorySwap > 0, memorySwap < memory {
            throw refuse("Minimum memoryswap limit should be larger than memory limit, see usage")
        }
        if memoryReservation > 0, memoryReservation < Self.minimumMemory {
            throw refuse("Minimum memory reservation allowed is 6MB")
        }
        if memory > 0, memoryReservation > memory {
            throw refuse("Minimum memory limit can not be less than memory reservation limit, see usage")
        }
        if let memorySwappiness, memorySwappiness != -1, !(0...100).contains(memorySwappiness) {
            throw refuse("invalid value: \(memorySwappiness). Valid memory swappiness range is 0-100")
        }
    }

    private func validateCPU() throws(EngineError) {
        let refuse = { (message: String) in EngineError(.invalidArgument, message) }
        let count = Int64(Processors.count)
        if nanoCPUs < 0 || nanoCPUs > count * 1_000_000_000 || (nanoCPUs > 0 && nanoCPUs < 10_000_000) {
            throw refuse(
                "range of CPUs is from 0.01 to \(count).00, as there are only \(count) CPUs available")
        }
        for (other, name) in [(cpuPeriod, "Period"), (cpuQuota, "Quota")] where nanoCPUs > 0 && other > 0 {
            throw refuse("Conflicting options: Nano CPUs and CPU \(name) cannot both be set")
        }
        if cpuShares < 0 { throw refuse("invalid CPU shares (\(cpuShares)): value must be a positive integer") }
        // What the kernel has of shares (kernel/sched/sched.h); it would take another value without a word.
        if cpuShares == 1 { throw refuse("the minimum allowed cpu-shares is 2") }
        if cpuShares > 262_144 { throw refuse("the maximum allowed cpu-shares is 262144") }
        if cpuPeriod != 0, !(1000...1_000_000).contains(cpuPeriod) {
            throw refuse("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)")
        }
        if cpuQuota > 0, cpuQuota < 1000 { throw refuse("CPU cfs quota can not be less than 1ms (i.e. 1000)") }
        try Self.validate(cpusetCPUs, name: "cpuset cpus", available: "/sys/devices/system/cpu/online", what: "CPUs")
        try Self.validate(
            cpusetMems, name: "cpuset mems", available: "/sys/devices/system/node/online", what: "memory nodes")
    }

    private func validateRealtime() throws(EngineError) {
        guard cpuRealtimePeriod >= 0, cpuRealtimeRuntime >= 0 else {
            throw EngineError(.invalidArgument, "cpu real-time period and runtime can not be negative")
        }
        if cpuRealtimePeriod > 0, cpuRealtimeRuntime > cpuRealtimePeriod {
            throw EngineError(.invalidArgument, "cpu real-time runtime cannot be higher than cpu real-time period")
        }
    }

    private static func validate(
        _ list: String, name: String, available path: String, what: String
    ) throws(EngineError) {
        guard !list.isEmpty else { return }
        guard let wanted = IndexRanges(list) else {
            throw EngineError(.invalidArgument, "Invalid value \(list) for \(name): invalid format: \(list)")
        }
        // Without the file there is one of them: a kernel built for a single node.
        let text = (try? FileDescriptor.contents(of: path, limit: 65536)).map { String(decoding: $0, as: UTF8.self) }
        let online = (text ?? "0").filter { $0 != "\n" }
        guard let there = IndexRanges(online), there.contains(wanted) else {
            throw EngineError(
                .invalidArgument, "Requested \(what) are not available - requested \(list), available: \(online)")
        }
    }

    private func validateBlockIO() throws(EngineError) {
        if blkioWeight != 0, !(10...1000).contains(blkioWeight) {
            throw EngineError(.invalidArgument, "Range of blkio weight is from 10 to 1000")
        }
        for rate in readBps + writeBps + readIOps + writeIOps {
            guard rate.rate >= 0 else { throw EngineError(.invalidArgument, "invalid rate for \(rate.path)") }
            _ = try rate.device()
        }
        for device in blkioWeightDevice {
            guard device.weight == 0 || (10...1000).contains(device.weight) else {
                throw EngineError(.invalidArgument, "Range of blkio weight is from 10 to 1000")
            }
            _ = try DeviceRate.numbers(of: device.path, action: "weigh \(device.path)")
        }
        for rule in deviceCgroupRules where DeviceCgroupRule(rule) == nil {
            throw EngineError(.invalidArgument, "invalid device cgroup rule format: '\(rule)'", hint: "As in c 1:3 rwm.")
        }
        guard !cgroupParent.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) else {
            throw EngineError(.invalidArgument, "invalid cgroup parent: \(cgroupParent)", hint: "It is a path without . and ..")
        }
    }
}

extension DeviceRate {
    /// The numbers of the block device at ``path``.
    func device() throws(EngineError) -> (major: UInt32, minor: UInt32) {
        try Self.numbers(of: path, action: "throttle \(path)")
    }

    /// - Parameter action: What is to be done with it, for an error.
    static func numbers(of path: String, action: String) throws(EngineError) -> (major: UInt32, minor: UInt32) {
        let status: FileStatus
        do throws(SystemCallError) {
            status = try FileDescriptor.status(of: path)
        } catch {
            throw EngineError(
                .invalidArgument, cannot: action, because: error.errno.description, cause: error)
        }
        guard status.kind == .blockDevice else {
            throw EngineError(
                .invalidArgument, cannot: action, because: "it is not a block device",
                hint: "lsblk lists them.")
        }
        return (status.deviceMajor, status.deviceMinor)
    }
}

extension Ulimit {
    private static let names = [
        "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
        "rttime", "sigpending", "stack",
    ]

    var runtimeName: String { "RLIMIT_" + name.uppercased() }

    func validate() throws(EngineError) {
        guard Self.names.contains(name) else {
            throw EngineError(.invalidArgument, "invalid ulimit type: \(name)", hint: "setrlimit(2) lists them.")
        }
        guard soft >= -1, hard >= -1, hard == -1 || (soft != -1 && soft <= hard) else {
            throw EngineError(
                .invalidArgument, "ulimit soft limit must be less than or equal to hard limit: \(soft) > \(hard)")
        }
    }
}

/// A list such as `0-3,7`, as the kernel writes sets of CPUs (cpuset(7), "List format").
struct IndexRanges {
    private let ranges: [ClosedRange<Int>]

    /// Nil for what isn't such a list, or names an index of 8192 or more: no kernel has that many.
    init?(_ text: String) {
        var ranges: [ClosedRange<Int>] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            let isDigits = ends.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
            guard isDigits, let low = Int(ends[0]), let high = Int(ends[ends.count - 1]), low <= high, high < 8192 else {
                return nil
            }
            ranges.append(low...high)
        }
        self.ranges = ranges
    }

    func contains(_ other: IndexRanges) -> Bool {
        other.ranges.allSatisfy { $0.allSatisfy { index in ranges.contains { $0.contains(index) } } }
    }
}
