import Testing
import TestSupport

/// What scripts that were written for Docker read: exit codes, columns, and the values of templates.
@Suite("Docker's forms", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct DockerFormTests {
    @Test("exit codes tell whose fault it was")
    func exitCodes() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        let codes: [(words: [String], code: Int32)] = [
            (["create", "--name", "box", "busybox"], 1), (["run", "--name", "box", "busybox"], 125),
            (["create", "--nonsense", "busybox"], 125), (["start", "-a", "missing"], 1), (["run", "-e", "", "busybox"], 125),
            (["run", "-it", "busybox", "true"], 1), (["exec", "-it", "box", "true"], 1), (["exec", "-u", "nobody1", "box", "id"], 1),
            (["exec", "-d", "box", "nonexistent"], 1), (["ps", "-f", "nonsense"], 125), (["ps", "-f", "exited=x"], 1),
            (["images", "-f", "dangling=x"], 1), (["inspect", "-f", "{{", "box"], 64), (["logs", "--since", "x", "box"], 1),
            (["run", "--rm", "--restart", "no", "--ipc", "private", "busybox", "true"], 0),
            (["run", "--rm", "--restart", "always", "busybox", "true"], 125),
            (["run", "--rm", "--cpu-shares", "1", "busybox", "true"], 125), (["run", "--rm", "--shm-size", "0", "busybox", "true"], 0),
            (["run", "--rm", "-h", "a", "--network", "container:box", "busybox", "true"], 125),
            (["run", "--rm", "-v", "/tmp:/x:ro,rw", "busybox", "true"], 125),
            (["run", "--rm", "--detach-keys", "no keys", "busybox", "sleep", "1000"], 1),
            (["exec", "--detach-keys", "no keys", "box", "true"], 1), (["exec", "-w", "/missing", "box", "true"], 127),
        ]
        for (words, code) in codes {
            let run = try store.hako(words)
            #expect(run.status == code, "hako \(words.joined(separator: " ")): \(run)")
        }
        #expect(try store.hako("ps", "-q").lines.count == 1)
    }

    @Test("an error is told once")
    func errorsOnce() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        let run = try store.hako("exec", "box", "nonexistent")
        #expect(run.error.split(separator: "\n").count == 1, "\(run)")
        #expect(try store.hako("inspect").error.hasPrefix("hako: 'hako inspect' requires"))
        #expect(try store.hako("image").output == "")
    }

    @Test("a container that did not start has its id told all the same")
    func idOfFailedStart() throws {
        let store = try TestStore()
        let run = try store.hako("run", "-d", "busybox", "nonexistent")
        #expect(run.status == 127)
        #expect(try store.output("ps", "-aq", "--no-trunc") == run.text)
    }

    @Test("run ends with its reader, and leaves the container running", .timeLimit(.minutes(10)))
    func readerGone() throws {
        let store = try TestStore()
        let script = "\"$HAKO_BIN/hako\" --root '\(store.root)' --run-root '\(store.runRoot)' run --rm --name box busybox yes | head -1"
        #expect(try ProgramRun.of("/bin/sh", ["-c", script]).text == "y")
        #expect(try store.output("ps", "--format", "{{.Names}}") == "box")
        try store.hako("kill", "box")
        #expect(try store.hako("wait", "box").status <= 1)
        #expect(try store.output("ps", "-q") == "")
    }

    @Test("columns and filters of ps")
    func ps() throws {
        let store = try TestStore()
        let source = store.scratch.path("mnt")
        _ = try store.output(
            "run", "-d", "--name", "web-12", "-l", "com.example.git-commit=ab", "-v", "\(source):/somewhere/else", "--expose", "81-82/udp",
            "--expose", "70", "busybox", "sh", "-c", "sleep 1000")
        #expect(try store.output("ps", "--format", "{{.Command}} {{.Ports}}") == "\"sh -c 'sleep 1000'\" 70/tcp, 81-82/udp")
        #expect(try store.output("ps", "--no-trunc", "--format", "{{.Mounts}}") == source)
        #expect(try store.output("ps", "--format", "{{.Size}}").hasPrefix("0B (virtual "))
        let table = try store.hako("ps", "--format", "table {{.Names}}\t{{.Label \"com.example.git-commit\"}}")
        #expect(table.lines == ["NAMES     git commit", "web-12    ab"])
        #expect(try store.hako("ps", "--format", "").lines.first?.hasPrefix("CONTAINER ID") == true)
        for pattern in ["^web-\\d+$", "^/web", "b-1"] {
            #expect(try store.hako("ps", "-q", "-f", "name=\(pattern)").lines.count == 1, "\(pattern)")
        }
        #expect(try store.output("ps", "-q", "-f", "name=^b") == "")
    }

    @Test("templates see what Docker's structures have, and JSON leaves out")
    func templates() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "-e", "A=1", "--cap-add", "net_admin", "busybox", "sleep", "1000")
        let values = [
            ("{{.HostConfig.Binds}} {{len .HostConfig.Binds}} {{json .HostConfig.Binds}}", "[] 0 null"),
            ("{{.Config.Labels.none}}", "<no value>"), ("{{.Config.StopSignal}}.{{.HostConfig.Init}}", ".<nil>"),
            ("{{range .Config.Env}}{{.}};{{end}}", "A=1;PATH=/bin;"), ("{{.HostConfig.CapAdd}}", "[CAP_NET_ADMIN]"),
            ("{{with .State.Health}}sick{{else}}none{{end}}", "none"),
        ]
        for (template, value) in values { #expect(try store.inspect("box", template) == value, "\(template)") }
        #expect(try store.hako("inspect", "-f", "{{.Config.Nonsense}}", "box").status == 1)
        #expect(try store.inspect("busybox", "{{.Config.User}}{{.Config.Entrypoint}}{{.Config.Labels}}{{.Config.StopSignal}}") == "[]map[]")
    }

    @Test("a privileged container gets what this host's root has", arguments: [["--privileged"], ["--userns", "host", "--cap-add", "all"]])
    func privileged(options: [String]) throws {
        let store = try TestStore()
        let own = try ProgramRun.of("/bin/sh", ["-c", "grep CapPrm /proc/self/status | cut -f 2"]).text
        #expect(try store.output(["run", "--rm"] + options + ["busybox", "sh", "-c", "grep CapEff /proc/self/status | cut -f 2"]) == own)
    }

    @Test("info speaks in Docker's words, and says what is in the firewall's way")
    func info() throws {
        let store = try TestStore()
        let lines = try store.hako("info").lines
        for line in [" Storage Driver: overlay", " Cgroup Driver: cgroupfs", "  Running: 0", " Images: 1"] {
            #expect(lines.contains(line), "\(line)")
        }
        #expect(try store.output("info", "-f", "{{json .Warnings}}").hasPrefix("["))
        #expect(try store.output("version", "-f", "{{.Server.Version}}") == store.output("version", "-f", "{{.Client.Version}}"))
    }
}
