import Glibc
import TestSupport
import Testing

@Suite("Health checks", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct HealthTests {
    /// Waits for a container's health; generous, as a machine may be slow.
    private func wait(_ store: TestStore, _ name: String, for health: String) throws {
        try waitUntil { try store.inspect(name, "{{.State.Health.Status}}") == health }
        #expect(try store.inspect(name, "{{.State.Health.Status}}") == health)
    }

    @Test("follow what the container does, and tell of each change")
    func changes() throws {
        let store = try TestStore()
        try store.hako(
            "run", "-d", "--name", "box", "--health-cmd", "echo looked; test -e /well", "--health-interval", "100ms",
            "--health-retries", "2", "busybox", "sleep", "1000")
        #expect(["starting", "unhealthy"].contains(try store.inspect("box", "{{.State.Health.Status}}")))
        try wait(store, "box", for: "unhealthy")
        #expect(try store.output("ps", "--format", "{{.Status}}").hasSuffix("(unhealthy)"))
        let last = try store.inspect("box", "{{with index .State.Health.Log 1}}{{.ExitCode}} {{.Output}}{{end}}")
        #expect(last == "1 looked\n" || last == "1 looked", "\(last)")
        #expect(try store.inspect("box", "{{ge .State.Health.FailingStreak 2}}") == "true")
        try store.hako("exec", "box", "touch", "/well")
        try wait(store, "box", for: "healthy")
        #expect(try store.inspect("box", "{{.State.Health.FailingStreak}}") == "0")
        #expect(try store.output("ps", "-q", "--filter", "health=healthy").count == 12)
        #expect(try store.output("ps", "-q", "--filter", "health=none") == "")
        let events = try store.output(
            "events", "--since", "0", "--until", "0s", "--filter", "event=health_status", "--format", "{{.Action}}")
        #expect(events == "health_status: unhealthy\nhealth_status: healthy")
        #expect(try store.hako("rm", "-f", "box").status == 0)
        try store.expectNothingLeft()
    }

    @Test("show a start, which comes with each start anew")
    func starting() throws {
        let store = try TestStore()
        try store.hako(
            "run", "-d", "--name", "box", "--health-cmd", "false", "--health-interval", "1h", "busybox", "sleep", "1000")
        #expect(try store.output("ps", "--format", "{{.Status}}").hasSuffix("(health: starting)"))
        #expect(try store.inspect("box", "{{json .State.Health}}") == #"{"Status":"starting","FailingStreak":0,"Log":[]}"#)
        try store.hako("kill", "box")
        try waitUntil { try store.inspect("box", "{{.State.Status}}") == "exited" }
        // As Docker has it: what nobody looks at isn't well.
        #expect(try store.inspect("box", "{{.State.Health.Status}}") == "unhealthy")
        try store.hako("start", "box")
        #expect(try store.inspect("box", "{{.State.Health.Status}}") == "starting")
    }

    @Test("end a probe that hangs, with what it started, and bound what one says")
    func hanging() throws {
        let store = try TestStore()
        try store.hako(
            "run", "-d", "--name", "box", "--health-cmd", "echo before; exec sleep 777", "--health-interval", "100ms",
            "--health-timeout", "5s", "--health-retries", "1", "busybox", "sleep", "1000")
        try wait(store, "box", for: "unhealthy")
        let log = try store.inspect("box", "{{with index .State.Health.Log 0}}{{.ExitCode}} {{.Output}}{{end}}")
        #expect(log.hasPrefix("-1 Health check exceeded timeout (5s): before"), "\(log)")
        // The next one may run by now, but no more than that.
        #expect(try store.output("top", "box").split(separator: "\n").filter { $0.contains("sleep 777") }.count <= 1)
        try store.hako(
            "run", "-d", "--name", "loud", "--health-cmd", "yes | head -c 1000000", "--health-interval", "100ms", "busybox",
            "sleep", "1000")
        try wait(store, "loud", for: "healthy")
        #expect(try store.inspect("loud", "{{len (index .State.Health.Log 0).Output}}") == "4096")
        #expect(try store.hako("rm", "-f", "box", "loud").status == 0)
        try store.expectNothingLeft()
    }

    @Test("come from the image, and the command line goes before it, part by part")
    func image() throws {
        let store = try TestStore(images: [])
        try store.load(
            "checked", layers: [TestStore.shellLayer],
            config: TestStore.plainConfig
                + #","Cmd":["sleep","1000"],"Healthcheck":{"Test":["CMD","cat","/well"],"Interval":100000000,"Retries":1}"#)
        try store.hako("run", "-d", "--name", "own", "checked")
        try wait(store, "own", for: "unhealthy")
        try store.hako("run", "-d", "--name", "more", "--health-cmd", "true", "checked")
        try wait(store, "more", for: "healthy")
        #expect(try store.inspect("more", "{{.Config.Healthcheck.Interval}} {{.Config.Healthcheck.Test}}") == "100ms [CMD-SHELL true]")
        try store.hako("run", "-d", "--name", "none", "--no-healthcheck", "checked")
        #expect(try store.output("ps", "--filter", "name=none", "--format", "{{.Status}}").contains("(") == false)
    }

    @Test("a program that isn't there, and one that runs as the container's user")
    func programs() throws {
        let store = try TestStore(images: [])
        try store.load(
            "strange", layers: [TestStore.shellLayer],
            config: TestStore.plainConfig
                + #","Cmd":["sleep","1000"],"User":"33:44","Healthcheck":{"Test":["CMD","/missing"],"Interval":100000000,"Retries":1}"#)
        try store.hako("run", "-d", "--name", "missing", "strange")
        try wait(store, "missing", for: "unhealthy")
        let log = try store.inspect("missing", "{{with index .State.Health.Log 0}}{{.ExitCode}} {{.Output}}{{end}}")
        #expect(log.hasPrefix("-1 ") && log.contains("/missing"), "\(log)")
        try store.hako("run", "-d", "--name", "user", "--health-cmd", "id", "strange")
        try wait(store, "user", for: "healthy")
        let said = try store.inspect("user", "{{(index .State.Health.Log 0).Output}}")
        #expect(said.hasPrefix("uid=33 gid=44"), "\(said)")
    }

    @Test("wait while the container is paused, and go on when it does")
    func paused() throws {
        let store = try TestStore()
        try store.hako(
            "run", "-d", "--name", "box", "--health-cmd", "! test -e /slow || { touch /begun; sleep 1000; }",
            "--health-interval", "100ms", "--health-timeout", "5s", "--health-retries", "1", "busybox", "sleep", "1000")
        try wait(store, "box", for: "healthy")
        // One probe is under way and would have taken too long, others would have begun.
        try store.hako("exec", "box", "touch", "/slow")
        try store.hako("exec", "box", "sh", "-c", "until test -e /begun; do usleep 10000; done; rm /slow")
        try store.hako("pause", "box")
        usleep(6_000_000)
        #expect(try store.inspect("box", "{{.State.Health.FailingStreak}}") == "0")
        try store.hako("unpause", "box")
        try wait(store, "box", for: "healthy")
    }

    @Test(
        "are refused where they can't be", arguments: [
            ["--no-healthcheck", "--health-cmd", "true"], ["--health-interval", "-1s"], ["--health-retries", "-1"],
            ["--health-cmd", "true", "--health-timeout", "10us"],
        ])
    func refused(_ options: [String]) throws {
        let store = try TestStore()
        let run = try store.hako(["run", "--rm"] + options + ["busybox", "true"])
        #expect(run.status == 125 && !run.error.isEmpty, "\(run)")
    }

    @Test("ask by HTTP and TCP from inside, also where the image has no program for it", arguments: ["bridge", "none", "host"])
    func connections(_ network: String) throws {
        let store = try TestStore()
        // A port that nobody else has, for the host's network: below those that the kernel chooses.
        let port = String(20000 + Int.random(in: 0..<12000))
        let options = ["run", "-d", "--network", network, "--health-interval", "100ms", "--health-retries", "1"]
        let server = "mkdir -p /w; echo fine > /w/well; httpd -p 127.0.0.1:\(port) -h /w; exec sleep 1000"
        for (name, health) in [
            ("well", ["--health-http", "http://localhost:\(port)/well"]), ("missing", ["--health-http", "http://:\(port)/other"]),
            ("port", ["--health-tcp", port]), ("closed", ["--health-tcp", "9"]),
        ] {
            // In the host's network they would share the one server.
            let program = network == "host" && name != "well" ? "exec sleep 1000" : server
            _ = try store.hako(options + ["--name", name] + health + ["busybox", "sh", "-c", program])
        }
        try wait(store, "well", for: "healthy")
        // The oldest that is kept may be of before the server listened.
        func oldest(_ name: String) throws -> String { try store.inspect(name, "{{(index .State.Health.Log 0).Output}}") }
        try waitUntil { try oldest("well").hasPrefix("HTTP/1.") }
        let answer = try oldest("well")
        #expect(answer.hasPrefix("HTTP/1.") && answer.hasSuffix("fine"), "\(answer)")
        try wait(store, "port", for: "healthy")
        try wait(store, "missing", for: "unhealthy")
        try waitUntil { try oldest("missing").contains("404") }
        #expect(try store.inspect("missing", "{{json (index .State.Health.Log 0)}}").contains("404"))
        try wait(store, "closed", for: "unhealthy")
        #expect(try store.hako("rm", "-f", "well", "missing", "port", "closed").status == 0)
        try store.expectNothingLeft()
    }

    @Test("a server that never answers takes as long as it may", arguments: [("0.5s", "500ms"), ("1s", "1s")])
    func silent(_ shown: String, _ timeout: String) throws {
        let store = try TestStore()
        try store.hako(
            "run", "-d", "--name", "box", "--health-http", "http://localhost/cgi-bin/slow", "--health-interval", "100ms",
            "--health-timeout", timeout, "busybox", "sh", "-c",
            #"""
            mkdir -p /w/cgi-bin; printf '#!/bin/sh\nsleep 1000\n' > /w/cgi-bin/slow; chmod +x /w/cgi-bin/slow
            httpd -p 80 -h /w; exec sleep 1000
            """#)
        var log = ""
        for _ in 0..<600 {
            log = try store.inspect("box", "{{json .State.Health.Log}}")
            if log.contains("no whole answer") { break }
            usleep(20_000)
        }
        #expect(log.contains("exceeded timeout (\(shown)): no whole answer"), "\(log)")
    }

    @Test(
        "refuse what they can't ask", arguments: [
            ["--health-http", "https://localhost/"], ["--health-http", "http://example.com/"], ["--health-tcp", "0"],
            ["--health-tcp", "80", "--health-cmd", "true"],
        ])
    func refusedConnections(_ options: [String]) throws {
        let store = try TestStore()
        let run = try store.hako(["run", "--rm"] + options + ["busybox", "true"])
        #expect(run.status == 125 && run.error.contains("health"), "\(run)")
    }

    @Test("restart what is unhealthy, as often as it may")
    func restarts() throws {
        let store = try TestStore()
        // Not before the program has done what comes first.
        let probe = "until grep -q ^sleep /proc/1/cmdline; do sleep 0.01; done; test -e /well"
        let checked = ["--health-cmd", probe, "--health-interval", "100ms", "--health-retries", "1"]
        _ = try store.hako(
            ["run", "-d", "--name", "box", "--restart", "unhealthy:2"] + checked + ["busybox", "sh", "-c", "echo up; exec sleep 1000"])
        try waitUntil { try store.inspect("box", "{{.State.Status}}") == "exited" }
        #expect(try store.inspect("box", "{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}") == "exited 2 137")
        #expect(try store.output("logs", "box") == "up\nup\nup")
        // One that is well again stays.
        _ = try store.hako(
            ["run", "-d", "--name", "heals", "--restart", "unhealthy"] + checked
                + ["busybox", "sh", "-c", "test -e /seen && touch /well; touch /seen; exec sleep 1000"])
        try wait(store, "heals", for: "healthy")
        #expect(try store.inspect("heals", "{{.State.Status}} {{.HostConfig.RestartPolicy.Name}}") == "running unhealthy")
        let run = try store.hako("run", "-d", "--restart", "unhealthy", "busybox", "true")
        #expect(run.status == 125 && run.error.contains("needs a health check"), "\(run)")
        #expect(try store.hako("rm", "-f", "box", "heals").status == 0)
        try store.expectNothingLeft()
    }
}
