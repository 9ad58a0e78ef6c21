import Glibc
import Linux
import TestSupport
import Testing

@Suite("What makes a container again", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct RecipeTests {
    /// Command lines behind `hako create --name box`.
    static let requests: [[String]] = [
        ["busybox"], ["busybox", "sh", "-c", "echo \"it's $HOME\"; exit 3"], ["-it", "busybox"], ["-a", "stdout", "busybox", "true"],
        ["-e", "A=1", "-e", "B=two words", "-e", "C=\"$x`\\", "-e", "EMPTY=", "-l", "a.b=c d", "-l", "plain", "busybox", "env"],
        // What a terminal would not show, and signs that a combining mark makes other characters of, but for the shell.
        ["-e", "A='\u{301}; exit 9; '\u{301}\u{1B}[31m\u{9B}\r\n\u{7F}0", "-l", "x=$\u{301}(exit 9)\\", "--mount", "type=volume,target=/m,\"volume-label=a=b,\u{301}c\"", "busybox", "echo", "'\u{301};exit 9;'\u{301}"],
        ["--entrypoint", "/bin/echo", "busybox", "-n", "--", "x"], ["--entrypoint", "", "busybox", "true"],
        ["-h", "web", "--domainname", "example.org", "-u", "1000:10", "-w", "/tmp", "--stop-signal", "INT", "--stop-timeout", "3", "busybox", "true"],
        ["-p", "127.0.0.1:8077:80", "-p", "[::1]:8078:81/udp", "-p", "53", "--expose", "9000-9002", "-P", "busybox", "true"],
        ["-v", "/etc:/host:ro", "-v", "data:/data", "-v", "/anonymous", "--tmpfs", "/t:size=1m", "--mount", "type=tmpfs,target=/u,tmpfs-size=1048576,tmpfs-mode=755", "--mount", "type=volume,source=more,target=/m,volume-nocopy,readonly", "--read-only", "busybox", "true"],
        ["--cap-add", "NET_ADMIN", "--cap-drop", "chown", "--security-opt", "no-new-privileges", "--security-opt", "systempaths=unconfined", "--sysctl", "net.ipv4.ip_forward=1", "--group-add", "10", "busybox", "true"],
        ["-m", "64m", "--memory-swap", "-1", "--memory-reservation", "32m", "--cpus", "0.25", "--cpu-shares", "512", "--pids-limit", "-1", "--cpuset-cpus", "0", "--ulimit", "nofile=100:200", "--oom-score-adj", "-5", "--shm-size", "1m", "busybox", "true"],
        ["--restart", "on-failure:4", "--init", "--pid", "host", "--ipc", "shareable", "--uts", "host", "--cgroupns", "host", "--userns", "host", "busybox", "true"],
        ["--network", "none", "--dns", "192.0.2.1", "--dns-search", "example.org", "--dns-option", "ndots:2", "--add-host", "db:192.0.2.9", "busybox", "true"],
        ["--health-cmd", "test -e '/a b'", "--health-interval", "1m30s", "--health-retries", "7", "--health-start-period", "500ms", "busybox", "true"],
        ["--health-http", "http://localhost/well", "--restart", "unhealthy:2", "busybox", "true"], ["--no-healthcheck", "busybox", "true"],
        ["--log-driver", "none", "--privileged", "busybox", "true"], ["--log-opt", "max-size=1m", "--log-opt", "max-file=2", "busybox", "true"],
        ["--device", "/dev/null:/dev/nothing:r", "--device-cgroup-rule", "c 1:3 rwm", "--cgroup-parent", "/hako-recipe", "--init=false", "busybox", "true"],
    ]

    @Test("the printed command line makes the same container, whatever it was made with", arguments: requests)
    func run(words: [String]) throws {
        let store = try TestStore()
        _ = try store.output(["create", "--name", "box"] + words)
        let line = try store.output("inspect", "--as", "run", "box")
        #expect(line.hasPrefix("hako run --name box "), "\(line)")
        // As printed, by a shell: but made and not started, and under another name.
        let again = line.split(separator: " ", maxSplits: 3).last.map { String($0.dropFirst("box ".count)) } ?? ""
        let made = try store.shell("$HAKO create --name again " + again)
        #expect(made.status == 0, "\(line): \(made)")
        for part in ["{{json .Config}}", "{{json .HostConfig}}", "{{.Path}} {{json .Args}}"] {
            let (first, second) = (try store.inspect("box", part), try store.inspect("again", part))
            #expect(try neutral(first, store, "box") == neutral(second, store, "again"), "\(line)")
        }
        // The second's own line is the same.
        #expect(try store.output("inspect", "--as", "run", "again") == line.replacing("--name box", with: "--name again"))
    }

    /// Without what each container has of its own.
    private func neutral(_ text: String, _ store: TestStore, _ name: String) throws -> String {
        text.replacing(String(try store.inspect(name, "{{.Id}}").prefix(12)), with: "ID")
    }

    @Test("only what differs from the image and the defaults is printed")
    func short() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        #expect(try store.output("container", "inspect", "--as", "run", "box") == "hako run --name box --detach busybox sleep 1000")
        let compose = "services:\n  box:\n    image: \"busybox\"\n    container_name: \"box\"\n    command:\n      - \"sleep\"\n      - \"1000\"\n    network_mode: \"bridge\""
        #expect(try store.output("inspect", "--as", "compose", "box").replacing("\"box\":", with: "box:") == compose)
        let wrong = try store.hako("inspect", "--as", "json", "box")
        #expect(wrong.status == 1 && wrong.error.contains("There are run and compose"), "\(wrong)")
        #expect(try store.hako("inspect", "--as", "run", "nobody").status == 1)
    }

    private static let reader: (program: String, arguments: [String])? =
        Program.path("docker-compose").map { ($0, ["-f", "-", "config"]) }
        ?? Program.path("python3").flatMap { path in
            (try? ProgramRun.of(path, ["-c", "import yaml"]).status) == 0
                ? (path, ["-c", "import sys, yaml, json; print(json.dumps(yaml.safe_load(sys.stdin)))"]) : nil
        }

    @Test("the Compose file is one", .enabled(if: reader != nil, "neither docker-compose nor python3 with yaml is installed"), arguments: requests)
    func compose(words: [String]) throws {
        let store = try TestStore()
        _ = try store.output(["create", "--name", "box"] + words)
        let text = try store.output("inspect", "--as", "compose", "box")
        let (program, arguments) = try #require(Self.reader)
        let read = try ProgramRun.of(program, arguments, input: Array((text + "\n").utf8))
        #expect(read.status == 0 && read.output.contains("busybox") && read.output.contains("box"), "\(text)\n\(read)")
    }
}
