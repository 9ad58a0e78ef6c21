import Glibc
import Linux
import TestSupport
import Testing

@Suite("hako why", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct WhyTests {
    private func kinds(_ store: TestStore, _ name: String) throws -> [String] {
        try store.output("why", "--format", "{{range .Findings}}{{.Kind}} {{end}}", name).split(separator: " ").map(String.init)
    }

    private func why(_ store: TestStore, _ name: String) throws -> String { try store.output("why", name) }

    @Test("a container that is well is said to be well")
    func well() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        #expect(try why(store, "box").contains("box has been running for ") && why(store, "box").contains(" and is well."))
        #expect(try store.output("container", "why", "--format", "{{.Well}} {{.Status}}", "box") == "true running")
        try store.hako("pause", "box")
        #expect(try kinds(store, "box") == ["paused"] && why(store, "box").contains("hako unpause box"))
        let missing = try store.hako("why", "nobody")
        #expect(missing.status == 1 && missing.error.contains("No such container"))
    }

    @Test("one that ended by itself, that failed and that never began")
    func ended() throws {
        let store = try TestStore()
        try store.hako("run", "--name", "good", "busybox", "true")
        #expect(try kinds(store, "good") == ["ended"] && why(store, "good").contains("it ended with 0"))
        try store.hako("run", "--name", "bad", "busybox", "sh", "-c", "echo about to fail; echo \"esc\u{1B}[31m\" >&2; exit 3")
        let bad = try why(store, "bad")
        #expect(try kinds(store, "bad") == ["failed"] && bad.contains("Its program ended with 3."), "\(bad)")
        #expect(bad.contains("    about to fail\n") && bad.contains("esc\\x1b[31m") && bad.contains("try: hako logs bad"), "\(bad)")
        try store.hako("create", "--name", "new", "busybox", "true")
        #expect(try kinds(store, "new") == ["neverStarted"] && why(store, "new").contains("hako start new"))
        try store.hako("run", "--name", "fault", "busybox", "sh", "-c", "kill -SEGV $$; exec sleep 9")
        try store.hako("run", "--name", "shell", "busybox", "sh", "-c", "no-such-command")
        #expect(try why(store, "shell").contains("ended with 127 (in a shell: command not found)"))
    }

    @Test("who ended it, where that was Hako")
    func stopped() throws {
        let store = try TestStore()
        for name in ["killed", "deaf", "other"] { try store.hako("run", "-d", "--name", name, "busybox", "sleep", "1000") }
        for (name, ending) in [("stopped", "exit 0"), ("hurried", ":")] {
            try store.hako("run", "-d", "--name", name, "busybox", "sh", "-c", "trap '\(ending)' TERM; echo up; while :; do sleep 0.1; done")
            while try store.output("logs", name) != "up" { try #require(store.inspect(name, "{{.State.Running}}") == "true") }
        }
        try store.hako("kill", "killed")
        try store.hako("stop", "-t", "60", "stopped")
        try store.hako("stop", "-t", "0", "hurried")
        try store.hako("stop", "deaf")
        #expect(kill(try #require(pid_t(try store.inspect("other", "{{.State.Pid}}"))), SIGKILL) == 0)
        try store.hako("wait", "killed", "other")
        #expect(try kinds(store, "killed") == ["killed"] && why(store, "killed").contains("`hako kill` sent it SIGKILL"))
        #expect(try kinds(store, "stopped") == ["stopped"] && why(store, "stopped").contains("`hako stop` sent it SIGTERM, and it ended with 0"))
        #expect(try kinds(store, "deaf") == ["stopped"] && why(store, "deaf").contains("could not get (no handler in process 1)"))
        #expect(try kinds(store, "hurried") == ["killed"] && why(store, "hurried").contains("sent it SIGTERM, gave it no time to end, and then SIGKILL"))
        let other = try why(store, "other")
        #expect(try kinds(store, "other") == ["signal"] && other.contains("137: SIGKILL") && other.contains("Hako did not send it"), "\(other)")
    }

    @Test("too little memory, and what the kernel killed for it")
    func memory() throws {
        let store = try TestStore()
        try store.hako(
            "run", "--name", "hungry", "-m", "16m", "--memory-swap", "16m", "busybox", "sh", "-c",
            "exec dd if=/dev/zero of=/dev/shm/x bs=1M count=60")
        let text = try why(store, "hungry")
        #expect(try kinds(store, "hungry") == ["outOfMemory"], "\(text)")
        #expect(text.contains("its memory limit of 16 MiB was reached") && text.contains("hako update --memory 32m"), "\(text)")
        // The kernel's log is the host's: where it may be read, it names the process.
        if (try? KernelLog.messages().contains { $0.contains("task_memcg=") }) == true { #expect(text.contains("its process dd (pid "), "\(text)") }
    }

    static let programs: [(name: String, layer: String, command: [String], kind: String, says: String)] = [
        ("windows", "printf '#!/bin/sh\\r\\necho hello\\r\\n' > run; chmod +x run", ["/run"], "carriageReturn", "CRLF"),
        ("bash", "printf '#!/bin/bash\\necho hello\\n' > run; chmod +x run", ["/run"], "missingInterpreter", "/bin/bash"),
        ("env", "mkdir -p usr/bin; ln -s /bin/busybox usr/bin/env; printf '#!/usr/bin/env python3\\n' > run; chmod +x run", ["/run"], "missingInterpreter", "python3"),
        ("loader", "cp /bin/true prog; sed -i 's/ld-linux-x86-64/ld-linux-gon-64/' prog", ["/prog"], "missingInterpreter", "loader"),
        ("machine", "cp /bin/busybox prog; printf '\\267' | dd of=prog bs=1 seek=18 conv=notrunc 2>/dev/null", ["/prog"], "wrongArchitecture", "arm64"),
        ("mode", "printf '#!/bin/sh\\n' > run; chmod 644 run", ["/run"], "programNotExecutable", "644"),
        ("path", "mkdir app; printf '#!/bin/sh\\n' > app/serve; chmod +x app/serve", ["serve"], "programNotFound", "but at /app/serve"),
        ("gone", ":", ["/no/such/program"], "programNotFound", "/no/such/program"),
        ("plain", "echo 'echo hello' > run; chmod +x run", ["/run"], "unknownFormat", "#!"),
        ("link", "ln -s run link; printf '#!/bin/nothing\\n' > run; chmod +x run", ["/link"], "missingInterpreter", "/bin/nothing"),
    ]

    @Test("what is the matter with a program that can't be executed, in the error already", arguments: programs)
    func program(_ sample: (name: String, layer: String, command: [String], kind: String, says: String)) throws {
        let store = try TestStore(images: [])
        try store.load(sample.name, layers: [TestStore.shellLayer, sample.layer + "; tar c ."])
        let run = try store.hako(["run", "--name", "box", sample.name] + sample.command)
        #expect([126, 127].contains(run.status) && run.error.contains(sample.says), "\(run)")
        let text = try why(store, "box")
        #expect(try kinds(store, "box").first == sample.kind && text.contains(sample.says), "\(text)")
        // The program of the container was env, which did start.
        let headline = sample.name == "env" ? "it ended with 127" : "box could not be started."
        #expect(text.contains(headline) && !text.contains("IMAGE"), "\(text)")
        try store.expectNothingLeft()
    }

    @Test("a program from a mounted directory is looked at there")
    func mounted() throws {
        let store = try TestStore()
        try Directory.create(store.scratch.path("scripts"))
        let script = try FileDescriptor.open(store.scratch.path("scripts/run"), flags: O_WRONLY | O_CREAT, mode: 0o755)
        try script.writeAll("#!/bin/sh\r\nexit 0\r\n")
        try script.close()
        let run = try store.hako("run", "--name", "box", "-v", store.scratch.path("scripts") + ":/scripts", "busybox", "/scripts/run")
        #expect(run.error.contains("CRLF"), "\(run)")
        #expect(try kinds(store, "box").first == "carriageReturn")
    }

    @Test("failed health checks, with what the last one said")
    func health() throws {
        let store = try TestStore()
        try store.hako(
            "run", "-d", "--name", "box", "--health-cmd", "echo no database; exit 1", "--health-interval", "50ms",
            "--health-retries", "1", "busybox", "sleep", "1000")
        for _ in 0..<600 where try store.inspect("box", "{{.State.Health.Status}}") != "unhealthy" { usleep(20_000) }
        let text = try why(store, "box")
        #expect(text.contains("and is not well") && text.contains("the last one ended with 1, and said: no database"), "\(text)")
    }

    @Test("a container that is started again and again: how often, and when next")
    func restarting() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "--restart", "on-failure:20", "busybox", "sh", "-c", "echo failing; exit 4")
        for _ in 0..<600 where try store.inspect("box", "{{.RestartCount}} {{.State.Restarting}}") < "3 true" { usleep(20_000) }
        var text = ""
        try waitUntil {
            text = try why(store, "box")
            return text.contains("starts it again, for the ")
        }
        #expect(text.contains("starts it again, for the ") && text.contains(". time of 20 at most, in "), "\(text)")
        #expect(text.contains("ended with 4") && text.contains("failing"), "\(text)")
    }

    @Test("the last minute of what it used, while it runs and after it", .timeLimit(.minutes(10)))
    func usage() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "--cpus", "0.05", "busybox", "sh", "-c", "while :; do :; done")
        // From its second sample on, ten seconds after the start. So little is used up on a busy host, too.
        var text = ""
        for _ in 0..<600 where !text.contains("seconds of its use") {
            usleep(100_000)
            text = try why(store, "box")
        }
        #expect(text.contains("cpu") && text.contains("memory") && text.contains("processes"), "\(text)")
        #expect(try text.contains("throttled") && kinds(store, "box").contains("throttled"), "\(text)")
        let processes = text.split(separator: "\n").first { $0.hasPrefix("    processes ") }
        #expect(processes?.split(separator: " ").suffix(3) == ["1", "1", "1"], "\(text)")
        let id = try store.inspect("box", "{{.Id}}")
        let size = try FileDescriptor.status(of: "\(store.root)/containers/\(id)/usage").size
        #expect(size > 64 && size <= 64 << 10)
        try store.hako("kill", "box")
        try store.hako("wait", "box")
        #expect(try why(store, "box").contains("seconds of its life"))
        let share = try store.output("why", "--format", "{{with index .Usage 0}}{{.CPUPercent}}{{end}}", "box")
        #expect((1...40).contains(Double(share) ?? 0), "\(share)")
        #expect(try store.hako("rm", "box").status == 0)
        #expect(access("\(store.root)/containers/\(id)", F_OK) != 0)
    }
}
