import Glibc
import Linux
import TestSupport
import Testing

@Suite("Restart policies", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct RestartTests {
    @Test("on-failure starts as often as it may, later each time, with what the container wrote")
    func onFailure() throws {
        let store = try TestStore()
        try store.hako(
            "run", "-d", "--name", "box", "--restart", "on-failure:3", "busybox", "sh", "-c",
            "cut -d' ' -f1 /proc/uptime; echo x >> /count; wc -l < /count >&2; exit 3")
        try wait(store, "box", for: "exited 3 3 false")
        let times = try store.hako("logs", "box")
        let starts = times.output.split(separator: "\n").compactMap { Double($0) }
        #expect(starts.count == 4 && times.error == "1\n2\n3\n4\n", "\(times)")
        let pauses = zip(starts.dropFirst(), starts).map { $0 - $1 }
        // In hundredths of a second.
        #expect(pauses.count == 3 && pauses[0] >= 0.09 && pauses[1] >= 0.19 && pauses[2] >= 0.39, "\(pauses)")
        #expect(try store.hako("wait", "box").output == "3\n")
    }

    @Test("on-failure leaves alone what ends well, and no policy everything")
    func success() throws {
        let store = try TestStore()
        #expect(try store.hako("run", "--name", "well", "--restart", "on-failure", "busybox", "true").status == 0)
        #expect(try store.hako("run", "--name", "never", "busybox", "false").status == 1)
        usleep(400_000)
        #expect(try store.inspect("well", "{{.State.Status}} {{.RestartCount}}") == "exited 0")
        #expect(try store.inspect("never", "{{.State.Status}} {{.RestartCount}}") == "exited 0")
    }

    @Test("always starts again what ends well, behind the same port, with nobody else there, until it is stopped")
    func always() throws {
        let store = try TestStore()
        try store.hako(
            "run", "-d", "--name", "box", "--restart", "always", "-p", "127.0.0.1::80", "busybox", "sh", "-c",
            "echo hello > /index.html; httpd -p 80; exec sleep 1000")
        let port = try store.output("port", "box", "80").split(separator: ":").last.map(String.init) ?? ""
        let first = try store.inspect("box", "{{.State.Pid}}")
        // Not by hako, which would mean it to stay so.
        try store.shell("kill -9 \(first)").expectSuccess()
        try wait(store, "box", for: "running 0 1 false")
        let fetched = try store.shell("for i in $(seq 600); do curl -sf 127.0.0.1:\(port)/ && exit; sleep 0.1; done; exit 1")
        #expect(fetched.output == "hello\n", "\(fetched)")
        #expect(try store.output("exec", "box", "echo", "there") == "there")
        #expect(try store.hako("stop", "-t", "0", "box").status == 0)
        usleep(300_000)
        #expect(try store.inspect("box", "{{.State.Status}} {{.State.Running}}") == "exited false")
        #expect(try store.hako("start", "box").status == 0)
        #expect(try store.inspect("box", "{{.State.Status}} {{.RestartCount}}") == "running 0")
    }

    @Test("what waits for its restart is shown so, and can be stopped, killed and removed", arguments: ["stop", "kill", "rm -f"])
    func resting(_ command: String) throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "--restart", "always", "busybox", "sh", "-c", "exit 5")
        // By then the pauses are long: three seconds.
        try waitUntil { try store.inspect("box", "{{.RestartCount}}") >= "5" }
        try waitUntil { try store.inspect("box", "{{.State.Status}}") == "restarting" }
        #expect(try store.hako("exec", "box", "true").status == 1)
        let run = try store.hako(command.split(separator: " ").map(String.init) + ["box"])
        #expect(run.status == 0, "\(run)")
        guard command != "rm -f" else { return #expect(try store.output("ps", "-aq") == "") }
        usleep(4_000_000)
        #expect(try store.inspect("box", "{{.State.Status}} {{.State.ExitCode}} {{.State.Restarting}}") == "exited 5 false")
    }

    @Test("update gives a container that runs another policy")
    func update() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        try store.hako("update", "--restart", "always", "box")
        let pid = try store.inspect("box", "{{.State.Pid}}")
        try store.shell("kill -9 \(pid)").expectSuccess()
        try wait(store, "box", for: "running 0 1 false")
        try store.hako("update", "--restart", "no", "box")
        let next = try store.inspect("box", "{{.State.Pid}}")
        try store.shell("kill -9 \(next)").expectSuccess()
        try wait(store, "box", for: "exited 137 1 false")
        #expect(try store.inspect("box", "{{.HostConfig.RestartPolicy.Name}}") == "no")
    }

    @Test("boot starts what should run, and nothing that somebody stopped or nobody started")
    func boot() throws {
        let store = try TestStore()
        for (name, policy) in [("always", "always"), ("unless", "unless-stopped"), ("stopped", "unless-stopped"), ("plain", "no")] {
            try store.hako("run", "-d", "--name", name, "--restart", policy, "busybox", "sleep", "1000")
        }
        try store.hako("create", "--name", "new", "--restart", "always", "busybox", "sleep", "1000")
        try store.hako("stop", "-t", "0", "stopped")
        for name in ["always", "unless", "plain"] { try killWithMonitor(store, name) }
        try waitUntil { try store.output("ps", "-q") == "" }
        let run = try store.hako("boot")
        #expect(run.status == 0 && run.output == "always\nunless\n", "\(run)")
        #expect(try Set(store.output("ps", "--format", "{{.Names}}").split(separator: "\n")) == ["always", "unless"])
        #expect(try store.hako("boot").output == "")
    }

    @Test("refuse what Docker refuses", arguments: [
        ["--restart", "sometimes"], ["--restart", "always:3"], ["--restart", "on-failure:x"], ["--restart", "on-failure:-1"],
        ["--restart", "always", "--rm"],
    ])
    func refusals(_ words: [String]) throws {
        let store = try TestStore()
        let run = try store.hako(["run"] + words + ["busybox", "true"])
        #expect(run.status == 125 && run.error.contains("restart"), "\(run)")
        #expect(try store.output("ps", "-aq") == "")
    }

    /// As a crash of both, or a host that lost its power, leaves it.
    private func killWithMonitor(_ store: borrowing TestStore, _ name: String) throws {
        let id = try store.inspect(name, "{{.Id}}")
        let pid = try store.inspect(name, "{{.State.Pid}}")
        try store.shell("kill -9 $(pgrep -f '[h]ako-runtime monitor.*\(id)') \(pid)").expectSuccess()
    }

    private func wait(_ store: borrowing TestStore, _ name: String, for state: String) throws {
        let format = "{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}} {{.State.Restarting}}"
        try waitUntil { try store.inspect(name, format) == state }
        #expect(try store.inspect(name, format) == state)
    }
}
