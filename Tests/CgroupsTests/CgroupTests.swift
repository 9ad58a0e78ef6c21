import Glibc
import Linux
import OCI
import Testing
import TestSupport

@testable import Cgroups

/// One suite for v1, hybrid and v2: it runs on what the host has.
@Suite("A cgroup", .enabled(if: getuid() == 0, "cgroups need root"))
struct CgroupTests {
    private let mounts: CgroupMounts

    init() throws { mounts = try CgroupMounts.detect() }

    private func resources(_ change: (inout RuntimeSpec.Resources) -> Void) -> RuntimeSpec.Resources {
        var resources = RuntimeSpec.Resources()
        change(&resources)
        return resources
    }

    @Test("holds the process that joins it, and its children, in every hierarchy")
    func holdsProcesses() throws {
        let test = try TestCgroup()
        let text = try test.output(of: "(exec cat /proc/self/cgroup)")
        let lines = text.split(separator: "\n").filter { !$0.hasSuffix("misc:/") }
        #expect(lines.count >= mounts.v1.count)
        for line in lines where !line.isEmpty {
            #expect(line.hasSuffix(":\(test.cgroup.path)"), "\(line)")
        }
    }

    @Test("ends a process that takes more memory than the limit, and counts it")
    func limitsMemory() throws {
        let test = try TestCgroup()
        try test.cgroup.apply(resources { $0.memory = .init(limit: 16 << 20, swap: 16 << 20) })
        #expect(try test.cgroup.oomKillCount() == 0)
        // tail keeps its input's last line in memory, and this one has no end.
        #expect(try test.run("tail -n 1 /dev/zero").shellCode == 137)
        #expect(try test.cgroup.oomKillCount() == 1)
        let memory = try #require(try test.cgroup.statistics().memory)
        #expect(memory.limit == 16 << 20)
        #expect(memory.oomKills == 1)
    }

    @Test("raises and lowers the memory limit together with swap")
    func updatesMemory() throws {
        let test = try TestCgroup()
        for megabytes in [16, 64, 32] as [Int64] {
            try test.cgroup.apply(
                resources { $0.memory = .init(limit: megabytes << 20, reservation: 8 << 20, swap: megabytes << 20) })
            #expect(try test.cgroup.statistics().memory?.limit == UInt64(megabytes) << 20)
        }
        try test.cgroup.apply(resources { $0.memory = .init(limit: -1, swap: -1) })
        #expect(try test.cgroup.statistics().memory?.limit == nil)
    }

    @Test("throttles a process that takes more CPU time than the quota")
    func limitsCPU() throws {
        let test = try TestCgroup()
        var cpu = RuntimeSpec.CPU()
        (cpu.period, cpu.quota, cpu.shares) = (10_000, 1_000, 512)
        try test.cgroup.apply(resources { $0.cpu = cpu })
        // Far more work than fits the quota of one period.
        _ = try test.run("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")
        let used = try #require(try test.cgroup.statistics().cpu)
        #expect(used.throttledPeriods > 0)
        #expect(used.throttledTime > 0)
        #expect(used.total > 0)
    }

    @Test("keeps to the CPUs and memory nodes that it was given")
    func limitsCPUSet() throws {
        let test = try TestCgroup()
        var cpu = RuntimeSpec.CPU()
        (cpu.cpus, cpu.mems) = ("0", "0")
        try test.cgroup.apply(resources { $0.cpu = cpu })
        #expect(try test.output(of: "grep Cpus_allowed_list /proc/self/status").hasSuffix("\t0\n"))
        cpu.cpus = "4096"
        #expect(throws: CgroupError.self) { try test.cgroup.apply(resources { $0.cpu = cpu }) }
    }

    @Test("refuses a process more than the limit")
    func limitsPids() throws {
        let test = try TestCgroup()
        try test.cgroup.apply(resources { $0.pids = .init(limit: 3) })
        // The shell is the first; the third of its children fails.
        let text = try test.output(
            of: "for i in 1 2 3; do sleep 1000 <&- >&- 2>&- & done 2>/dev/null; wait; echo unreached")
        #expect(!text.contains("unreached"))
        #expect(try test.cgroup.statistics().pids?.limit == 3)
        try test.cgroup.apply(resources { $0.pids = .init(limit: -1) })
        #expect(try test.cgroup.statistics().pids?.limit == nil)
    }

