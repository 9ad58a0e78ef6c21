import Glibc
import Linux
import TestSupport
import Testing

@Suite("What containers use", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct StatsTests {
    @Test("stats shows processor, memory, processes and traffic, by table and template")
    func stats() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "busy", "-m", "64m", "busybox", "sh", "-c", "while :; do :; done")
        try store.hako("create", "--name", "idle", "busybox", "true")
        let table = try store.hako("stats", "--no-stream").lines
        #expect(table.first?.split(separator: " ").joined(separator: " ") == "CONTAINER ID NAME CPU % MEM USAGE / LIMIT MEM % NET I/O BLOCK I/O PIDS")
        #expect(table.count { $0.contains("busy") } == 1 && !table.contains { $0.contains("idle") })
        let cells = try store.output(
            "stats", "--no-stream", "--format", "{{.Name}}|{{.CPUPerc}}|{{.MemUsage}}|{{.PIDs}}", "busy"
        ).split(separator: "|").map(String.init)
        #expect(cells.count == 4 && cells[0] == "busy" && cells[3] == "1")
        #expect(Double(cells[1].dropLast()) ?? 0 > 10, "\(cells)")
        #expect(cells[2].hasSuffix(" / 64MiB"), "\(cells)")
        let all = try store.output("stats", "--no-stream", "-a", "--format", "{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.PIDs}}")
        #expect(all.contains("idle 0.00% 0B / 0B 0"), "\(all)")
        #expect(try store.hako("stats", "--no-stream", "nobody").status == 1)
    }

    /// Whether this kernel tells how long processes waited.
    private static let hasPressure = access("/proc/pressure/cpu", R_OK) == 0

    @Test("stats shows pressure and throttling where they are asked for", .enabled(if: hasPressure, "the kernel has no PSI"))
    func pressure() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "busy", "--cpus", "0.1", "busybox", "sh", "-c", "while :; do :; done")
        let template = "{{.Throttled}}|{{.CPUPressure}}|{{.MemPressure}}|{{.IOPressure}}"
        var cells: [String] = []
        // Until the quota of a first period is used up.
        for _ in 0..<100 where cells.first?.hasPrefix("0 /") != false {
            cells = try store.output("stats", "--no-stream", "--format", template, "busy").split(separator: "|").map(String.init)
        }
        #expect(cells.count == 4 && cells[0].hasSuffix("s") && !cells[0].hasPrefix("0 /"), "\(cells)")
        #expect(cells.dropFirst().allSatisfy { $0.hasSuffix("%") }, "\(cells)")
        let wide = try store.hako("stats", "--no-stream", "--pressure").lines
        #expect(wide[0].hasSuffix("CPU PRESSURE   MEM PRESSURE   I/O PRESSURE   THROTTLED"), "\(wide)")
        #expect(wide.count == 2 && wide[1].split(separator: " ").count { $0.hasSuffix("%") } == 5, "\(wide)")
        let json = try store.output("stats", "--no-stream", "--format", "json", "busy")
        for name in ["CPUPerc", "CPUPressure", "MemPressure", "IOPressure", "Throttled"] { #expect(json.contains("\"\(name)\":\"")) }
    }

    @Test("stats shows what one processor does as 100 %, at its first look")
    func share() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "busy", "--cpus", "0.5", "busybox", "sh", "-c", "while :; do :; done")
        try store.hako("run", "-d", "--name", "idle", "busybox", "sleep", "1000")
        // Half a processor at most. A quota is used up at the beginning of each period of 100 ms: a single look may see all or
        // nothing of it.
        let shares = try (0..<8).map { _ in
            Double(try store.output("stats", "--no-stream", "--format", "{{.CPUPerc}}", "busy").dropLast()) ?? -1
        }
        #expect(shares.allSatisfy { $0 >= 0 && $0 <= 130 } && shares.contains { $0 > 10 }, "\(shares)")
        #expect(try store.output("stats", "--no-stream", "--format", "{{.CPUPerc}}", "idle") == "0.00%")
    }

    @Test("a live table overwrites itself, and ends with the last of the containers that were asked for")
    func live() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        let run = try store.shell("(sleep 1.5; $HAKO rm -f box) > /dev/null & timeout 60 $HAKO stats box; echo $?; wait")
        #expect(run.output.hasPrefix("\u{1B}[HCONTAINER ID"), "\(run)")
        #expect(run.output.count(of: "\u{1B}[H") >= 2 && run.output.contains(" \u{1B}[K\n") && run.text.hasSuffix("\u{1B}[J0"), "\(run)")
    }

    @Test("a container below another parent's cgroup is counted, too")
    func parent() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "--cgroup-parent", "/hako-stats-test", "busybox", "sleep", "1000")
        #expect(try store.output("stats", "--no-stream", "--format", "{{.PIDs}}", "box") == "1")
    }
}
