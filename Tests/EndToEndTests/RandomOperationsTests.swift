import Glibc
import Linux
import Testing
import TestSupport

@Suite("Random operations of several processes at once", .enabled(if: TestStore.isRunnable, TestStore.reason), .serialized)
struct RandomOperationsTests {
    private static let isWhole = getenv("HAKO_TEST_ALL") != nil
    private static let (workers, operations, phases) = isWhole ? (8, 500, 4) : (4, 60, 2)
    /// HAKO_TEST_SEED repeats what one run did, as far as the machine's own order allows.
    private static let seeds: [UInt64] =
        getenv("HAKO_TEST_SEED").flatMap { UInt64(String(cString: $0)) }.map { [$0] }
        ?? (0..<(isWhole ? 3 : 1)).map { _ in UInt64.random(in: 1...1_000_000) }

    @Test("with kills of them and of monitors in between, agree with what is there, and leave nothing", arguments: seeds)
    func operations(seed: UInt64) async throws {
        print("random operations: HAKO_TEST_SEED=\(seed)")
        let store = try TestStore()
        let field = OperationField(store, seed)
        defer { field.removeParent() }
        for phase in 0..<Self.phases {
            let steps = try await field.run(phase: phase, workers: Self.workers, each: Self.operations / Self.workers / Self.phases)
            for step in steps where !step.isPossible { Issue.record("seed \(seed): \(step)") }
            try field.expectAgreement(store)
        }
        let left = try store.output("ps", "-aq").split(separator: "\n").map(String.init)
        if !left.isEmpty { _ = try store.output(["rm", "-f"] + left) }
        try store.hako("volume", "prune", "-f").expectSuccess()
        try store.expectNothingLeft()
        try field.expectNothingLeft(store)
    }
}

/// The containers that all processes of a test work on: few names, so that they meet.
private struct OperationField: Sendable {
    private let program: String
    private let environment: [String: String]
    private let runRoot: String
    private let seed: UInt64
    /// Of all the containers' cgroups, which nobody else has.
    private let parent: String

    init(_ store: TestStore, _ seed: UInt64) {
        program = (TestStore.programs ?? "") + "/hako"
        environment = store.environment
        runRoot = store.runRoot
        self.seed = seed
        parent = "hako-random-\(getpid())-\(seed)"
    }

