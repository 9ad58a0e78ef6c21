import Linux
import Testing
import TestSupport

@Suite("A container's limits", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct LimitTests {
    @Test("too much memory ends with a kill, and says so")
    func memory() throws {
        let store = try TestStore()
        // The file system in memory is charged to the container.
        let run = try store.hako(
            "run", "--name", "hungry", "-m", "16m", "--memory-swap", "16m", "busybox", "sh", "-c",
            "exec dd if=/dev/zero of=/dev/shm/x bs=1M count=60")
        #expect(run.status == 137, "\(run)")
        #expect(run.error.contains("the kernel killed a process of the container: its memory limit was reached"), "\(run)")
        #expect(try store.inspect("hungry", "{{.State.OOMKilled}} {{.State.ExitCode}}") == "true 137")
        let events = try store.output(
            "events", "--since", "1h", "--until", "0s", "--filter", "container=hungry", "--format", "{{.Action}}").split(separator: "\n")
        #expect(events.suffix(2) == ["oom", "die"], "\(events)")
        // Its next life is judged anew.
        try store.hako("update", "-m", "256m", "--memory-swap", "256m", "hungry")
        #expect(try store.hako("start", "-a", "hungry").status == 0)
        #expect(try store.inspect("hungry", "{{.State.OOMKilled}} {{.State.ExitCode}}") == "false 0")
    }

    @Test("a kill of a process that isn't the first one is told, too, of a container in the background")
    func memoryOfChild() throws {
        let store = try TestStore()
        try store.hako(
            "run", "-d", "--name", "hungry", "-m", "16m", "--memory-swap", "16m", "busybox", "sh", "-c",
            "dd if=/dev/zero of=/dev/shm/x bs=1M count=60; exit 3")
        try store.hako("wait", "hungry")
        #expect(try store.inspect("hungry", "{{.State.OOMKilled}} {{.State.ExitCode}}") == "true 3")
    }

    @Test("processes beyond the limit can't be made")
    func pids() throws {
        let store = try TestStore()
        let run = try store.hako(
            "run", "--rm", "--pids-limit", "8", "busybox", "sh", "-c",
            "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 100 & done; wait")
        #expect(run.error.contains("can't fork"), "\(run)")
    }

    @Test("a container with half a processor is throttled")
    func cpu() throws {
        let store = try TestStore()
        let run = try store.output(
            "run", "--rm", "--cpus", "0.5", "busybox", "sh", "-c",
            "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us 2>/dev/null || cat /sys/fs/cgroup/cpu.max")
        #expect(["50000\n100000", "50000 100000"].contains(run))
    }

    @Test("limits are refused where they make no sense", arguments: [
        (["-m", "4m"], "Minimum memory limit allowed is 6MB"),
        (["--memory-swap", "64m"], "You should always set the Memory limit"),
        (["-m", "64m", "--memory-swap", "32m"], "Minimum memoryswap limit"),
        (["--cpus", "1000"], "range of CPUs is from 0.01"), (["--cpuset-cpus", "4095"], "are not available"),
        (["--cpuset-cpus", "0-9999999999"], "Invalid value"), (["--blkio-weight", "5"], "Range of blkio weight"),
        (["--device-read-bps", "/dev/null:1mb"], "not a block device"), (["--cpus", "nan"], "invalid argument"),
        (["-m", "9223372036854775807g"], "invalid argument"),
    ])
    func refusals(options: [String], message: String) throws {
        let store = try TestStore()
        let run = try store.hako(["run", "--rm"] + options + ["busybox", "true"])
        #expect(run.status == 125, "\(run)")
        #expect(run.error.contains(message), "\(run)")
    }

    @Test("ulimits hold inside")
    func ulimits() throws {
        let store = try TestStore()
        #expect(try store.output("run", "--rm", "--ulimit", "nofile=100:200", "busybox", "sh", "-c", "ulimit -Sn; ulimit -Hn") == "100\n200")
    }
}
