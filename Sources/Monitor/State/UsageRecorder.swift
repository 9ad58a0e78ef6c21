import Cgroups
import Glibc
import Linux
import MonitorProtocol

/// Notes down what the container uses, in a file that keeps a minute of it (``UsageRing``).
struct UsageRecorder: ~Copyable {
    private let ring: FileDescriptor
    private let files: CgroupUsageFiles
    private var number: Int

    /// - Parameters:
    ///   - cgroup: The container's, as `/proc/PID/cgroup` has it.
    ///   - directory: The container's.
    ///   - goesOn: Whether another monitor has begun the file for the same run.
    init(of cgroup: String, in directory: borrowing FileDescriptor, goesOn: Bool) throws(SystemCallError) {
        let ring = try directory.openChild(UsageRing.file, flags: O_RDWR | O_CREAT)
        let former = goesOn ? try ring.read(upTo: UsageRing.size * (1 + UsageRing.count)) : []
        if !former.starts(with: UsageRing.head) {
            try ring.truncate(to: 0)
            try ring.write(UsageRing.head[...], at: 0)
        }
        do throws(CgroupError) {
            files = try CgroupMounts.detect().cgroup(at: CgroupPath(parsing: cgroup)).openUsageFiles()
        } catch { throw SystemCallError("open", on: "cgroup \(cgroup)", .noSuchFile) }
        self.ring = ring
        number = UsageRing.next(in: former)
    }

    /// Adds a sample in the oldest one's place.
    ///
    /// - Parameter buffer: What the caller keeps anyway.
    mutating func record(_ buffer: inout [UInt8]) throws(SystemCallError) {
        let usage = files.read(&buffer)
        var sample = UsageSample()
        sample.time = UInt64(clamping: Clock.now().nanoseconds)
        sample.processor = usage.processor ?? UsageSample.unknown
        sample.memory = usage.memory ?? UsageSample.unknown
        sample.pids = usage.pids ?? UsageSample.unknown
        sample.processorPressure = usage.processorPressure ?? UsageSample.unknown
        sample.memoryPressure = usage.memoryPressure ?? UsageSample.unknown
        sample.blockPressure = usage.blockPressure ?? UsageSample.unknown
        sample.throttled = usage.throttled ?? UsageSample.unknown
        UsageRing.encode(sample, into: &buffer)
        try ring.write(buffer[..<UsageRing.size], at: UsageRing.offset(of: number))
        number = (number + 1) % UsageRing.count
    }
}
