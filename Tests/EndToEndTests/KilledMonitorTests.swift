import Glibc
import Linux
import Testing
import TestSupport

@Suite("A container whose monitor was killed", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct KilledMonitorTests {
    /// Kills it, and returns when it is gone.
    private func killMonitor(_ store: TestStore, _ name: String) throws {
        let id = try store.inspect(name, "{{.Id}}")
        try store.shell(
            "p=$(pgrep -f '[h]ako-runtime monitor.*\(id)') && kill -9 $p && while [ -e /proc/$p ]; do sleep 0.01; done"
        ).expectSuccess()
    }

    private func started(_ options: String..., program: [String] = ["sleep", "1000"]) throws -> TestStore {
        let store = try TestStore()
        _ = try store.output(["run", "-d", "--name", "box"] + options + ["busybox"] + program)
        try killMonitor(store, "box")
        return store
    }

    @Test("goes on, is shown so, and takes exec, pause, update and signals")
    func goesOn() throws {
        let store = try started(program: ["sh", "-c", "trap 'echo caught > /caught' USR1; echo up; while :; do sleep 0.05; done"])
        #expect(try store.output("ps", "--format", "{{.Names}} {{.State}} {{.Status}}").hasPrefix("box running Up"))
        #expect(try store.output("exec", "box", "echo", "there") == "there")
        #expect(try store.output("logs", "box") == "up")
        #expect(try store.output("top", "box").contains("sleep"))
        #expect(try store.output("update", "--pids-limit", "50", "box") == "box")
        #expect(try store.output("pause", "box") == "box" && store.output("unpause", "box") == "box")
        #expect(try store.output("kill", "-s", "USR1", "box") == "box")
        #expect(try store.output("exec", "box", "sh", "-c", "until [ -e /caught ]; do sleep 0.01; done; cat /caught") == "caught")
        let attached = try store.hako("attach", "box")
        #expect(attached.status == 1 && attached.error.contains("its monitor") && attached.error.contains("hako restart box"), "\(attached)")
        #expect(try store.hako("rm", "box").error.contains("is running"))
        #expect(try store.hako("start", "box").status == 0)
        #expect(try store.output("restart", "-t", "0", "box") == "box")
        #expect(try store.output("logs", "--tail", "1", "box") == "up")
        #expect(try store.output("rm", "-f", "box") == "box")
        try store.expectNothingLeft()
    }

    // Linux 6.15 tells an end to who isn't the parent.
    private static let tellsEnds: Bool = {
        let words = (try? ProgramRun.of("/bin/uname", ["-r"]).text.split(separator: ".").prefix(2).compactMap { Int($0) }) ?? []
        return words.count == 2 && (words[0], words[1]) >= (6, 15)
    }()

    @Test("is stopped as any other, with the exit code that it chose, and waited for", arguments: [
        (["stop", "-t", "5", "box"], 3), (["stop", "-t", "0", "-s", "USR2", "box"], 137), (["kill", "box"], 137),
    ])
    func stopped(_ words: [String], _ code: Int) throws {
        let store = try started("-p", "127.0.0.1::80", program: ["sh", "-c", "trap 'exit 3' TERM; trap : USR2; while :; do sleep 0.05; done"])
        let id = try store.inspect("box", "{{.Id}}")
        #expect(try store.output(words) == "box")
        let known = Self.tellsEnds ? code : 255
        #expect(try store.inspect("box", "{{.State.Status}} {{.State.ExitCode}}") == "exited \(known)")
        #expect(try store.output("wait", "box") == "\(known)")
        let events = try store.output("events", "--since", "1h", "--until", "0s", "-f", "event=die", "--format", "{{json .}}")
        #expect(events.count(of: "\"exitCode\":\"\(known)\"") == 1 && events.split(separator: "\n").count == 1, "\(events)")
        // What the monitor would have cleaned up.
        #expect(try store.shell("find /sys/fs/cgroup -name \(id); ls \(store.runRoot)/containers").text == "")
        #expect(try store.output("start", "box") == "box")
        #expect(try store.output("rm", "-f", "box") == "box")
        try store.expectNothingLeft(of: [id])
    }

    @Test("has its end told to who waits, and else the truth: that nobody saw it", arguments: [true, false])
    func ended(_ isWaitedFor: Bool) throws {
        let store = try started("-v", "/data", program: ["sh", "-c", "until [ -e /go ]; do sleep 0.02; done; exit 5"])
        if isWaitedFor {
            let file = store.scratch.path("code")
            try store.shell("$HAKO wait box > \(file) & sleep 0.3; $HAKO exec box touch /go; wait").expectSuccess()
            let code = String(decoding: try FileDescriptor.contents(of: file), as: UTF8.self)
            #expect(code == (Self.tellsEnds ? "5\n" : "255\n"))
        } else {
            _ = try store.output("exec", "box", "touch", "/go")
            for _ in 0..<500 where try store.inspect("box", "{{.State.Running}}") == "true" { usleep(20_000) }
            #expect(try store.inspect("box", "{{.State.Status}} {{.State.ExitCode}}") == "exited 255")
            #expect(try store.inspect("box", "{{.State.Error}}").contains("nobody was watching"))
        }
        #expect(try store.output("rm", "-v", "box") == "box")
        try store.expectNothingLeft()
    }

    @Test("goes by itself once it has ended if it was made with --rm")
    func autoRemoved() throws {
        let store = try started("--rm")
        #expect(try store.output("stop", "-t", "0", "box") == "box")
        #expect(try store.output("ps", "-aq") == "")
        try store.expectNothingLeft()
    }

    @Test("is an error that says so where it was just being started, and leaves nothing but its row", arguments: [false, true])
    func whileStarting(_ killsBoth: Bool) throws {
        let store = try TestStore()
        let parent = "hako-killed-\(getpid())-\(killsBoth)"
        defer { _ = try? ProgramRun.of("/bin/sh", ["-c", "rmdir /sys/fs/cgroup/\(parent) /sys/fs/cgroup/*/\(parent) 2> /dev/null"]) }
        // From before the monitor has its settings until after the program runs.
        let run = try store.shell(
            """
            cd \(store.scratch.root)
            for n in $(seq 0 3 60); do
              $HAKO run -d --name box$n --cgroup-parent \(parent) --network none busybox sleep 1000 > out 2>&1 & hako=$!
              sleep 0.0$(printf %02d $n); [ \(killsBoth) = true ] && kill -9 $hako 2> /dev/null
              kill -9 $(pgrep -f '[h]ako-runtime monitor.*\(store.runRoot)') 2> /dev/null
              wait $hako || [ \(killsBoth) = true ] || grep -q 'monitor ended unexpectedly' out || cat out
            done
            """)
        #expect(run.output == "", "\(run)")
        let left = try store.output("ps", "-aq").split(separator: "\n").map(String.init)
        if !left.isEmpty { _ = try store.output(["rm", "-f"] + left) }
        try store.expectNothingLeft()
        #expect(try store.shell("find /sys/fs/cgroup -type d -path '*/\(parent)/*'; ls \(store.runRoot)/runtime").text == "")
    }
}
