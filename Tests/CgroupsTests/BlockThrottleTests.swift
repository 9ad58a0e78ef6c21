import Glibc
import Linux
import OCI
import Testing
import TestSupport

@testable import Cgroups

/// A directory on a disk, for tests that limit its reads and writes; nil where all is on memory or overlays.
enum TestDisk {
    static let found: (directory: String, device: DeviceNumber)? = {
        for directory in ["/tmp", "/var/tmp", "/scratch", "/var/lib/hako"] {
            guard let status = try? FileDescriptor.status(of: directory) else { continue }
            let device = DeviceNumber(status.device)
            // Limits are on whole disks.
            let isDisk = (try? FileDescriptor.status(of: "/sys/dev/block/\(device)/queue")) != nil
            if isDisk { return (directory, device) }
        }
        return nil
    }()
}

@Suite(
    "Limits of block I/O",
    .enabled(if: getuid() == 0 && TestDisk.found != nil, "they need root and a directory on a whole disk"))
struct BlockThrottleTests {
    private func nanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    @Test("keep writes to the rate, in bytes and in requests", arguments: [true, false])
    func writes(bytes: Bool) throws {
        let disk = try #require(TestDisk.found)
        let test = try TestCgroup()
        var blockIO = RuntimeSpec.BlockIO()
        let limit = RuntimeSpec.ThrottleDevice(
            major: disk.device.major, minor: disk.device.minor, rate: bytes ? 1 << 20 : 16)
        if bytes { blockIO.throttleWriteBpsDevice = [limit] } else { blockIO.throttleWriteIOPSDevice = [limit] }
        var resources = RuntimeSpec.Resources()
        resources.blockIO = blockIO
        try test.cgroup.apply(resources)
        let file = "\(disk.directory)/hako-throttle-\(getpid())-\(bytes)"
        defer { _ = unlink(file) }
        let start = nanoseconds()
        // 1 MiB at 1 MiB, or 16 requests at 16, each second. A busy machine only makes it longer.
        #expect(
            try test.run("dd if=/dev/zero of=\(file) bs=64k count=16 oflag=direct 2>/dev/null").shellCode == 0)
        #expect(nanoseconds() - start > 500_000_000)
        let used = try test.cgroup.statistics().devices?.first { $0.device == disk.device.description }
        #expect((used?.writtenBytes ?? 0) >= 1 << 20)
    }

    @Test("of weight are refused where no scheduler would look at them")
    func weights() throws {
        let test = try TestCgroup()
        var resources = RuntimeSpec.Resources()
        var blockIO = RuntimeSpec.BlockIO()
        blockIO.weight = 500
        resources.blockIO = blockIO
        let schedulers = try FileDescriptor.directory("/sys/block").names().map {
            (try? FileDescriptor.contents(of: "/sys/block/\($0)/queue/scheduler")).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        if schedulers.contains(where: { $0?.contains("[bfq]") == true }) {
            try test.cgroup.apply(resources)
        } else {
            #expect(throws: CgroupError.self) { try test.cgroup.apply(resources) }
        }
    }
}
