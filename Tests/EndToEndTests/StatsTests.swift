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
        // Of a processor that many others want at the same time, too.
        #expect(Double(cells[1].dropLast()) ?? 0 > 1, "\(cells)")
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

    @Test("the first look shows a mean that a quota does not make jump")
    func share() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "busy", "--cpus", "0.5", "busybox", "sh", "-c", "while :; do :; done")
        try store.hako("run", "-d", "--name", "idle", "busybox", "sleep", "1000")
        func share(_ name: String) throws -> Double {
            Double(try store.output("stats", "--no-stream", "--format", "{{.CPUPerc}}", name).dropLast()) ?? -1
        }
        // Just started, it is looked at for a moment: a quota is used up at the beginning of each period of 100 ms, and that moment
        // may see all or nothing of it.
        #expect((0...130).contains(try share("busy")))
        usleep(600_000)
        // One period too much at the most, in half a second.
        let shares = try (0..<8).map { _ in try share("busy") }
        #expect(shares.allSatisfy { $0 > 5 && $0 <= 62 }, "\(shares)")
        // Its start is a large part of its first seconds where the machine is emulated: looked at after the monitor has noted down
        // what came until then.
        sleep(6)
        #expect((0..<2).contains(try share("idle")))
    }

    @Test("what the monitor has noted down some seconds ago is what the first look begins with")
    func noted() throws {
        let store = try TestStore()
        try store.hako(
            "run", "-d", "--name", "box", "busybox", "sh", "-c", "timeout 1 sh -c 'while :; do :; done'; echo done; exec sleep 1000")
        try waitUntil { try store.output("logs", "box") == "done" }
        let id = try store.inspect("box", "{{.Id}}")
        let used = try store.shell(
            """
            cat /sys/fs/cgroup/cpuacct/hako/\(id)/cpuacct.usage 2> /dev/null ||
              awk '$1 == "usage_usec" { print $2 * 1000 }' /sys/fs/cgroup/hako/\(id)/cpu.stat
            """)
        func number(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) } }
        let head = Array("HAKOUSE1".utf8) + number(64 | 16 << 32) + [UInt8](repeating: 0, count: 48)
        let processor = try #require(UInt64(used.text))
        let now = UInt64(try #require(Int64(try store.shell("date +%s%N").text)))
        let sample = number(now) + number(processor) + [UInt8](repeating: 0xFF, count: 48)
        try FileDescriptor.open("\(store.root)/containers/\(id)/usage", flags: O_WRONLY | O_CREAT).writeAll(head + sample)
        usleep(600_000)
        // And not what it has done since its start.
        let share = try store.output("stats", "--no-stream", "--format", "{{.CPUPerc}}", "box")
        #expect(Double(share.dropLast()) ?? 100 < 2, "\(share)")
    }

    @Test("a live table overwrites itself, and ends with the last of the containers that were asked for")
    func live() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        let shown = store.scratch.path("shown")
        let run = try store.shell(
            """
            timeout 60 $HAKO stats box > \(shown) & stats=$!
            until [ $(grep -o $'\\e\\[H' \(shown) | wc -l) -ge 2 ]; do kill -0 $stats || break; sleep 0.1; done
            $HAKO rm -f box > /dev/null; wait $stats; code=$?; cat \(shown); echo $code
            """)
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
