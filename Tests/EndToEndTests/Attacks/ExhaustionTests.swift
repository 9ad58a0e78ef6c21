import Glibc
import Linux
import Testing
import TestSupport

@Suite("Containers that take all they can get", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ExhaustionTests {
    @Test("are removed while they fork, and nothing of them is left (T-X1)")
    func forkBomb() throws {
        let store = try TestStore()
        try store.hako(
            "run", "-d", "--name", "bomb", "--pids-limit", "300", "busybox", "sh", "-c",
            "f() { f | f & }; f; while :; do f; done")
        let id = try store.inspect("bomb", "{{.Id}}")
        #expect(try store.output("rm", "-f", "bomb") == "bomb")
        #expect(try ProgramRun.of("/usr/bin/find", ["/sys/fs/cgroup", "-name", "*\(id)*"]).output == "")
        #expect(try store.output("system", "check") == "The store is whole.")
    }

    @Test("are removed with trees deeper than any path, and with many files (T-X1)")
    func deepTree() throws {
        let store = try TestStore()
        let words = ["run", "--name", "deep"] + (try store.probe())
        let script =
            "/attack/container-probe deep-tree 1000 && mkdir /many && cd /many && seq 5000 | xargs touch && echo made"
        let run = try store.hako(words + ["busybox", "sh", "-c", script])
        #expect(run.text == "made", "\(run)")
        let id = try store.inspect("deep", "{{.Id}}")
        #expect(try store.output("rm", "deep") == "deep")
        #expect(try ProgramRun.of("/bin/ls", [store.root + "/containers/" + id]).status != 0)
    }

    @Test(
        "end by themselves, and leave others alone, when they fill memory that is nobody's (T-X2)",
        arguments: [
            "dd if=/dev/zero of=/t/x bs=1M count=60", "dd if=/dev/zero of=/dev/shm/x bs=1M count=60",
            "/attack/container-probe fill-pipes",
        ])
    func memory(command: String) throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "other", "busybox", "sleep", "1000")
        let words =
            ["run", "--name", "hungry", "-m", "16m", "--memory-swap", "16m", "--tmpfs", "/t"] + (try store.probe())
        let run = try store.hako(words + ["busybox", "sh", "-c", "exec " + command])
        #expect(run.status == 137, "\(run)")
        #expect(try store.inspect("hungry", "{{.State.OOMKilled}}") == "true")
        #expect(try store.output("exec", "other", "echo", "alive") == "alive")
    }

    @Test("let exec come to an end when they are full (T-X2)")
    func execIntoFull() throws {
        let store = try TestStore()
        try store.hako(
            "run", "-d", "--name", "full", "-m", "16m", "--memory-swap", "16m", "busybox", "sh", "-c",
            "dd if=/dev/zero of=/dev/shm/x bs=1M count=60; exec sleep 1000")
        // Whether there is room for it or not: it says so.
        for _ in 0..<5 { #expect(try store.hako("exec", "full", "true").status != 124) }
        #expect(try store.output("rm", "-f", "full") == "full")
    }

    @Test("fill neither the disk nor their monitor with output that has no line ends (T-X3)")
    func output() throws {
        let store = try TestStore()
        try store.hako(
            "run", "-d", "--name", "loud", "--log-opt", "max-size=1m", "--log-opt", "max-file=2", "busybox", "sh", "-c",
            "head -c 50000000 /dev/zero | tr '\\0' x; : > /done; exec sleep 1000")
        #expect(try store.hako("exec", "loud", "sh", "-c", "until [ -e /done ]; do :; done").status == 0)
        let id = try store.inspect("loud", "{{.Id}}")
        let sizes = try store.shell("stat -c %s \(store.root)/containers/\(id)/*-json.log*").lines.compactMap {
            Int($0)
        }
        #expect(!sizes.isEmpty && sizes.reduce(0, +) <= 2_200_000, "\(sizes)")
        let memory = try store.shell(
            "awk '/RssAnon/{print $2}' /proc/$(pgrep -f '[h]ako-runtime monitor.*\(id)' | head -1)/status")
        // In KiB; the kernel counts its own pages of a process in batches.
        #expect((Int(memory.text) ?? .max) <= 2048, "\(memory)")
    }

    @Test(
        "fill neither the disk nor their monitor with open files, health checks, programs and readers without end (T-X3)",
        arguments: [["json-file"], ["local"]])
    func floods(driver: [String]) throws {
        let store = try TestStore()
        let options =
            ["--log-driver"] + driver + ["--log-opt", "max-size=1m", "--log-opt", "max-file=2", "--health-interval", "50ms"]
            + ["--health-cmd", "cat /dev/zero", "--health-timeout", "200ms"] + (try store.probe())
        // A limit of open files above the caller's own takes a capability of the host's that is not everywhere.
        try store.hako(
            ["run", "-d", "--name", "loud"] + options + [
                "busybox", "sh", "-c",
                "/attack/container-probe hold-descriptors 100000 > /held & exec cat /dev/zero",
            ]
        ).expectSuccess()
        let id = try store.inspect("loud", "{{.Id}}")
        let seen = try store.shell(
            """
            cd '\(store.scratch.root)'; mkfifo attached ran; exec 7<> attached 8<> ran
            $HAKO exec loud sh -c 'until [ -s /held ]; do sleep 0.1; done; cat /held'
            $HAKO attach --no-stdin loud > attached & reader=$!; $HAKO exec loud cat /dev/zero > ran & program=$!
            streak() { $HAKO inspect -f '{{.State.Health.FailingStreak}}' loud; }; first=$(streak)
            until [ $(streak) -gt $((first + 5)) ]; do kill -0 $program || exit; done
            cat /proc/$(pgrep -f '[h]ako-runtime monitor.*\(id)' | head -1)/status /proc/$program/status | awk '/RssAnon/{print $2}'
            stat -c %s \(store.root)/containers/\(id)/*.log* | awk '{n += $1} END {print n}'
            kill -KILL $reader $program
            """)
        let numbers = seen.lines.compactMap { Int($0) }
        try #require(numbers.count == 3, "\(seen)")
        // Of the monitor and of exec in KiB, of the log's files in bytes.
        #expect(seen.lines.first == "holds 100000" && numbers[0] <= 2048 && numbers[1] <= 8192, "\(seen)")
        #expect((1...2_200_000).contains(numbers[2]), "\(seen)")
        #expect(try store.output("rm", "-f", "loud") == "loud")
        try store.expectNothingLeft()
    }

    @Test("on a full disk get clear errors; room can be made, and the store stays whole (T-X4)")
    func fullDisk() throws {
        let disk = try LoopDisk(megabytes: 64)
        let store = try TestStore(images: [], environment: ["HAKO_ROOT": disk.path + "/root"])
        #expect(try store.hako("load", "-q", "-i", TestImages.archive("busybox")).status == 0)
        let filled = try store.hako("run", "--name", "filler", "busybox", "sh", "-c", "dd if=/dev/zero of=/big bs=64k")
        #expect(filled.status == 1 && filled.error.contains("No space left"), "\(filled)")
        try store.shell("dd if=/dev/zero of=\(disk.path)/rest bs=4k; true").expectSuccess()
        // Each may find room, or says what is missing.
        for words in [
            ["run", "--rm", "busybox", "true"], ["tag", "busybox", "other"],
            ["create", "--name", "second", "busybox", "true"],
        ] {
            let run = try store.hako(words)
            #expect(
                run.status == 0 || run.error.lowercased().contains("space") || run.error.contains("full"),
                "\(words): \(run)")
        }
        _ = try store.output("ps", "-a")
        _ = try store.output("rm", "-f", "filler")
        try store.shell("rm \(disk.path)/rest").expectSuccess()
        #expect(try store.output("run", "--rm", "busybox", "echo", "again") == "again")
        #expect(try store.output("system", "check") == "The store is whole.")
    }

    @Test("and a hako that stands still at any moment keep nobody else waiting for ever (T-X5)", .timeLimit(.minutes(10)))
    func stoppedPrograms() throws {
        let store = try TestStore()
        for number in 0..<20 {
            let child = try store.start(["run", "-d", "--name", "box\(number)", "--network", "none", "busybox", "sleep", "1000"])
            var entries = [PollEntry(child.pidfd.number, .readable)]
            // The moment is what the test is about: any is right.
            _ = try PollEntry.wait(&entries, timeoutMilliseconds: CInt(number * 4))
            try child.send(signal: SIGSTOP)
            defer {
                try? child.send(signal: SIGCONT)
                _ = try? child.wait()
            }
            // Tells a hang from an answer. In the middle of a transaction it keeps others from writing, which they say.
            let listed = try store.shell("timeout 40 $HAKO ps -a > /dev/null")
            #expect(
                listed.status == 0 || listed.error.contains("database is locked"), "stopped after \(number * 4) ms: \(listed)")
        }
        let ids = try store.output("ps", "-aq").split(separator: "\n").map(String.init)
        #expect(try store.hako(["rm", "-f"] + ids).status == 0)
        try store.expectNothingLeft()
    }

    @Test("and are used very often leave their monitor as it was (T-X5)")
    func oftenUsed() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sh", "-c", "while :; do sleep 1; done").expectSuccess()
        let count = getenv("HAKO_TEST_ALL") == nil ? 20 : 3000
        let script = """
            p=$(pgrep -f '[h]ako-runtime monitor.*\(store.runRoot)'); look() { ls -l /proc/$p/fd | grep -vc -e /sys/fs/cgroup/ -e /usage$; awk '/^RssAnon/ { print $2 }' /proc/$p/status; }
            use() { for n in $(seq $1); do $HAKO exec box true; timeout -s KILL 0.1 $HAKO attach --no-stdin box; $HAKO kill -s CONT box > /dev/null; done; sleep 1.5; }
            use 5; look; use \(count); look
            """
        let numbers = try store.shell(script).lines.compactMap { Int($0) }
        // Descriptors, less those that it opens after five seconds to keep what the container uses; and KiB, which the kernel
        // counts in batches.
        #expect(numbers.count == 4 && numbers[0] == numbers[2] && numbers[3] <= numbers[1] + 128, "\(numbers)")
    }

    @Test("don't take with them what the host has mounted in their files (T-V3)")
    func removalCrossesNoMount() throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        try store.hako("run", "--name", "box", "busybox", "mkdir", "/m")
        let place = "\(store.root)/containers/\(try store.inspect("box", "{{.Id}}"))/upper/m"
        try store.shell("mount --bind \(canary.path) \(place)").expectSuccess()
        defer { _ = try? ProgramRun.of("/bin/umount", [place]) }
        // The host's mount stays in the way, or it is no obstacle; it isn't emptied.
        _ = try store.hako("rm", "-f", "box")
        #expect(try canary.changes() == [])
    }
}
