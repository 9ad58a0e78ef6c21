import Glibc
import Linux
import Testing
import TestSupport

@Suite("What a Dockerfile may not ask for", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BuildPowerTests {
    @Test(
        "are the host's powers, unless the command line allows them, whatever the cache holds of it (T-B8)",
        arguments: [("--security=insecure", "security.insecure"), ("--network=host", "network.host")], ["", "ONBUILD "])
    func entitlements(asked: (flag: String, name: String), trigger: String) throws {
        let store = try TestStore()
        let step = "RUN \(asked.flag) echo EVIL > /made"
        let dockerfile: String
        if trigger.isEmpty {
            dockerfile = "FROM busybox\n\(step)\n"
        } else {
            try store.build("FROM busybox\nONBUILD \(step)\n", "-q", "-t", "base").expectSuccess()
            dockerfile = "FROM base\n"
        }
        for options in [[], ["--allow", asked.name], []] {
            let run = try store.build(dockerfile, "--progress=plain", options.first ?? "-t", options.last ?? "made")
            if options.isEmpty {
                #expect(run.status == 1 && run.error.contains("\(asked.name) is not allowed"), "\(run)")
            } else {
                #expect(run.status == 0, "\(run)")
            }
        }
        #expect(try store.hako("inspect", "made").status == 1)
        let other = asked.name == "network.host" ? "security.insecure" : "network.host"
        #expect(try store.build(dockerfile, "--allow", other).status == 1)
        try store.expectClean()
    }

    /// What a process says of its confinement; its last lines are of the mounts, but for the layers'.
    private static let question = """
        grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp)' /proc/self/status; cat /proc/self/oom_score_adj; ls /dev | grep -v pipes; cat /proc/kcore /proc/keys 2>/dev/null | wc -c; \
        unshare -m true 2>/dev/null || echo no mounts; unshare -r true 2>/dev/null || echo no users; dmesg 2>/dev/null || echo no log; \
        mount -t tmpfs x /tmp 2>/dev/null || echo not mounted; echo x 2>/dev/null > /proc/sys/kernel/core_pattern || echo fixed; \
        awk '{print ($2 > 0)}' /proc/self/uid_map; cut -d' ' -f5,6 /proc/self/mountinfo | grep -v -e '^/ ' -e ^/etc/ | sort
        """

    @Test("is more than a container has: a RUN is confined as run confines, also one of a base's ONBUILD (T-B8, T-R9, T-R14, T-R16)", arguments: ["0", "1000:7"])
    func confinement(user: String) throws {
        let store = try TestStore()
        let script = "echo BEGIN; \(Self.question); echo END"
        try store.build("FROM busybox\nUSER \(user)\nONBUILD RUN \(script)\n", "-q", "-t", "base").expectSuccess()
        let container = try store.hako("run", "--rm", "-u", user, "busybox", "sh", "-c", script)
        let expected = Self.lines(of: container.output)
        #expect(expected.contains("Seccomp:\t2") && expected.contains("no mounts") && expected.contains("fixed") && expected.count > 30, "\(container)")
        for dockerfile in ["FROM busybox\nUSER \(user)\nRUN \(script)\n", "FROM base\n"] {
            let run = try store.build(dockerfile, "--no-cache", "--progress=plain")
            #expect(run.status == 0, "\(run)")
            #expect(Self.lines(of: run.error) == expected)
        }
    }

    /// Between the marks, without the progress' number of the step and its seconds.
    private static func lines(of text: String) -> [String] {
        let lines = text.split(separator: "\n").map { String($0).replacing(#/^#\d+ [\d.]+ /#, with: "") }
        return Array(lines.drop { $0 != "BEGIN" }.dropFirst().prefix { $0 != "END" })
    }

    @Test("is a way out by cgroups (T-B8, T-R15)", arguments: ["", "ONBUILD "])
    func cgroups(trigger: String) throws {
        let store = try TestStore()
        let step = "RUN /probe escape-cgroup; /probe escape-cgroup nested; cat /proc/self/cgroup | grep -c -v ':/$'; true"
        let copy = "cp '\(Attacker.program)' container-probe"
        let run: ProgramRun
        if trigger.isEmpty {
            run = try store.build("FROM busybox\nCOPY container-probe /probe\n\(step)\n", context: copy, "--progress=plain")
        } else {
            try store.build("FROM busybox\nCOPY container-probe /probe\nONBUILD \(step)\n", context: copy, "-q", "-t", "base").expectSuccess()
            run = try store.build("FROM base\n", "--progress=plain")
        }
        #expect(run.status == 0 && !run.error.contains(" mounted ") && !run.error.contains(" wrote "), "\(run)")
        #expect(run.error.contains(" done\n") && run.error.contains(" no namespaces: "), "\(run)")
        #expect(run.error.contains(" 0\n"), "a cgroup of the host's is seen: \(run)")
    }

    @Test("is another program to read it: an image named by syntax is neither fetched nor run (T-B8)")
    func syntax() throws {
        let liar = try Liar(answersProbes: false) { _, connection in try connection.answer(404) }
        defer { liar.stop() }
        let store = try TestStore()
        try store.load("evil", layers: [TestStore.shellLayer], config: #""Entrypoint":["/bin/sh","-c","echo EVIL > /mark"]"#)
        for name in ["\(liar.host)/evil:1", "evil"] {
            let run = try store.build("# syntax=\(name)\nFROM busybox\nRUN echo plain\n", "--build-arg", "BUILDKIT_SYNTAX=" + name, "--no-cache")
            #expect(run.status == 0 && run.error.contains("plain"), "\(run)")
        }
        #expect(liar.requests.isEmpty)
        #expect(try store.output("ps", "-aq") == "")
    }

    @Test("is a cached step of somebody else's: an image with a forged history is none (T-B6)")
    func forgedHistory() throws {
        let store = try TestStore()
        let steps = "RUN echo real > /f\nHEALTHCHECK CMD real\nONBUILD RUN echo real\n"
        // Everything about it says that it was made by the steps; but not its files.
        let script = """
            set -e; cd '\(store.scratch.root)'; mkdir forged; cd forged; $HAKO save busybox | tar x; mkdir layer; echo EVIL > layer/f; tar cf layer.tar -C layer f
            python3 - <<'E'
            import hashlib, json, os
            def put(data):
                d = hashlib.sha256(data).hexdigest(); open("blobs/sha256/" + d, "wb").write(data); return {"digest": "sha256:" + d, "size": len(data)}
            index = json.load(open("index.json")); entry = index["manifests"][0]
            path = lambda d: "blobs/sha256/" + d["digest"][7:]
            manifest = json.load(open(path(entry))); config = json.load(open(path(manifest["config"])))
            layer = put(open("layer.tar", "rb").read()); layer["mediaType"] = "application/vnd.oci.image.layer.v1.tar"
            config["rootfs"]["diff_ids"].append(layer["digest"]); manifest["layers"].append(layer)
            config.setdefault("history", []).append({"created": "2024-01-01T00:00:00Z", "created_by": "RUN /bin/sh -c echo real > /f # buildkit", "comment": "buildkit.dockerfile.v0"})
            config["history"].append({"created_by": 'HEALTHCHECK &{["CMD-SHELL" "real"] "0s" "0s" "0s" "0s" \\'\\\\x00\\'}', "comment": "buildkit.dockerfile.v0", "empty_layer": True})
            config["config"]["Healthcheck"] = {"Test": ["CMD-SHELL", "EVIL"]}; config["config"]["OnBuild"] = ["RUN echo EVIL"]
            config.setdefault("parent", "sha256:" + "0" * 64)
            manifest["config"].update(put(json.dumps(config).encode())); entry.update(put(json.dumps(manifest).encode()))
            entry["annotations"] = {"org.opencontainers.image.ref.name": "forged:latest", "io.containerd.image.name": "docker.io/library/forged:latest"}
            json.dump(index, open("index.json", "w")); os.path.exists("manifest.json") and os.remove("manifest.json")
            E
            tar cf ../forged.tar *; $HAKO load -i ../forged.tar; $HAKO run --rm forged cat /f
            """
        let loaded = try store.shell(script)
        #expect(loaded.status == 0 && loaded.text.hasSuffix("EVIL"), "\(loaded)")
        for base in ["busybox", "scratch AS empty\nFROM busybox"] {
            let run = try store.build("FROM \(base)\n" + steps, "-t", "made")
            #expect(run.status == 0, "\(run)")
            #expect(try store.made("cat /f") == ["real"])
            #expect(try store.inspect("made", "{{.Config.Healthcheck.Test}} {{.Config.OnBuild}}") == "[CMD-SHELL real] [RUN echo real]")
        }
        let scratch = try store.build("FROM scratch\nCOPY f /f\nHEALTHCHECK CMD real\n", context: "echo real > f", "-t", "made")
        #expect(scratch.status == 0 && !scratch.error.contains("CACHED"), "\(scratch)")
        // Nor where it is asked for as a cache, and there is no other: it is an image without one.
        let empty = try TestStore()
        try empty.hako("load", "-i", store.scratch.path("forged.tar")).expectSuccess()
        let asked = try empty.build("FROM busybox\n" + steps, "--cache-from", "forged", "-t", "made")
        #expect(asked.status == 0 && !asked.error.contains("CACHED"), "\(asked)")
        #expect(try empty.made("cat /f") == ["real"])
    }
}
