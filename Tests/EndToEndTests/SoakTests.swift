import Glibc
import Linux
import Testing
import TestSupport

@Suite("Fifty containers for half an hour", .enabled(if: TestStore.isRunnable, TestStore.reason), .serialized)
struct SoakTests {
    /// In seconds: HAKO_SOAK_SECONDS, or half an hour with HAKO_TEST_ALL=1.
    private static let duration: Int? =
        getenv("HAKO_SOAK_SECONDS").flatMap { Int(String(cString: $0)) } ?? (getenv("HAKO_TEST_ALL") == nil ? nil : 1800)

    /// What must not grow: in KiB, or how many.
    struct Sample: CustomStringConvertible {
        var monitors: Int
        var meanMemory: Int
        var largestMemory: Int
        var store: Int
        var runRoot: Int
        var mounts: Int
        var cgroups: Int
        var links: Int
        var description: String {
            "\(monitors) monitors of \(meanMemory) KiB, the largest \(largestMemory); store \(store) KiB, run root \(runRoot) KiB; "
                + "\(mounts) mounts, \(cgroups) cgroups, \(links) links"
        }
    }

    @Test(
        "that log, restart, fail health checks and are killed: neither memory, store nor kernel objects grow",
        .enabled(if: duration != nil, "takes half an hour: HAKO_TEST_ALL=1, or HAKO_SOAK_SECONDS"))
    func soak() throws {
        let store = try TestStore()
        try start(store)
        let began = Timings.monotonicNanoseconds()
        let duration = Self.duration ?? 0
        var samples: [Sample] = []
        var round = 0
        while Int((Timings.monotonicNanoseconds() - began) / 1_000_000_000) < duration {
            try disturb(store, round)
            round += 1
            // As many as a minute has in the whole run; the first ones come while everything still begins.
            usleep(UInt32(clamping: duration * 1_000_000 / 40))
            samples.append(try sample(store))
            print("soak: \(samples[samples.count - 1])")
        }
        try expectFlat(samples)
        #expect(try store.output("ps", "-q").split(separator: "\n").count == 50)
        let ids = try store.output("ps", "-aq", "--no-trunc").split(separator: "\n").map(String.init)
        _ = try store.output(["rm", "-f"] + ids)
        try store.expectNothingLeft(of: ids)
    }

    private func start(_ store: TestStore) throws {
        let kinds: [(name: String, count: Int, options: [String], script: String)] = [
            ("logs", 20, ["--log-opt", "max-size=100k", "--log-opt", "max-file=2"],
             "while :; do head -c 1500 /dev/zero | tr '\\0' x; echo; sleep 0.2; done"),
            // So that each run is one that stayed, and the pause begins anew.
            ("fails", 10, ["--restart", "on-failure"], "echo up; sleep 11; exit 1"),
            ("sick", 10, ["--health-cmd", "test $(($(date +%s) / 5 % 2)) = 0", "--health-interval", "1s", "--health-retries", "1"],
             "exec sleep 100000"),
            ("killed", 10, ["--restart", "always"], "exec sleep 100000"),
        ]
        for kind in kinds {
            for number in 0..<kind.count {
                let words = ["run", "-d", "--name", "\(kind.name)\(number)"] + kind.options + ["busybox", "sh", "-c", kind.script]
                #expect(try store.hako(words).status == 0)
            }
        }
    }

    /// Kills some, from outside and by `hako`, and replaces one.
    private func disturb(_ store: TestStore, _ round: Int) throws {
        for number in 0..<9 {
            let pid = try store.inspect("killed\(number)", "{{.State.Pid}}")
            if pid != "0" { _ = try store.shell("kill -9 \(pid)") }
        }
        try store.hako("kill", "logs\(round % 20)").expectSuccess()
        try store.hako("start", "logs\(round % 20)").expectSuccess()
        try store.hako("rm", "-f", "killed9").expectSuccess()
        try store.hako("run", "-d", "--name", "killed9", "busybox", "sleep", "100000").expectSuccess()
        _ = try store.hako("exec", "sick0", "true")
    }

    private func sample(_ store: TestStore) throws -> Sample {
        let script = """
            sizes=$(for p in $(pgrep -f '[h]ako-runtime monitor.*\(store.runRoot)'); do
              awk '/^Pss:/ { print $2 }' /proc/$p/smaps_rollup 2> /dev/null; done)
            echo "$sizes" | awk 'NF { n++; s += $1; if ($1 > m) m = $1 } END { print n + 0, int(s / (n ? n : 1)), m + 0 }'
            du -sk \(store.root) | cut -f1; du -sk \(store.runRoot) | cut -f1
            cat /proc/[0-9]*/mountinfo 2> /dev/null | grep -c -F '\(store.root)'
            find /sys/fs/cgroup/*/hako /sys/fs/cgroup/hako -maxdepth 1 -type d 2> /dev/null | grep -c -F "$($HAKO ps -aq --no-trunc)"
            ip -o link | grep -c -F "$($HAKO ps -aq | sed 's/^/veth/; s/..$//')"
            """
        let numbers = try store.shell(script).output.split { $0 == "\n" || $0 == " " }.compactMap { Int($0) }
        try #require(numbers.count == 8, "\(numbers)")
        return Sample(
            monitors: numbers[0], meanMemory: numbers[1], largestMemory: numbers[2], store: numbers[3], runRoot: numbers[4],
            mounts: numbers[5], cgroups: numbers[6], links: numbers[7])
    }

    /// The last third beside the first, which begins once logs are as long as they get.
    private func expectFlat(_ samples: [Sample]) throws {
        try #require(samples.count >= 9, "too few samples: \(samples.count)")
        let third = samples.count / 3
        let (first, last) = (samples[(third / 2)..<(third + third / 2)], samples.suffix(third))
        func mean(_ part: ArraySlice<Sample>, _ value: (Sample) -> Int) -> Double {
            Double(part.reduce(0) { $0 + value($1) }) / Double(part.count)
        }
        // Pages that a monitor has got for good come in steps, shared ones are divided by how many map them.
        let bounds: [(String, (Sample) -> Int, Double, Double)] = [
            ("memory of a monitor", { $0.meanMemory }, 1.1, 32), ("memory of the largest monitor", { $0.largestMemory }, 1.2, 64),
            ("store", { $0.store }, 1.1, 2048), ("run root", { $0.runRoot }, 1.1, 2048), ("mounts", { $0.mounts }, 1.05, 4),
            ("cgroups", { $0.cgroups }, 1.05, 15), ("links", { $0.links }, 1.05, 2),
        ]
        for (name, value, factor, slack) in bounds {
            let (before, after) = (mean(first, value), mean(last, value))
            #expect(after <= before * factor + slack, "\(name): \(before) at first, \(after) at the end")
        }
    }
}
