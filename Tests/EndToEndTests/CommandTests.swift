import Testing
import TestSupport

@Suite("Commands on containers", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct CommandTests {
    @Test("exec runs beside the container's program, with its exit code and streams")
    func exec() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "-e", "FROM=container", "busybox", "sleep", "1000")
        #expect(try store.output("exec", "box", "sh", "-c", "echo $FROM; id -u") == "container\n0")
        #expect(try store.output("exec", "-u", "12:34", "-w", "/tmp", "-e", "X=y", "box", "sh", "-c", "id -u; id -g; pwd; echo $X") == "12\n34\n/tmp\ny")
        #expect(try store.hako("exec", "box", "sh", "-c", "exit 9").status == 9)
        #expect(try store.hako("exec", "box", "nonexistent").status == 127)
        #expect(try store.hako("exec", "box", "/etc/passwd").status == 126)
        #expect(try store.hako("exec", "-i", "box", "cat", input: "through").output == "through")
        #expect(try store.hako("exec", "missing", "true").status == 1)
        try store.hako("stop", "-t", "0", "box")
        let stopped = try store.hako("exec", "box", "true")
        #expect(stopped.status == 1)
        #expect(stopped.error.contains("is not running"))
    }

    @Test("logs show what was written, by stream, with and without times")
    func logs() throws {
        let store = try TestStore()
        try store.hako("run", "--name", "box", "busybox", "sh", "-c", "echo one; echo two; echo three; sleep 0.2; echo other >&2")
        let all = try store.hako("logs", "box")
        #expect(all.output == "one\ntwo\nthree\n")
        #expect(all.error == "other\n")
        #expect(try store.hako("logs", "--tail", "2", "box").output == "three\n")
        #expect(try store.hako("logs", "-t", "box").lines[0].contains("Z one"))
        #expect(try store.hako("logs", "--since", "1h", "box").output == "one\ntwo\nthree\n")
        #expect(try store.hako("logs", "--until", "1h", "box").output == "")
        #expect(try store.hako("logs", "missing").status == 1)
    }

    @Test("following a log ends with the container")
    func followLogs() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done")
        #expect(try store.hako("logs", "-f", "box").output == "1\n2\n3\n")
    }

    @Test("a stop signals, waits, and kills; the exit code tells which")
    func stop() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "polite", "busybox", "sh", "-c", "trap 'exit 3' TERM; touch /ready; while :; do sleep 0.1; done")
        try store.hako("run", "-d", "--name", "deaf", "busybox", "sh", "-c", "trap '' TERM; touch /ready; while :; do sleep 0.1; done")
        for name in ["polite", "deaf"] { try waitUntilReady(store, name) }
        #expect(try store.output("stop", "polite") == "polite")
        #expect(try store.output("stop", "-t", "1", "deaf") == "deaf")
        #expect(try store.inspect("polite", "{{.State.ExitCode}}") == "3")
        #expect(try store.inspect("deaf", "{{.State.ExitCode}}") == "137")
        #expect(try store.output("wait", "deaf") == "137")
    }

    @Test("a signal reaches the program; a wrong one is an error")
    func kill() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sh", "-c", "trap 'exit 5' USR1; touch /ready; while :; do sleep 0.1; done")
        #expect(try store.hako("kill", "-s", "NONSENSE", "box").status == 1)
        try waitUntilReady(store, "box")
        try store.hako("kill", "-s", "USR1", "box")
        #expect(try store.output("wait", "box") == "5")
        #expect(try store.hako("kill", "box").status == 1)
    }

    /// The shell has to be up before it can catch anything.
    private func waitUntilReady(_ store: TestStore, _ name: String) throws {
        #expect(try store.hako("exec", name, "sh", "-c", "until [ -e /ready ]; do :; done").status == 0)
    }

    @Test("ps lists, filters and formats")
    func ps() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "running", "-l", "tier=web", "busybox", "sleep", "1000")
        try store.hako("create", "--name", "created", "busybox", "true")
        #expect(try store.output("ps", "--format", "{{.Names}}") == "running")
        #expect(try store.output("ps", "-a", "--format", "{{.Names}}") == "created\nrunning")
        #expect(try store.output("ps", "-a", "--filter", "status=created", "--format", "{{.Names}}") == "created")
        #expect(try store.output("ps", "--filter", "label=tier=web", "-q").utf8.count == 12)
        #expect(try store.output("ps", "-n", "1", "--format", "{{.Names}}") == "created")
        #expect(try store.output("ps", "-a", "--format", "table {{.Names}}\t{{.Image}}").hasPrefix("NAMES"))
        #expect(try store.hako("ps", "--filter", "nonsense=1").status == 1)
    }

    @Test("a container that runs is not removed unless forced, and an ambiguous id is refused")
    func remove() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        let refused = try store.hako("rm", "box")
        #expect(refused.status == 1)
        #expect(refused.error.contains("container is running"))
        #expect(try store.hako("rm", "-f", "box").status == 0)
        #expect(try store.hako("rm", "box").error.contains("No such container: box"))
        // Seventeen containers share the first digit of their ids with another one.
        for _ in 0..<17 { try store.hako("create", "busybox", "true") }
        let ids = try store.hako("ps", "-aq").text.split(separator: "\n").map { String($0.prefix(1)) }
        let digit = ids.first { id in ids.count { $0 == id } > 1 } ?? ""
        #expect(try store.hako("inspect", digit).status == 1)
    }

    @Test("bind mounts keep their owners on both sides; read-only ones are")
    func bindMounts() throws {
        let store = try TestStore()
        let directory = store.scratch.path("shared")
        let source = "\(directory):/shared"
        let made = try store.hako("run", "--rm", "-v", source, "busybox", "sh", "-c", "echo x > /shared/root; chown 1000 /shared/root; touch /shared/other; ls -n /shared")
        #expect(made.status == 0, "\(made)")
        #expect(made.error.contains("made the directory"))
        #expect(try ProgramRun.of("/usr/bin/stat", ["-c", "%u", directory + "/root", directory + "/other"]).text == "1000\n0")
        #expect(try store.hako("run", "--rm", "-v", source + ":ro", "busybox", "touch", "/shared/new").status == 1)
        #expect(try store.hako("run", "--rm", "--mount", "type=bind,src=/nonexistent/x,dst=/y", "busybox", "true").status == 125)
        #expect(try store.output("run", "--rm", "--tmpfs", "/t:size=1m", "busybox", "sh", "-c", "df -k /t | tail -1 | awk '{print $2}'") == "1024")
        #expect(try store.hako("run", "--rm", "--read-only", "busybox", "touch", "/x").status == 1)
    }

    @Test("a bind of what can't be shown with the container's ids is there all the same, and said to be so", arguments: ["/proc", "/sys"])
    func unmappableBinds(source: String) throws {
        let store = try TestStore()
        let alone = try store.hako("run", "--rm", "-v", source + ":/seen:ro", "busybox", "sh", "-c", "ls /seen | wc -l; stat -c %u /seen")
        #expect(alone.status == 0, "\(alone)")
        #expect(alone.lines.last == "65534" || alone.text.hasSuffix("65534"))
        #expect(alone.error.contains("keep the host's owners"))
        let directory = try Scratch(["tree/below": .directory, "tree/file": "x"])
        let tree = directory.path("tree")
        #expect(try ProgramRun.of("/bin/mount", ["-t", "proc", "proc", tree + "/below"]).status == 0)
        defer { _ = try? ProgramRun.of("/bin/umount", ["-l", tree + "/below"]) }
        let below = try store.hako("run", "--rm", "-v", tree + ":/seen", "busybox", "sh", "-c", "stat -c %u /seen/file; cat /seen/below/1/comm; touch /seen/new")
        #expect(below.status == 0, "\(below)")
        #expect(below.lines.first == "0")
        #expect(below.error.contains("mounted below"))
        #expect(try ProgramRun.of("/usr/bin/stat", ["-c", "%u", tree + "/new"]).text == "0")
    }

    @Test("a device that is bound by itself can be used, and the whole host be seen")
    func deviceAndHost() throws {
        let store = try TestStore()
        let run = try store.hako(
            "run", "--rm", "-v", "/:/host:ro", "-v", "/dev/null:/n", "busybox", "sh", "-c",
            "test -d /host/proc/1 && echo x > /n && stat -c %u /host/etc && ! touch /host/x")
        #expect(run.status == 0 && run.text == "0", "\(run)")
    }
}
