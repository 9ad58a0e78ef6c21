import Glibc
import Linux
import Testing
import TestSupport

@Suite("A container whose monitor was killed", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct KilledMonitorTests {
    private func started(_ options: String..., program: [String] = ["sleep", "1000"]) throws -> TestStore {
        let store = try TestStore()
        _ = try store.output(["run", "-d", "--name", "box"] + options + ["busybox"] + program)
        try store.killMonitor(of: "box")
        return store
    }

    /// Ends with a code of its own when it is told to, by an exec that nobody waits for: it may end first, and kills what is in it.
    private static func ending(_ code: Int, then more: String = "") -> [String] {
        ["sh", "-c", "until [ -e /go ]; do sleep 0.02; done; rm /go; \(more) exit \(code)"]
    }

    @Test("goes on, is shown so, and takes what any other takes, output and attached clients too")
    func goesOn() throws {
        let store = try started(program: ["sh", "-c", "trap 'echo caught; echo caught > /caught' USR1; echo up; while :; do sleep 0.05; done"])
        #expect(try store.output("ps", "--format", "{{.Names}} {{.State}} {{.Status}}").hasPrefix("box running Up"))
        #expect(try store.monitors(of: "box") == 1)
        #expect(try store.output("exec", "box", "echo", "there") == "there")
        #expect(try store.output("top", "box").contains("sleep"))
        #expect(try store.output("update", "--pids-limit", "50", "box") == "box")
        #expect(try store.output("pause", "box") == "box" && store.output("unpause", "box") == "box")
        let file = store.scratch.path("attached")
        let attached = try store.shell(
            """
            $HAKO attach --no-stdin box > \(file) & attach=$!
            until $HAKO events --since 1h --until 0s -f event=attach | grep -q attach; do :; done
            $HAKO kill -s USR1 box > /dev/null; for i in $(seq 500); do grep -q caught \(file) && break; sleep 0.02; done
            kill $attach; cat \(file)
            """)
        #expect(attached.text == "caught", "\(attached)")
        #expect(try store.output("logs", "box") == "up\ncaught")
        let why = try store.hako("why", "box")
        #expect(why.status == 0 && why.output.contains("ts monitor was killed, and another one has it since"), "\(why)")
        #expect(try store.hako("rm", "box").error.contains("is running"))
        #expect(try store.hako("start", "box").status == 0)
        #expect(try store.output("restart", "-t", "0", "box") == "box")
        try waitUntil { try store.output("logs", "--tail", "1", "box") == "up" }
        #expect(try store.output("logs", "--tail", "1", "box") == "up")
        #expect(try store.output("rm", "-f", "box") == "box")
        try store.expectNothingLeft()
    }

    // Linux 6.15 tells an end to who isn't the parent.
    private static let tellsEnds: Bool = {
        let words = (try? ProgramRun.of("/bin/uname", ["-r"]).text.split(separator: ".").prefix(2).compactMap { Int($0) }) ?? []
        return words.count == 2 && (words[0], words[1]) >= (6, 15)
    }()

    private func expectEnd(_ store: TestStore, _ code: Int) throws {
        let known = Self.tellsEnds ? code : 255
        #expect(try store.inspect("box", "{{.State.Status}} {{.State.ExitCode}}") == "exited \(known)")
        #expect(try store.output("wait", "box") == "\(known)")
        #expect(try store.dieEvents() == ["\(known)"])
    }

    @Test("is stopped as any other, with the exit code that it chose", arguments: [
        (["stop", "-t", "5", "box"], 3), (["stop", "-t", "0", "-s", "USR2", "box"], 137), (["kill", "box"], 137),
    ])
    func stopped(_ words: [String], _ code: Int) throws {
        let store = try started("-p", "127.0.0.1::80", program: ["sh", "-c", "trap 'exit 3' TERM; trap : USR2; while :; do sleep 0.05; done"])
        let id = try store.inspect("box", "{{.Id}}")
        try store.killMonitor(of: "box")
        #expect(try store.output(words) == "box")
        try expectEnd(store, code)
        try waitUntil { try store.shell("find /sys/fs/cgroup -name \(id); ls \(store.runRoot)/containers").text == "" }
        #expect(try store.shell("find /sys/fs/cgroup -name \(id); ls \(store.runRoot)/containers").text == "")
        #expect(try store.output("start", "box") == "box")
        #expect(try store.output("rm", "-f", "box") == "box")
        try store.expectNothingLeft(of: [id])
    }

    @Test("has an end that is known, whether somebody waits for it or has only looked before")
    func ended() throws {
        let store = try started("-v", "/data", program: Self.ending(5))
        let file = store.scratch.path("code")
        try store.shell("$HAKO wait box > \(file) & sleep 0.3; $HAKO exec -d box touch /go; wait").expectSuccess()
        #expect(String(decoding: try FileDescriptor.contents(of: file), as: UTF8.self) == (Self.tellsEnds ? "5\n" : "255\n"))
        try expectEnd(store, 5)
        try store.hako("start", "box").expectSuccess()
        let pid = try store.inspect("box", "{{.State.Pid}}")
        try store.killMonitor(of: "box")
        _ = try store.output("ps")
        // Nobody is there but the new monitor.
        try store.shell("touch /proc/\(pid)/root/go; while [ -e /proc/\(pid) ]; do sleep 0.01; done").expectSuccess()
        try waitUntil { try store.inspect("box", "{{.State.Running}}") == "false" }
        #expect(try store.inspect("box", "{{.State.Status}} {{.State.ExitCode}}") == "exited \(Self.tellsEnds ? 5 : 255)")
        #expect(try store.dieEvents().count == 2)
        #expect(try store.output("rm", "-v", "box") == "box")
        try store.expectNothingLeft()
    }

    @Test("and that ends before anybody looks has an end that nobody saw, and says so")
    func unseen() throws {
        let store = try TestStore()
        _ = try store.output("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        let pid = try store.inspect("box", "{{.State.Pid}}")
        try store.killMonitor(of: "box")
        try store.shell("kill -9 \(pid); while grep -qs '^State:.[^Z]' /proc/\(pid)/status; do sleep 0.01; done").expectSuccess()
        #expect(try store.inspect("box", "{{.State.Status}} {{.State.ExitCode}}") == "exited 255")
        #expect(try store.inspect("box", "{{.State.Error}}").contains("nobody was watching"))
        #expect(try store.output("rm", "box") == "box")
        try store.expectNothingLeft()
    }

    @Test("goes by itself once it has ended if it was made with --rm", arguments: [true, false])
    func autoRemoved(_ isStopped: Bool) throws {
        let store = try started("--rm", program: Self.ending(0))
        _ = isStopped ? try store.output("stop", "-t", "0", "box") : try store.output("exec", "-d", "box", "touch", "/go")
        try waitUntil { try store.output("ps", "-aq") == "" }
        try store.expectNothingLeft()
    }

    @Test("is still waited for and stopped by who began that before the kill")
    func killedMeanwhile() throws {
        let store = try TestStore()
        _ = try store.output(["run", "-d", "--name", "box", "busybox", "sh", "-c", "trap 'rm /go' TERM; touch /go; while [ -e /go ]; do sleep 0.05; done; sleep 2; exit 7"])
        let run = try store.shell(
            """
            $HAKO wait box > \(store.scratch.path("code")) & wait=$!; $HAKO stop -t 20 box > /dev/null & stop=$!
            until ! $HAKO exec box test -e /go; do :; done
            m=$(pgrep -f '[h]ako-runtime monitor.*\(store.runRoot)'); kill -9 $m
            wait $wait; echo $?; wait $stop; echo $?
            cat \(store.scratch.path("code"))
            """)
        #expect(run.text == (Self.tellsEnds ? "0\n0\n7" : "0\n0\n255"), "\(run)")
        try expectEnd(store, 7)
        #expect(try store.output("rm", "box") == "box")
        try store.expectNothingLeft()
    }

    @Test("has every line in its log that it wrote without a monitor, ten times, also for one who follows", arguments: [
        ["--log-opt", "max-size=1k", "--log-opt", "max-file=1000"], ["--log-driver", "local"],
    ])
    func lines(_ options: [String]) throws {
        let store = try TestStore()
        let program = """
            i=0; trap 'n=0; while [ $n -lt 100 ]; do n=$((n+1)); i=$((i+1)); echo line $i; done; echo $i > /written' USR1
            while :; do sleep 0.02; done
            """
        _ = try store.output(["run", "-d", "--name", "box"] + options + ["busybox", "sh", "-c", program])
        let pid = try store.inspect("box", "{{.State.Pid}}")
        let file = store.scratch.path("followed")
        try store.shell("$HAKO logs -f box > \(file) 2>&1 & echo $! > \(file).pid").expectSuccess()
        for round in 1...10 {
            try store.killMonitor(of: "box")
            // No command of ours: the pipe has it, or the monitor that the follower has called.
            try store.shell(
                "kill -USR1 \(pid); until [ \"$(cat /proc/\(pid)/root/written 2> /dev/null)\" = \(round * 100) ]; do sleep 0.01; done"
            ).expectSuccess()
            #expect(try store.output("ps", "--format", "{{.State}}") == "running")
            #expect(try store.monitors(of: "box") == 1)
            try waitUntil { try store.output("logs", "--tail", "1", "box") == "line \(round * 100)" }
        }
        try store.hako("kill", "box").expectSuccess()
        let all = (1...1000).map { "line \($0)\n" }.joined()
        #expect(try store.hako("logs", "box").output == all)
        try store.shell("while grep -qs '^State:.[^Z]' /proc/$(cat \(file).pid)/status; do sleep 0.05; done").expectSuccess()
        #expect(try String(decoding: FileDescriptor.contents(of: file, limit: 1 << 20), as: UTF8.self) == all)
        #expect(try store.output("rm", "box") == "box")
        try store.expectNothingLeft()
    }

    @Test("gets one monitor from many commands at once")
    func atOnce() throws {
        let store = try TestStore()
        _ = try store.output("run", "-d", "--name", "box", "-p", "127.0.0.1::80", "busybox", "sh", "-c", "trap : USR1; while :; do sleep 0.05; done")
        for _ in 0..<2 {
            try store.killMonitor(of: "box")
            let run = try store.shell(
                """
                cd \(store.scratch.root); rm -f failed
                for words in ps 'inspect box' 'logs box' 'exec box true' 'stats --no-stream box' 'top box' 'kill -s USR1 box' 'update --restart no box'; do
                  { $HAKO $words > /dev/null 2> $BASHPID.error || echo "$words: $(cat $BASHPID.error)" >> failed; } &
                done
                wait; cat failed 2> /dev/null; rm -f *.error
                """)
            #expect(run.output == "", "\(run)")
            #expect(try store.monitors(of: "box") == 1)
        }
        #expect(try store.output("rm", "-f", "box") == "box")
        try store.expectNothingLeft()
    }

    /// Those that the machine has.
    private static let runtimes = ["hako-runtime", "crun"].filter { $0 == "hako-runtime" || access("/usr/bin/\($0)", X_OK) == 0 }

    @Test("is started again by its policy, where it was and with what it had, as often as it may", arguments: runtimes)
    func restarted(_ runtime: String) throws {
        let store = try TestStore()
        try store.hako("volume", "create", "data").expectSuccess()
        try store.hako("run", "--rm", "-v", "data:/data", "busybox", "mkdir", "/data/part").expectSuccess()
        let program = Self.ending(5)[2]
        _ = try store.output(
            [
                "run", "-d", "--name", "box", "--runtime", runtime, "--restart", "on-failure:2", "-p", "127.0.0.1::80",
                "--mount", "type=volume,src=data,dst=/data,volume-subpath=part", "busybox", "sh", "-c",
                "echo start; echo start >> /data/starts; echo hello > /index.html; httpd -p 80; \(program)",
            ])
        let address = try store.inspect("box", "{{.NetworkSettings.IPAddress}}")
        let port = try store.output("port", "box", "80").split(separator: ":").last.map(String.init) ?? ""
        for count in 1...2 {
            try store.killMonitor(of: "box")
            #expect(try store.output("exec", "-d", "box", "touch", "/go") == "")
            try waitUntil { try store.inspect("box", "{{.RestartCount}} {{.State.Status}}") == "\(count) running" }
            #expect(try store.inspect("box", "{{.RestartCount}} {{.State.Status}}") == "\(count) running")
        }
        #expect(try store.dieEvents() == (Self.tellsEnds ? ["5", "5"] : ["255", "255"]))
        #expect(try store.output("exec", "box", "wc", "-l", "/data/starts") == "3 /data/starts")
        #expect(try store.output("logs", "box") == "start\nstart\nstart")
        #expect(try store.inspect("box", "{{.NetworkSettings.IPAddress}}") == address)
        let fetched = try store.shell("for i in $(seq 50); do curl -sf 127.0.0.1:\(port)/ && exit; sleep 0.1; done; exit 1")
        #expect(fetched.output == "hello\n", "\(fetched)")
        #expect(try store.output("exec", "-d", "box", "touch", "/go") == "")
        try waitUntil { try store.inspect("box", "{{.State.Status}}") == "exited" }
        #expect(try store.inspect("box", "{{.State.ExitCode}} {{.RestartCount}}") == "5 2")
        #expect(try store.output("rm", "box") == "box")
        try store.hako("volume", "rm", "data").expectSuccess()
        try store.expectNothingLeft()
    }

    @Test("while it waited for its restart is started by the next command")
    func resting() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "--restart", "always", "busybox", "sh", "-c", "[ -e /go ] && exec sleep 1000; exit 5").expectSuccess()
        // By then the pauses are long.
        try waitUntil { try store.inspect("box", "{{.RestartCount}}") >= "4" }
        try waitUntil { try store.inspect("box", "{{.State.Status}}") == "restarting" }
        let id = try store.inspect("box", "{{.Id}}")
        try store.shell("touch \(store.root)/containers/\(id)/upper/go").expectSuccess()
        try store.killMonitor(of: "box")
        #expect(try store.output("ps", "--format", "{{.State}}") == "running")
        #expect(try store.monitors(of: "box") == 1)
        #expect(try store.output("rm", "-f", "box") == "box")
        try store.expectNothingLeft()
    }

    @Test("is not started again when it is stopped, nor by a policy that it was given up for meanwhile", arguments: [
        ["stop", "-t", "0", "box"], ["kill", "box"], ["update", "--restart", "no", "box"],
    ])
    func notRestarted(_ words: [String]) throws {
        let store = try started("--restart", "always")
        #expect(try store.output(words) == "box")
        if words[0] == "update" { try store.shell("kill -9 \(try store.inspect("box", "{{.State.Pid}}"))").expectSuccess() }
        try waitUntil { try store.inspect("box", "{{.State.Status}}") == "exited" }
        usleep(300_000)
        #expect(try store.inspect("box", "{{.State.Status}} {{.RestartCount}}") == "exited 0")
        #expect(try store.output("rm", "box") == "box")
        try store.expectNothingLeft()
    }

    @Test("has its health checked on, with what was found before", arguments: [
        ["--user", "1000", "--health-cmd", "[ $(id -u) = 1000 ] && test -e /well"], ["--health-tcp", "77"],
    ])
    func health(_ options: [String]) throws {
        let store = try TestStore()
        _ = try store.output(
            ["run", "-d", "--name", "box", "--health-interval", "100ms", "--health-retries", "3"] + options + ["busybox", "sleep", "1000"])
        try waitUntil { try store.inspect("box", "{{.State.Health.Status}}") == "unhealthy" }
        let streak = try store.inspect("box", "{{.State.Health.FailingStreak}}")
        try store.killMonitor(of: "box")
        #expect(try store.output("ps", "--format", "{{.Status}}").hasSuffix("(unhealthy)"))
        // Never begun anew.
        try waitUntil { try Int(store.inspect("box", "{{.State.Health.FailingStreak}}")) ?? 0 > Int(streak) ?? 0 }
        #expect(try Int(store.inspect("box", "{{.State.Health.FailingStreak}}")) ?? 0 > Int(streak) ?? 0)
        try store.hako("exec", "-u", "0", "box", "sh", "-c", "touch /well; nc -ll -p 77 -e true > /dev/null 2>&1 &").expectSuccess()
        try waitUntil { try store.inspect("box", "{{.State.Health.Status}}") == "healthy" }
        let events = try store.output(
            "events", "--since", "0", "--until", "0s", "--filter", "event=health_status", "--format", "{{.Action}}")
        #expect(events == "health_status: unhealthy\nhealth_status: healthy")
        #expect(try store.output("rm", "-f", "box") == "box")
        try store.expectNothingLeft()
    }

    @Test("says what went with it: a terminal, and the input")
    func losses() throws {
        let store = try started("-t", program: ["sh", "-c", "trap '' HUP; while :; do sleep 0.05; done"])
        let attached = try store.hako("attach", "--no-stdin", "box")
        #expect(attached.status == 1 && attached.error.contains("its terminal went with") && attached.error.contains("hako restart box"), "\(attached)")
        let terminal = try store.hako("why", "box")
        #expect(terminal.output.contains("gone with the first one: its terminal, which the kernel hung up"), "\(terminal)")
        try store.hako("run", "-di", "--name", "reader", "busybox", "sh", "-c", "cat; echo ended; exec sleep 1000").expectSuccess()
        try store.killMonitor(of: "reader")
        let input = try store.hako("why", "reader")
        #expect(input.output.contains("gone with the first one: its input, which has ended once"), "\(input)")
        try waitUntil { try store.output("logs", "reader") == "ended" }
        #expect(try store.output("logs", "reader") == "ended")
        for name in ["box", "reader"] { #expect(try store.output("rm", "-f", name) == name) }
        try store.expectNothingLeft()
    }

    @Test("and of which nobody knows what the monitor was told, runs on, and can be killed")
    func unknownSettings() throws {
        let store = try started(program: ["sh", "-c", "trap : TERM; while :; do sleep 0.05; done"])
        let id = try store.shell("ls \(store.runRoot)/containers").text
        try store.shell("rm \(store.runRoot)/containers/\(id)/monitor.json").expectSuccess()
        let ps = try store.hako("ps", "--format", "{{.State}}")
        #expect(ps.text == "running" && ps.error.contains("cannot take over container box"), "\(ps)")
        #expect(try store.output("exec", "box", "echo", "there") == "there")
        let signal = try store.hako("kill", "-s", "USR1", "box")
        #expect(signal.status == 1 && signal.error.contains("what its monitor was told is not there"), "\(signal)")
        #expect(try store.hako("why", "box").output.contains("obody writes its log"))
        let stop = try store.hako("stop", "box")
        #expect(stop.status == 0 && stop.error.contains("was killed at once"), "\(stop)")
        #expect(try store.inspect("box", "{{.State.Status}} {{.State.ExitCode}}") == "exited 255")
        #expect(try store.output("rm", "box") == "box")
        try store.expectNothingLeft(of: [id])
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

extension TestStore {
    /// Kills a container's monitor, without another command's noticing, and returns when it is gone.
    fileprivate func killMonitor(of name: String) throws {
        let id = try inspect(name, "{{.Id}}")
        try shell(
            "p=$(pgrep -f '[h]ako-runtime monitor.*\(id)') && kill -9 $p && while grep -qs '^State:.[^Z]' /proc/$p/status; do sleep 0.01; done"
        ).expectSuccess()
    }

    /// How many there are.
    fileprivate func monitors(of name: String) throws -> Int {
        try shell("pgrep -f '[h]ako-runtime monitor.*\(try inspect(name, "{{.Id}}"))'").lines.count
    }

    /// The exit codes that were told.
    fileprivate func dieEvents() throws -> [String] {
        try output(
            "events", "--since", "1h", "--until", "0s", "-f", "event=die", "-f", "container=box", "--format",
            "{{.Actor.Attributes.exitCode}}"
        ).split(separator: "\n").map(String.init)
    }
}
