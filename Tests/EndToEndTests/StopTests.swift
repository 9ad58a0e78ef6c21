import Glibc
import Linux
import TestSupport
import Testing

@Suite("Stopping a container", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct StopTests {
    /// What hako events tells of kills.
    private func signals(_ store: TestStore, _ name: String) throws -> [String] {
        try store.output(
            "events", "--since", "1h", "--until", "0s", "--filter", "container=\(name)", "--filter", "event=kill", "--format",
            "{{.Actor.Attributes.signal}}"
        ).split(separator: "\n").map(String.init)
    }

    @Test("a process that neither catches nor blocks the signal is killed at once, and that is said", arguments: [
        ["busybox", "sleep", "1000"], ["busybox", "sh", "-c", "trap '' TERM; while :; do sleep 1; done"],
        ["--stop-signal", "RTMIN+3", "busybox", "sleep", "1000"],
    ])
    func atOnce(words: [String]) throws {
        let store = try TestStore()
        _ = try store.output(["run", "-d", "--name", "box", "--stop-timeout", "1000"] + words)
        let run = try store.hako("stop", "box")
        #expect(run.status == 0 && run.output == "box\n", "\(run)")
        #expect(run.error.count(of: "\n") == 1 && run.error.contains("neither catches nor blocks"), "\(run)")
        #expect(run.error.contains("--strict") && run.error.contains("1000 s"), "\(run)")
        #expect(try store.inspect("box", "{{.State.Status}} {{.State.ExitCode}}") == "exited 137")
        #expect(try signals(store, "box") == [words.contains("RTMIN+3") ? "37" : "15", "9"])
    }

    @Test("restart doesn't wait for it either")
    func restart() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "--stop-timeout", "1000", "busybox", "sleep", "1000")
        let run = try store.hako("restart", "box")
        #expect(run.status == 0 && run.error.contains("neither catches nor blocks"), "\(run)")
        #expect(try store.inspect("box", "{{.State.Running}}") == "true")
    }

    @Test("one that catches the signal has its time, and its exit code", arguments: ["busybox", "--init busybox"])
    func caught(words: String) throws {
        let store = try TestStore()
        let script = "trap 'sleep 0.3; exit 7' TERM; echo ready; while :; do sleep 0.1; done"
        _ = try store.output(["run", "-d", "--name", "box"] + words.split(separator: " ").map(String.init) + ["sh", "-c", script])
        while try store.output("logs", "box") != "ready" { try #require(store.inspect("box", "{{.State.Running}}") == "true") }
        let run = try store.hako("stop", "-t", "60", "box")
        #expect(run.status == 0 && run.error == "", "\(run)")
        #expect(try store.inspect("box", "{{.State.ExitCode}}") == "7")
        #expect(try signals(store, "box") == ["15"])
    }

    @Test("with an init, and with the host's processes, the signal ends what has no handler", arguments: ["--init", "--pid=host"])
    func defaultAction(option: String) throws {
        let store = try TestStore()
        _ = try store.output("run", "-d", "--name", "box", "--stop-timeout", "60", option, "busybox", "sleep", "1000")
        let run = try store.hako("stop", "box")
        #expect(run.status == 0 && run.error == "", "\(run)")
        #expect(try store.inspect("box", "{{.State.ExitCode}}") == "143")
    }

    @Test("one that waits for the signal gets it", .enabled(if: Program.isInstalled("python3"), "no python3 on this host"))
    func waiting() throws {
        let store = try TestStore()
        // The host's python in the host's files: process 1 sleeps in sigwait(3), whose set the kernel shows as not blocked.
        let script = "import signal, sys; s = [signal.SIGTERM]; signal.pthread_sigmask(signal.SIG_BLOCK, s); print('ready', flush=True); signal.sigwait(s); sys.exit(5)"
        let host = ["/usr", "/lib", "/lib64", "/etc"].flatMap { ["-v", "\($0):\($0):ro"] }
        _ = try store.output(["run", "-d", "--name", "box"] + host + ["busybox", "/usr/bin/python3", "-c", script])
        while try store.output("logs", "box") != "ready" { try #require(store.inspect("box", "{{.State.Running}}") == "true") }
        let run = try store.hako("stop", "-t", "60", "box")
        #expect(run.status == 0 && run.error == "", "\(run)")
        #expect(try store.inspect("box", "{{.State.ExitCode}}") == "5")
    }

    @Test("a program that is still on its way to its handler gets the signal when it has one")
    func late() throws {
        let store = try TestStore()
        // It works for 0.3 s, as programs do that start.
        let now = "read now rest < /proc/uptime; now=${now%.*}${now#*.}"
        let script = "\(now); end=$((now + 30)); while [ $now -lt $end ]; do \(now); done; trap 'exit 9' TERM; while :; do sleep 0.1; done"
        _ = try store.output("run", "-d", "--name", "box", "busybox", "sh", "-c", script)
        let run = try store.hako("stop", "-t", "60", "box")
        #expect(run.status == 0 && run.error == "", "\(run)")
        #expect(try store.inspect("box", "{{.State.ExitCode}}") == "9")
    }

    @Test("--strict waits as Docker does")
    func strict() throws {
        let store = try TestStore()
        _ = try store.output("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        let before = Timings.monotonicNanoseconds()
        let run = try store.hako("stop", "--strict", "-t", "1", "box")
        #expect(run.status == 0 && run.error == "", "\(run)")
        #expect(Timings.monotonicNanoseconds() - before >= 1_000_000_000)
        #expect(try store.inspect("box", "{{.State.ExitCode}}") == "137")
    }

    @Test(
        "one in uninterruptible sleep is named, with what it sleeps in, and goes when that is over",
        .enabled(if: Program.isInstalled("fsfreeze") && Program.isInstalled("mkfs.ext4"), "needs fsfreeze and mkfs.ext4"))
    func uninterruptible() throws {
        let store = try TestStore()
        let directory = store.scratch.path("frozen")
        defer { _ = try? store.shell("fsfreeze -u \(directory); umount -l \(directory)") }
        try store.shell(
            "mkdir \(directory) && truncate -s 32M \(directory).img && mkfs.ext4 -q \(directory).img && mount -o loop \(directory).img \(directory)"
        ).expectSuccess()
        let script = "while :; do echo x >> /data/file; done"
        _ = try store.output("run", "-d", "--name", "box", "-v", "\(directory):/data", "busybox", "sh", "-c", script)
        let pid = try store.inspect("box", "{{.State.Pid}}")
        try store.shell("fsfreeze -f \(directory) && until grep -q '^State:.D' /proc/\(pid)/status; do sleep 0.01; done").expectSuccess()
        let run = try store.hako("kill", "box")
        #expect(run.status == 1 && run.error.contains("cannot kill container box: its process sh (pid \(pid)) does not end by SIGKILL"), "\(run)")
        #expect(run.error.contains("uninterruptible sleep in the kernel ("), "\(run)")
        #expect(try store.output("ps", "--format", "{{.Names}} {{.State}}") == "box running")
        let why = try store.output("why", "box")
        #expect(why.contains("was sent SIGKILL and can't end") && why.contains("frozen file system"), "\(why)")
        try store.shell("fsfreeze -u \(directory)").expectSuccess()
        #expect(try store.output("wait", "box") == "137")
        #expect(try store.output("rm", "box") == "box")
        try store.expectNothingLeft()
    }
}