    /// What each process did, one after another.
    func run(phase: Int, workers: Int, each count: Int) async throws -> [Step] {
        try await withThrowingTaskGroup(of: [Step].self) { group in
            for worker in 0..<workers {
                let number = UInt64(phase * 100 + worker)
                group.addTask {
                    try await OwnThread.run {
                        var random = SplitMix(state: seed &* 1_000_003 &+ number)
                        return try (0..<count).map { _ in try step(&random) }
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func step(_ random: inout SplitMix) throws -> Step {
        let words = words(&random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<12:
            try kill(words, after: CInt.random(in: 0..<150, using: &random))
            return Step(words: words, run: nil)
        case 12..<20: try killMonitor(&random)
        default: break
        }
        // A program that is brought into a container which is paused at that moment stands still with it.
        let patience: CInt = words[0] == "exec" ? 10_000 : 120_000
        return Step(
            words: words, run: try ProgramRun.of(program, words, environment: environment, timeoutMilliseconds: patience))
    }

    private func words(_ random: inout SplitMix) -> [String] {
        let names = (0..<6).map { "name\($0)" }
        let name = names[Int.random(in: 0..<6, using: &random)]
        return switch Int.random(in: 0..<17, using: &random) {
        case 0: ["create"] + options(name, &random)
        case 1, 2: ["run", "-d"] + options(name, &random)
        case 3, 4: ["start", name]
        case 5: ["exec", name, "true"]
        case 6: ["update", "--pids-limit", "\(Int.random(in: 50..<200, using: &random))", name]
        case 7: ["pause", name]
        case 8: ["unpause", name]
        case 9: ["stop", "-t", "0", name]
        case 10: ["stop", "-t", "1", name]
        case 11: ["kill", name]
        case 12: ["kill", "-s", "TERM", name]
        case 13: ["restart", "-t", "0", name]
        case 14: ["rename", name, names[Int.random(in: 0..<6, using: &random)]]
        case 15: ["rm", name]
        default: ["rm", "-f", name]
        }
    }

    private func options(_ name: String, _ random: inout SplitMix) -> [String] {
        var words = ["--cgroup-parent", parent, "--name", name]
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4: words += ["--network", "none"]
        case 4..<7: words += ["-p", "127.0.0.1::80"]
        default: break
        }
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1: words += ["--restart", "on-failure:2"]
        case 2: words += ["--restart", "always"]
        case 3: words += ["--rm"]
        default: break
        }
        if Int.random(in: 0..<5, using: &random) == 0 { words += ["--health-cmd", "true", "--health-interval", "100ms"] }
        if Int.random(in: 0..<5, using: &random) == 0 { words += ["-v", "/data"] }
        let programs = [
            ["sleep", "1000"], ["sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.05; done"],
            ["sh", "-c", "sleep 0.2; exit 3"], ["sh", "-c", "while :; do echo line; sleep 0.02; done"],
        ]
        return words + ["busybox"] + programs[Int.random(in: 0..<4, using: &random)]
    }

    /// Kills the program itself, and not what it started.
    private func kill(_ words: [String], after milliseconds: CInt) throws {
        let own = environment.map { "\($0.key)=\($0.value)" }
        var spawn = Spawn(program, ["hako"] + words, environment: own)
        let null = try FileDescriptor.open("/dev/null", flags: O_RDWR)
        for number in 0..<3 as Range<CInt> { spawn.pass(null, as: number) }
        let child = try spawn.start()
        var entries = [PollEntry(child.pidfd.number, .readable)]
        // The moment is what the test is about: any is right.
        _ = try PollEntry.wait(&entries, timeoutMilliseconds: milliseconds)
        try child.send(signal: SIGKILL)
        _ = try child.wait()
    }

    private func killMonitor(_ random: inout SplitMix) throws {
        let found = try ProgramRun.of("/usr/bin/pgrep", ["-f", "[h]ako-runtime monitor.*\(runRoot)"]).lines.compactMap { pid_t($0) }
        guard !found.isEmpty else { return }
        _ = Glibc.kill(found[Int.random(in: 0..<found.count, using: &random)], SIGKILL)
    }

    /// A line for each container of which the store says something else than the kernel.
    private static let disagreements = """
        $HAKO ps -aq --no-trunc | while read id; do
          state=$($HAKO inspect -f '{{.State.Status}} {{.State.Pid}}' $id) || { echo "$id can't be inspected"; continue; }
          shown=$($HAKO ps -a --no-trunc -f id=$id --format '{{.State}}')
          [ "$shown" = "${state% *}" ] || echo "$id is $shown to ps and $state to inspect"
          there=" $(cat /sys/fs/cgroup/$P/$id/cgroup.procs /sys/fs/cgroup/*/$P/$id/cgroup.procs 2> /dev/null | sort -u | tr '\\n' ' ')"
          case $state in
            running*|paused*) [[ $there == *" ${state#* } "* ]] || echo "$id is $state, and in its cgroup are$there" ;;
            restarting*) ;;
            *) [ "$there" = " " ] || echo "$id is $state, and in its cgroup are$there" ;;
          esac
        done
        """

    /// That `ps`, `inspect` and the kernel say the same, once what was begun is done.
    func expectAgreement(_ store: TestStore) throws {
        var left = ""
        for _ in 0..<20 {
            left = try store.shell("P=\(parent)\n" + Self.disagreements).text
            if left.isEmpty { break }
            usleep(250_000)
        }
        #expect(left == "", "seed \(seed)")
    }

    /// Of what the test's store has alone: cgroups, ports of its bridge, elements of its rules, monitors, volumes.
    func expectNothingLeft(_ store: TestStore) throws {
        // As the store's bridge and table are named: FNV-1a of its path.
        let digits = String(store.root.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }, radix: 16)
        let mark = String(repeating: "0", count: 8 - digits.utf8.count) + digits
        let script = """
            for i in $(seq 100); do pgrep -f '[h]ako(-runtime monitor| --root).*\(store.scratch.root)' > /dev/null || break; sleep 0.1; done
            pgrep -fa '[h]ako(-runtime monitor| --root).*\(store.scratch.root)'
            find /sys/fs/cgroup -type d -path '*/\(parent)/*'
            find \(store.root)/volumes \(store.runRoot)/runtime -mindepth 1 2> /dev/null
            ls /sys/class/net/hako\(mark)/brif 2> /dev/null
            nft list table inet hako-\(mark) 2> /dev/null | grep elements
            true
            """
        var left = ""
        // A container's files are removed when the answer has been given.
        for _ in 0..<40 {
            left = try store.shell(script).text.split(separator: "\n").joined(separator: "\n")
            if left.isEmpty { break }
            usleep(250_000)
        }
        #expect(left == "", "seed \(seed)")
    }

    func removeParent() {
        // What is left in them was told.
        _ = try? ProgramRun.of("/bin/sh", ["-c", "rmdir /sys/fs/cgroup/\(parent) /sys/fs/cgroup/*/\(parent) 2> /dev/null"])
    }
}

/// One operation, and what came of it; nil where it was killed.
private struct Step: CustomStringConvertible, Sendable {
    let words: [String]
    let run: ProgramRun?

    var description: String { "\(words.joined(separator: " ")): \(run.map { "\($0)" } ?? "killed")" }

    /// Whether it succeeded, or says what can be so when others do the same at the same time.
    var isPossible: Bool {
        guard let run, run.status != 0 else { return true }
        // A program in a container that is ended meanwhile ends with it.
        if words[0] == "exec", run.status == 137 { return true }
        return run.status < 126 && Self.reasons.contains { run.error.contains($0) }
    }

    private static let reasons = [
        "No such container", "is not running", "is already running", "is already paused", "is not paused", "is restarting",
        "Conflict. The container name", "cannot start a paused container", "is running: stop the container before",
        "paused and must be unpaused first", "same name as its current name", "is paused, unpause the container",
        "was made with --rm",
        // Its monitor was killed.
        "the container's monitor ended unexpectedly",
        // The container ended while the program was brought into it.
        "cannot start the container's process", "cannot send the plan", "cannot join the cgroup",
    ]
}