    @Test(
        "lets the devices be opened that its rules allow, and no other",
        .enabled(if: DeviceDirectory.found != nil, "every directory is mounted nodev"))
    func limitsDevices() throws {
        let test = try TestCgroup()
        try test.cgroup.apply(DeviceRules(container: []))
        #expect(try test.run("echo x > /dev/null && head -c 1 /dev/zero > /dev/null").shellCode == 0)
        // Nodes may be made, but the disk they name is not opened.
        let node = DeviceDirectory.path("kmsg")
        defer { unlink(node) }
        #expect(try test.run("mknod \(node) c 1 11").shellCode == 0)
        #expect(try test.run("exec 3< \(node)").shellCode != 0)
        let (major, minor) = (UInt32(1), UInt32(11))
        try test.cgroup.apply(
            DeviceRules(container: [.init(allow: true, .character, major: major, minor: minor, access: "r")]))
        #expect(try test.run("exec 3< \(node)").shellCode == 0)
        #expect(try test.run("exec 3> \(node)").shellCode != 0)
        try test.cgroup.apply(DeviceRules([.init(allow: true)]))
        #expect(try test.run("exec 3< \(node) 4> \(node)").shellCode == 0)
    }

    @Test("stops all its processes, and lets them go on")
    func freezes() throws {
        let test = try TestCgroup()
        let child = try test.start("while :; do :; done")
        try test.cgroup.freeze()
        #expect(try test.cgroup.isFrozen())
        let before = try test.cgroup.statistics().cpu?.total
        // A running process would use a time slice meanwhile.
        for _ in 0..<1000 { sched_yield() }
        #expect(try test.cgroup.statistics().cpu?.total == before)
        try test.cgroup.thaw()
        #expect(try !test.cgroup.isFrozen())
        try test.cgroup.kill()
        #expect(try child.wait().shellCode == 137)
    }

    @Test("ends a fork bomb, and the cgroups that it made")
    func kills() throws {
        let test = try TestCgroup()
        try test.cgroup.apply(resources { $0.pids = .init(limit: 200) })
        let child = try test.start(
            "i=0; while [ $i -lt 30 ]; do (while :; do /bin/true & wait; done) & i=$((i+1)); done; wait")
        while try test.cgroup.processes().count < 20 { sched_yield() }
        try test.cgroup.kill()
        _ = try child.wait()
        try test.cgroup.delete()
        #expect(try test.cgroup.processes().isEmpty)
    }

    @Test("ends frozen processes too")
    func killsFrozen() throws {
        let test = try TestCgroup()
        let child = try test.start("sleep 1000")
        try test.cgroup.freeze()
        try test.cgroup.kill()
        #expect(try child.wait().shellCode == 137)
    }

    @Test("goes with all cgroups below it, however deep")
    func removesNested() throws {
        let test = try TestCgroup()
        for mountPoint in mounts.v1.map(\.mountPoint) + (mounts.unified.map { [$0] } ?? []) {
            var current = try FileDescriptor.directory(mountPoint + test.cgroup.path.description)
            for _ in 0..<50 {
                try current.makeDirectory("nested", mode: 0o755)
                try current.makeDirectory("beside", mode: 0o755)
                current = try current.openChild("nested", flags: O_RDONLY | O_DIRECTORY)
            }
        }
        try test.cgroup.delete()
        for mountPoint in mounts.v1.map(\.mountPoint) + (mounts.unified.map { [$0] } ?? []) {
            #expect((try? FileDescriptor.status(of: mountPoint + test.cgroup.path.description)) == nil)
        }
        try test.cgroup.delete()  // A second time is no error.
    }

    @Test("is not taken over while somebody else's processes are in it")
    func refusesForeign() throws {
        let test = try TestCgroup()
        let child = try test.start("exec sleep 1000")
        let error = #expect(throws: CgroupError.self) { try test.cgroup.create() }
        guard case .busy(_, let processes)? = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(processes == [child.pid])
        try test.cgroup.kill()
        _ = try child.wait()
        try test.cgroup.create()  // Empty again.
    }

    @Test("is made and removed by many at once, the parent that they share too")
    func sharesParent() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    for round in 0..<10 {
                        let path = try CgroupPath(containerID: "test-\(getpid())-\(number)-\(round)")
                        let cgroup = try CgroupMounts.detect().cgroup(at: path)
                        try cgroup.create()
                        try cgroup.delete()
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("says which controller is missing for a limit, and sets nothing silently")
    func namesMissingController() throws {
        let test = try TestCgroup()
        let page = RuntimeSpec.HugepageLimit(pageSize: "3MB", limit: 0)
        #expect(throws: CgroupError.self) { try test.cgroup.apply(resources { $0.hugepageLimits = [page] }) }
        #expect(throws: CgroupError.self) {
            try test.cgroup.apply(resources { $0.other = ["network": ["classID": 1]] })
        }
        var blockIO = RuntimeSpec.BlockIO()
        blockIO.leafWeight = 100
        #expect(throws: CgroupError.self) { try test.cgroup.apply(resources { $0.blockIO = blockIO }) }
        if mounts.isV1 {
            #expect(throws: CgroupError.self) { try test.cgroup.apply(resources { $0.unified = ["memory.high": "1"] }) }
        } else {
            try test.cgroup.apply(resources { $0.unified = ["memory.high": "16777216"] })
            #expect(throws: CgroupError.self) {
                try test.cgroup.apply(resources { $0.unified = ["../memory.high": "1"] })
            }
        }
    }
}
