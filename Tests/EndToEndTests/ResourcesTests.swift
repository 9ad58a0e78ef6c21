import Glibc
import Linux
import TestSupport
import Testing

@Suite("Looking at and changing a container that runs", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ResourcesTests {
    @Test("update changes limits at once, and for the next start")
    func update() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "-m", "64m", "--cpus", "0.5", "busybox", "sleep", "1000")
        #expect(try store.output("update", "-m", "96m", "--cpus", "0.25", "--pids-limit", "20", "box") == "box")
        #expect(try memoryLimit(store) == 96 << 20)
        #expect(try store.inspect("box", "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}") == "100663296 250000000 20")
        let forks = try store.hako("exec", "box", "sh", "-c", "for i in $(seq 40); do sleep 100 & done; wait")
        #expect(forks.error.contains("fork"), "\(forks)")
        try store.hako("restart", "-t", "0", "box")
        #expect(try memoryLimit(store) == 96 << 20)
        try store.hako("update", "--pids-limit", "-1", "box")
        #expect(try store.hako("exec", "box", "sh", "-c", "for i in $(seq 40); do sleep 0.1 & done; wait").status == 0)
    }

    @Test("update slows down what runs", .timeLimit(.minutes(10)))
    func quota() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "busy", "busybox", "sh", "-c", "while :; do :; done")
        let before = try throttled(store)
        try store.hako("update", "--cpus", "0.1", "busy")
        var periods = before
        for _ in 0..<600 where periods <= before + 5 {
            usleep(50_000)
            periods = try throttled(store)
        }
        #expect(periods > before + 5)
    }

    @Test("update refuses what contradicts, what is too little and what can't be taken away, and changes nothing")
    func refusals() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "-m", "64m", "--cpus", "0.5", "busybox", "sleep", "1000")
        for (words, reason) in [
            (["-m", "1m"], "Minimum memory limit allowed is 6MB"), (["--cpu-period", "50000"], "Conflicting options"),
            (["--cpuset-cpus", "4095"], "Requested CPUs are not available"), ([], "you must provide one or more flags"),
        ] {
            let run = try store.hako(["update"] + words + ["box"])
            #expect(run.status == 1 && run.error.contains(reason), "\(run)")
        }
        #expect(try store.hako("update", "-m", "64m", "nobody").status == 1)
        #expect(try memoryLimit(store) == 64 << 20)
        #expect(try store.inspect("box", "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}") == "67108864 500000000")
    }

    @Test("top lists the container's processes and no other's")
    func top() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sh", "-c", "sleep 1001 & exec sleep 1002")
        // The shell's own words have both.
        try waitUntil { try !store.output("top", "box").contains("exec sleep") }
        let lines = try store.hako("top", "box").lines
        #expect(lines[0].split(separator: " ").prefix(3) == ["UID", "PID", "PPID"])
        #expect(lines.dropFirst().filter { $0.contains("sleep 100") }.count == 2 && lines.filter { !$0.isEmpty }.count == 3)
        let chosen = try store.hako("top", "box", "-o", "pid,args").lines
        #expect(chosen.first?.split(separator: " ") == ["PID", "COMMAND"])
        #expect(chosen.count { $0.contains("sleep 100") } == 2, "\(chosen)")
        #expect(try store.hako("top", "box", "-o", "args").error.contains("Couldn't find PID field in ps output"))
        #expect(try store.hako("top", "box", "--bogus").status == 1)
        try store.hako("stop", "-t", "0", "box")
        #expect(try store.hako("top", "box").error.contains("is not running"))
    }

    @Test("attach shows the output, passes the input on and ends with the container's exit code")
    func attach() throws {
        let store = try TestStore()
        try store.hako("run", "-di", "--name", "box", "busybox", "sh", "-c", "read word; echo got $word; exit 7")
        let run = try store.hako("attach", "box", input: "hello\n")
        #expect(run.status == 7 && run.output == "got hello\n", "\(run)")
        #expect(try store.hako("attach", "box").error.contains("You cannot attach to a stopped container, start it first"))
        try store.hako("run", "-d", "--name", "still", "busybox", "sleep", "1000")
        try store.hako("pause", "still")
        #expect(try store.hako("attach", "still").error.contains("You cannot attach to a paused container, unpause it first"))
    }

    private func memoryLimit(_ store: borrowing TestStore) throws -> Int64? {
        let id = try store.inspect("box", "{{.Id}}")
        let text = try store.shell(
            "cat /sys/fs/cgroup/memory/hako/\(id)/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/hako/\(id)/memory.max")
        return Int64(text.text)
    }

    private func throttled(_ store: borrowing TestStore) throws -> Int {
        let id = try store.inspect("busy", "{{.Id}}")
        let text = try store.shell(
            "awk '/nr_throttled/{print $2}' $(ls /sys/fs/cgroup/cpu*/hako/\(id)/cpu.stat /sys/fs/cgroup/hako/\(id)/cpu.stat 2>/dev/null | head -1)")
        return Int(text.text) ?? 0
    }
}
