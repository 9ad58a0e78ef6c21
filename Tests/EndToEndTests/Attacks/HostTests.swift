import Glibc
import Linux
import Testing
import TestSupport

@Suite("The host, attacked from a container", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct HostTests {
    private static let unconfined = ["--security-opt", "seccomp=unconfined"]

    @Test("is reached by no abstract socket, and by no path (T-R23)")
    func sockets() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "--network", "host", "busybox", "sleep", "1000")
        let sockets = try store.output("exec", "box", "cat", "/proc/net/unix").split(separator: "\n")
        #expect(!sockets.isEmpty)
        #expect(!sockets.contains { $0.contains("@") && ($0.contains("hako") || $0.contains(store.runRoot)) })
        #expect(
            try store.output(
                "exec", "box", "find", "/", "-name", "proc", "-prune", "-o", "-name", "sys", "-prune", "-o", "-name",
                "monitor.sock", "-print") == "")
        #expect(
            try ProgramRun.of("/usr/bin/stat", ["-c", "%a", store.root, store.runRoot]).lines.prefix(2) == [
                "700", "700",
            ])
    }

    @Test("has nothing typed into its terminal (T-R24)", arguments: ["run --rm", "run --rm -it", "exec", "exec -it"])
    func terminal(how: String) throws {
        let store = try TestStore()
        let options = (try store.probe() + Self.unconfined + ["--cap-add", "ALL"]).joined(separator: " ")
        if how.hasPrefix("exec") {
            #expect(try store.shell("$HAKO run -d --name box \(options) busybox sleep 1000").status == 0)
        }
        let where_ = how.hasPrefix("exec") ? "\(how) box" : "\(how) \(options) busybox"
        let script = """
            stty -icanon -echo min 0 time 0; \(TestStore.programs ?? "")/hako \(where_) /attack/container-probe push-input; echo
            stty -icanon -echo min 0 time 0; echo typed: $(dd bs=100 count=1 2>/dev/null)
            """
        let lines = try TerminalRun.of(script, environment: store.environment).output.split(whereSeparator: \.isNewline)
        #expect(lines.last == "typed:")
    }

    @Test("keeps its keys from containers without a filter (T-R18)", arguments: [[], ["--userns=host"]])
    func keys(options: [String]) throws {
        let store = try TestStore()
        let words = ["run", "--rm"] + options + Self.unconfined + (try store.probe())
        let name = "hako-test-\(getpid())"
        func underKey(_ command: [String]) throws -> String {
            try ProgramRun.of(Attacker.program, ["with-key", name] + command, environment: store.environment).text
        }
        #expect(try underKey([Attacker.program, "find-key", name]) == "found")
        let container = words + ["busybox", "/attack/container-probe", "find-key", name]
        #expect(try underKey([(TestStore.programs ?? "") + "/hako"] + container).hasPrefix("no key"))
    }

    @Test("has no cgroup written by a container that may mount (T-R15)", arguments: [[], ["nested"]])
    func cgroups(nested: [String]) throws {
        let store = try TestStore()
        let words = ["run", "--rm", "--cap-add", "SYS_ADMIN"] + Self.unconfined + (try store.probe())
        let run = try store.hako(words + ["busybox", "/attack/container-probe", "escape-cgroup"] + nested)
        #expect(run.text.hasSuffix("done"), "\(run)")
        #expect(!run.lines.contains { $0.hasPrefix("wrote") || $0.hasPrefix("made") }, "\(run)")
    }

    @Test("finds every process of a container in its cgroup, exec's too")
    func execInCgroup() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        let id = try store.inspect("box", "{{.Id}}")
        let program = "sleep 9\(getpid())"
        let run = try store.shell(
            "$HAKO exec box \(program) & until p=$(pgrep -fx '\(program)'); do :; done; cat /proc/$p/cgroup; kill $p")
        let memberships = run.lines.filter { !$0.isEmpty && !$0.hasSuffix(":/") }
        #expect(!memberships.isEmpty && memberships.allSatisfy { $0.contains(id) }, "\(run)")
    }

    @Test("has no process signalled or joined that has got a dead container's number (T-R22)")
    func wrongProcess() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000").expectSuccess()
        let id = try store.inspect("box", "{{.Id}}")
        let pid = try store.inspect("box", "{{.State.Pid}}")
        // Neither the monitor nor the container can tell how it ended.
        let run = try store.shell(
            """
            kill -KILL $(pgrep -f '[h]ako-runtime monitor.*\(id)'); kill -KILL \(pid); while [ -e /proc/\(pid) ]; do :; done
            \(Attacker.program) as-process \(pid) & probe=$!; trap 'kill -KILL $probe' EXIT
            until [ -e /proc/\(pid) ]; do kill -0 $probe || exit 1; done
            for words in 'exec box true' 'kill box' 'stop -t 0 box' 'rm -f box' 'system check'; do
              $HAKO $words > /dev/null 2>&1; echo $words: $?; kill -0 \(pid) && kill -0 $probe || echo harmed; done
            """)
        #expect(run.lines.first == "exec box true: 1" || run.lines.first == "exec box true: 125", "\(run)")
        #expect(!run.output.contains("harmed") && run.lines.suffix(2) == ["rm -f box: 0", "system check: 0"], "\(run)")
        #expect(try ProgramRun.of("/usr/bin/find", ["/sys/fs/cgroup", "-name", id]).output == "")
    }

    /// With a user namespace, the kernel alone lets nothing of a container's mounts out. mount_namespaces(7)
    @Test(
        "sees no mount that a container makes in a shared source, and can unmount the source (T-V6)",
        arguments: ["", "--userns=host"])
    func propagation(option: String) throws {
        let store = try TestStore()
        let run = try store.shell(
            """
            d=\(store.scratch.path("shared")); mkdir $d
            unshare -m bash -c "mount -t tmpfs t $d; mount --make-shared $d
            $HAKO run --rm \(option) --cap-add SYS_ADMIN --security-opt seccomp=unconfined -v $d:/d busybox sh -c 'mkdir /d/m; mount -t tmpfs t /d/m && echo mounted'
            grep -c $d/m /proc/self/mountinfo; umount $d && echo unmounted"
            """)
        #expect(run.text == "mounted\n0\nunmounted", "\(run)")
    }

    @Test("answers no container on its loopback addresses (T-N12)")
    func loopback() throws {
        let store = try TestStore()
        let server = try Liar(answersProbes: false) { _, connection in try connection.answer(200) }
        defer { server.stop() }
        let script =
            "for a in $(ip route | awk '/default/{print $3}') 127.0.0.1 $(hostname -i | cut -d. -f1-3).255; do wget -q -T 2 -O - http://$a:\(server.port)/ && echo answered; done; echo done"
        #expect(try store.output("run", "--rm", "busybox", "sh", "-c", script) == "done")
    }

    @Test("is not where an image's /etc leads (T-R7)", arguments: [[], ["--userns=host"]])
    func linkedEtc(options: [String]) throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        for (index, target) in [canary.path, String(repeating: "../", count: 20) + canary.path.dropFirst()].enumerated()
        {
            try store.load("linked\(index)", layers: [TestStore.shellLayer, "ln -s \(target) etc; tar c etc"])
            let run = try store.hako(
                ["run", "--rm"] + options + [
                    "-w", "/etc/w", "linked\(index)", "sh", "-c", "cat /etc/secret /etc/passwd; pwd",
                ])
            #expect(!run.output.contains(Canary.secret), "\(run)")
        }
        #expect(try canary.changes() == [])
    }

    @Test("stays outside while a volume's directory is swapped (T-R7)")
    func swappedVolume() throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        for name in ["volume/d/w", "other"] { try Directory.create(store.scratch.path(name)) }
        let attacker = try Attacker(swapping: "d", in: store.scratch.path("volume"), with: canary.path)
        try attacker.confirm()
        let volumes = ["-v", store.scratch.path("volume") + ":/v", "-v", store.scratch.path("other") + ":/v/d/x"]
        let script = "echo started; cat secret ../secret /v/d/secret"
        var started = 0
        for _ in 0..<30 {
            let run = try store.hako(
                ["run", "--rm", "--userns=host"] + volumes + ["-w", "/v/d/w", "busybox", "sh", "-c", script])
            #expect(!run.output.contains(Canary.secret), "\(run)")
            if run.output.hasPrefix("started") { started += 1 }
        }
        #expect(started > 0)
        _ = consume attacker
        #expect(try canary.changes() == [])
    }

    @Test("shows nothing that a layer hides, even where a layer did bring such an attribute into the store (T-I4)")
    func overlayMountOptions() throws {
        let store = try TestStore()
        try store.load(
            "redirected",
            layers: [
                TestStore.shellLayer, "mkdir hidden; echo shown > hidden/s; tar c hidden",
                "touch .wh.hidden; mkdir show; tar c .wh.hidden show",
            ])
        let set = try store.shell(
            """
            for d in $(find \(store.root)/layers -name show -type d); do
              setfattr -n trusted.overlay.redirect -v /hidden $d && echo set; done
            """)
        #expect(set.text == "set", "\(set)")
        let run = try store.hako("run", "--rm", "redirected", "sh", "-c", "ls -A /show; echo done")
        // The kernel may also refuse what it won't follow.
        #expect(run.output == "done\n", "\(run)")
    }

    @Test(
        "shows nothing that a layer hides, whatever attributes of overlay's another one brings (T-I4)",
        arguments: [
            "trusted.overlay.redirect:=/hidden", "trusted.overlay.opaque:=y", "trusted.overlay.metacopy:=",
            "user.overlay.redirect:=/hidden",
        ])
    func overlayAttributes(attribute: String) throws {
        let store = try TestStore()
        try store.load(
            "redirected",
            layers: [
                TestStore.shellLayer, "mkdir hidden; echo shown > hidden/s; tar c hidden",
                """
                touch .wh.hidden; mkdir show; tar cf ../l --format=pax --pax-option=SCHILY.xattr.\(attribute) show
                tar rf ../l --format=pax .wh.hidden; cat ../l
                """,
            ])
        #expect(
            try store.output(
                "run", "--rm", "redirected", "sh", "-c", "ls -A /show; ls -d /hidden 2>/dev/null; echo done") == "done")
    }
}
