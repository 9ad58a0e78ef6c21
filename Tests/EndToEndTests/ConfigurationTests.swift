import Glibc
import Linux
import TestSupport
import Testing

@Suite("The configuration", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ConfigurationTests {
    /// A store with a configuration.
    private func store(_ text: String, images: [String] = ["busybox"]) throws -> TestStore {
        let store = try TestStore(images: images)
        try store.scratch.add("config.json", .file(Array(text.utf8)))
        return store
    }

    private func configured(_ store: TestStore, _ words: String...) throws -> ProgramRun {
        try store.hako(["--config-file", store.scratch.path("config.json")] + words)
    }

    @Test("fills in what a container says nothing of, and no more")
    func defaults() throws {
        let store = try store(
            """
            { "default-ulimits": {"nofile": {"Soft": 111, "Hard": 222}}, "init": true, "default-shm-size": "1m", // small
              "dns": ["192.0.2.53"], "dns-search": ["example.test"], "dns-opts": ["ndots:3"], "no-new-privileges": true,
              "log-opts": {"max-size": "5m", "max-file": "2"}, "default-cgroupns-mode": "host", "default-ipc-mode": "shareable" }
            """)
        let script = "ulimit -n; ulimit -Hn; df -k /dev/shm | tail -1 | awk '{print $2}'; tr '\\0' ' ' < /proc/1/cmdline; echo; grep NoNewPrivs /proc/self/status; cat /etc/resolv.conf"
        let plain = try configured(store, "run", "--name", "plain", "busybox", "sh", "-c", script)
        plain.expectSuccess()
        #expect(plain.lines.prefix(3) == ["111", "222", "1024"])
        #expect(plain.lines.dropFirst(3).first?.contains("init") == true)
        #expect(plain.output.contains("NoNewPrivs:\t1"))
        for line in ["nameserver 192.0.2.53", "search example.test", "options ndots:3"] { #expect(plain.lines.contains(line), "\(plain)") }
        let inspected = try store.inspect("plain", "{{.HostConfig.LogConfig.Config}} {{.HostConfig.CgroupnsMode}} {{.HostConfig.IpcMode}} {{.HostConfig.ShmSize}}")
        #expect(inspected == "map[max-file:2 max-size:5m] host shareable 1048576")

        let own = try configured(
            store, "run", "--name", "own", "--ulimit", "nofile=77:88", "--init=false", "--shm-size", "2m", "--dns", "192.0.2.54",
            "--log-opt", "max-size=6m", "--security-opt", "no-new-privileges=false", "--cgroupns", "private", "busybox", "sh", "-c", script)
        own.expectSuccess()
        #expect(own.lines.prefix(3) == ["77", "88", "2048"])
        #expect(own.lines.dropFirst(3).first?.contains("init") == false)
        #expect(own.output.contains("NoNewPrivs:\t0"))
        #expect(own.lines.contains("nameserver 192.0.2.54") && own.lines.contains("search example.test"), "\(own)")
        #expect(try store.inspect("own", "{{.HostConfig.LogConfig.Config}} {{.HostConfig.CgroupnsMode}}") == "map[max-file:2 max-size:6m] private")

        try configured(store, "run", "-d", "--name", "long", "busybox", "sleep", "1000").expectSuccess()
        #expect(try configured(store, "exec", "long", "sh", "-c", "ulimit -n; grep NoNewPrivs /proc/self/status").text == "111\nNoNewPrivs:\t1")
    }

    @Test("with a mistake stops what would use it, with the line and the right key, and nothing else")
    func mistake() throws {
        let store = try store("{}")
        try configured(store, "run", "-d", "--rm", "--name", "before", "busybox", "sleep", "1000").expectSuccess()
        try store.scratch.add("config.json", .file(Array("{\n  \"log-optz\": {}\n}".utf8)))
        let path = store.scratch.path("config.json")
        let complaint = "\(path):2:3: \"log-optz\" is no key of the configuration; did you mean \"log-opts\"?"
        for (words, status) in [(["run", "busybox", "true"], 125), (["create", "busybox"], 125), (["ps"], 1)] as [([String], CInt)] {
            let run = try store.hako(["--config-file", path] + words)
            #expect(run.status == status && run.error.hasPrefix("hako: \(complaint)"), "\(words): \(run)")
        }
        for words in [["version"], ["help"], ["run", "--help"], ["completion", "bash"]] {
            #expect(try store.hako(["--config-file", path] + words).status == 0, "\(words)")
        }
        let check = try configured(store, "config", "check")
        #expect(check.status == 1)
        #expect(check.output == "\(complaint)\n      \"log-optz\": {}\n      ^\n\(path) has a mistake.\n")
        // The monitor's clean-up is no command of the user's: a mistake must not leave things behind.
        try store.hako("kill", "before")
        #expect(try store.shell("for i in $(seq 100); do [ -z \"$($HAKO ps -aq)\" ] && exit 0; sleep 0.1; done; exit 1").status == 0)
        #expect(try store.hako("--config-file", store.scratch.path("none"), "ps").error.contains("no such file or directory"))
    }

    @Test(
        "with a value that no container could have says so, too",
        arguments: [
            (#"{"log-driver": "nonsense"}"#, "1:16: \"log-driver\": logger: no log driver named 'nonsense' is registered"),
            (#"{"log-opts": {"max-size": "x"}}"#, "1:27: \"log-opts.max-size\": "),
            (#"{"default-ulimits": {"files": {"Soft": 1, "Hard": 2}}}"#, "1:31: \"default-ulimits.files\": invalid ulimit type: files"),
            (#"{"default-runtime": "nonsense"}"#, "1:21: \"default-runtime\": there is no runtime \"nonsense\""),
            (#"{"dns-search": ["a b"]}"#, "1:16: \"dns-search\": "),
        ])
    func impossible(text: String, complaint: String) throws {
        let store = try store(text, images: [])
        let path = store.scratch.path("config.json")
        #expect(try configured(store, "ps").error.hasPrefix("hako: \(path):\(complaint)"))
        let check = try configured(store, "config", "check")
        #expect(check.status == 1 && check.output.hasPrefix("\(path):\(complaint)"), "\(check)")
    }

    @Test("is checked for what a start alone would find")
    func deepCheck() throws {
        let store = try store(#"{"seccomp-profile": "/nonexistent", "runtimes": {"gone": {"path": "/nonexistent/crun"}}, "hosts": []}"#, images: [])
        let check = try configured(store, "config", "check")
        #expect(check.status == 1)
        #expect(try store.hako("--root", "/proc/nowhere/else", "ps").error.contains("cannot make the store"))
        for text in ["warning: \"hosts\" means nothing here", "/nonexistent/crun is no program", "read the seccomp profile /nonexistent", "has 2 mistakes"] {
            #expect(check.output.contains(text), "\(check)")
        }
        #expect(try store.hako("config", "check", "/proc/nowhere").status == 1)
    }

    @Test("names the default network's addresses, and changes them when nobody is on it")
    func network() throws {
        let subnet = TestStore.subnet
        let store = try store("{\"bip\": \"\(subnet).1/27\", \"mtu\": 1400, \"ip\": \"127.0.0.1\", \"ipv6\": false}")
        try configured(store, "run", "-d", "--name", "box", "-p", "80", "-P", "--expose", "81", "busybox", "sleep", "1000").expectSuccess()
        #expect(try store.inspect("box", "{{.NetworkSettings.IPAddress}}/{{.NetworkSettings.IPPrefixLen}}") == "\(subnet).2/27")
        #expect(try store.output("exec", "box", "cat", "/sys/class/net/eth0/mtu") == "1400")
        let ports = try store.inspect("box", "{{range $p, $b := .NetworkSettings.Ports}}{{$p}} {{(index $b 0).HostIp}} {{len $b}};{{end}}")
        #expect(ports == "80/tcp 127.0.0.1 1;81/tcp 127.0.0.1 1;")
        try store.scratch.add("config.json", .file(Array("{\"bip\": \"\(subnet).33/27\", \"ipv6\": true, \"fixed-cidr-v6\": \"fd00:9:\(getpid() % 9999)::/64\"}".utf8)))
        let kept = try configured(store, "run", "--rm", "busybox", "ip", "-4", "addr", "show", "eth0")
        #expect(kept.output.contains("\(subnet).3/27") && kept.error.contains("stays \(subnet).0/27"), "\(kept)")
        try store.hako("rm", "-f", "box")
        let changed = try configured(store, "run", "--rm", "busybox", "ip", "addr", "show", "eth0")
        #expect(changed.output.contains("\(subnet).34/27") && changed.output.contains("fd00:9:\(getpid() % 9999)::"), "\(changed)")
    }

    @Test("has pools of which the default network takes a piece")
    func pools() throws {
        let store = try store("{\"default-address-pools\": [{\"base\": \"\(TestStore.subnet).128/25\", \"size\": 28}]}")
        let run = try configured(store, "run", "--rm", "busybox", "ip", "-4", "addr", "show", "eth0")
        #expect(run.output.contains("inet \(TestStore.subnet).") && run.output.contains("/28"), "\(run)")
    }

    @Test("names runtimes, and which is the default", .enabled(if: Program.isInstalled("crun"), "crun is not installed"))
    func runtimes() throws {
        let store = try store(
            #"{"runtimes": {"mine": {"path": "/usr/bin/crun"}, "broken": {"path": "/bin/false"}}, "default-runtime": "mine"}"#)
        let run = try configured(store, "run", "--name", "box", "busybox", "echo", "ran")
        #expect(run.text == "ran", "\(run)")
        #expect(try configured(store, "run", "--rm", "--runtime", "broken", "busybox", "true").status == 125)
        #expect(try store.inspect("box", "{{.HostConfig.Runtime}}") == "mine")
        try configured(store, "rm", "box").expectSuccess()
        #expect(try configured(store, "run", "--rm", "--runtime", "hako-runtime", "busybox", "echo", "own").text == "own")
    }

    @Test("says where the store is, unless the command line does; info tells")
    func storeAndInfo() throws {
        let store = try store("", images: [])
        let (root, run) = (store.scratch.path("elsewhere"), store.scratch.path("elsewhere-run"))
        try store.scratch.add(
            "config.json",
            .file(Array("{\"data-root\": \"\(root)\", \"exec-root\": \"\(run)\", \"labels\": [\"rack=7\"], \"registry-mirrors\": [\"https://m.example\"]}".utf8)))
        let path = store.scratch.path("config.json")
        let script = """
            unset HAKO_ROOT HAKO_RUN_ROOT; export HAKO_CONFIG=\(path); trap '"$HAKO" system reset --force' EXIT
            "$HAKO" info -f '{{.DockerRootDir}} {{.Labels}} {{.RegistryConfig.Mirrors}} {{.ConfigurationFile}}' && "$HAKO" info && test -d '\(run)'
            """
        let told = try store.shell(script)
        told.expectSuccess()
        #expect(told.lines.first == "\(root) [rack=7] [https://m.example] \(path)", "\(told)")
        for line in [" Labels:", "  rack=7", " Registry Mirrors:", " Configuration: \(path)"] { #expect(told.lines.contains(line), "\(told)") }
        #expect(access(root, F_OK) != 0)
        #expect(try configured(store, "info", "-f", "{{.DockerRootDir}}").text == store.root)
        let shown = try configured(store, "config", "show")
        #expect(shown.lines.contains { $0.hasPrefix("labels ") && $0.contains("[\"rack=7\"]") && $0.hasSuffix(path) }, "\(shown)")
        #expect(shown.lines.contains { $0.hasPrefix("log-driver ") && $0.hasSuffix("default") }, "\(shown)")
    }

    @Test("takes Docker's over, says what became of each key, and loses none that is there")
    func importDocker() throws {
        let store = try TestStore(images: [])
        try store.scratch.add("daemon.json", .file(Array("{\n\"log-opts\": {\"max-size\": \"9m\"},\n\"hosts\": [\"fd://\"]\n}".utf8)))
        let (daemon, target) = (store.scratch.path("daemon.json"), store.scratch.path("etc/hako/config.json"))
        let dry = try store.hako("config", "import-docker", "--dry-run", daemon)
        dry.expectSuccess()
        #expect(dry.output.hasPrefix("\(daemon):2: log-opts: taken over\n\(daemon):3: hosts: left out: nothing listens: there is no daemon\n"))
        #expect(dry.output.contains("\"max-size\": \"9m\""))
        try store.hako("config", "import-docker", "-o", target, daemon).expectSuccess()
        #expect(try store.hako("config", "check", target).text == "\(target) can be used.")
        let again = try store.hako("--config-file", target, "config", "import-docker", daemon)
        #expect(again.status == 1 && again.error.contains("it is there already"), "\(again)")
        try store.hako("--config-file", target, "config", "import-docker", "--force", daemon).expectSuccess()
        #expect(try store.hako("config", "import-docker", "/proc/nowhere").status == 1)
        // What only the engine knows of is left out, too: what is written can be used.
        try store.scratch.add(
            "daemon.json", .file(Array(#"{"log-driver": "gelf", "log-opts": {"gelf-address": "udp://x"}, "init": true, "dns-search": ["a b"]}"#.utf8)))
        let partly = try store.hako("config", "import-docker", "--force", "-o", target, daemon)
        #expect(partly.lines.filter { $0.contains("left out: ") }.count == 3 && partly.output.contains("no log driver named 'gelf'"), "\(partly)")
        #expect(try store.hako("config", "check", target).text == "\(target) can be used.")
    }
}

@Suite("The user's config.json", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct UserConfigurationTests {
    private func store(_ text: String, images: [String] = ["busybox"]) throws -> (TestStore, [String]) {
        let store = try TestStore(images: images)
        try store.scratch.add("docker/config.json", .file(Array(text.utf8)))
        return (store, ["--config", store.scratch.path("docker")])
    }

    @Test("says how lists look, where the command line doesn't")
    func formats() throws {
        let (store, words) = try store(#"{"psFormat": "{{.Names}} here", "imagesFormat": "{{.Repository}}!", "volumesFormat": "<{{.Name}}>", "statsFormat": "{{.Name}}"}"#)
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000").expectSuccess()
        try store.hako("volume", "create", "data").expectSuccess()
        #expect(try store.output(words + ["ps"]) == "box here")
        #expect(try store.output(words + ["ps", "--format", "{{.Image}}"]) == "busybox")
        #expect(try store.output(words + ["ps", "-q"]).utf8.count == 12)
        #expect(try store.output(words + ["images"]) == "busybox!")
        #expect(try store.output(words + ["volume", "ls"]) == "<data>")
        #expect(try store.output(words + ["stats", "--no-stream"]) == "box")
    }

    @Test("with a mistake in a template is named; one that is broken is passed over")
    func mistakes() throws {
        let (store, words) = try store(#"{"psFormat": "{{.Names"}"#, images: [])
        let run = try store.hako(words + ["ps"])
        #expect(run.status != 0 && run.error.contains("psFormat in \(store.scratch.path("docker/config.json")): "), "\(run)")
        try store.scratch.add("docker/config.json", "{ nonsense }")
        let broken = try store.hako(words + ["ps"])
        #expect(broken.status == 0 && broken.error.hasPrefix("WARNING: Error parsing config file (\(store.scratch.path("docker/config.json"))): "), "\(broken)")
        try store.scratch.add("docker/config.json", #"{"detachKeys": "nonsense-"}"#)
        let keys = try store.hako(words + ["run", "busybox"])
        #expect(keys.status == 1 && keys.error.contains("Invalid detach keys (nonsense-) provided") && keys.error.contains("config.json has them"), "\(keys)")
    }

    @Test("gives new containers its proxies")
    func proxies() throws {
        let (store, words) = try store(#"{"proxies": {"default": {"httpProxy": "http://proxy:3128"}}}"#)
        #expect(try store.output(words + ["run", "--rm", "-e", "http_proxy=mine", "busybox", "sh", "-c", "echo $HTTP_PROXY $http_proxy"]) == "http://proxy:3128 mine")
        try store.hako(words + ["create", "--name", "box", "busybox"]).expectSuccess()
        #expect(try store.inspect("box", "{{.Config.Env}}").contains("http_proxy=http://proxy:3128"))
    }
}
