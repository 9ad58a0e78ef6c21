import Glibc
import Linux
import Testing
import TestSupport

@Suite("A hostile image", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ImageAttackTests {
    @Test(
        "has no settings of the kernel's written to where its /proc leads (T-R6)",
        arguments: [
            "mkdir -p tmp/p; ln -s tmp/p proc", "ln -s /CANARY proc",
            "mkdir -p proc/sys/kernel; echo 0 > proc/sys/kernel/shm_rmid_forced",
            "mkdir proc; ln -s /CANARY proc/sys", "mkdir proc; ln -s /CANARY proc/self",
        ])
    func redirectedProc(making: String) throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        try store.load(
            "redirected",
            layers: [TestStore.shellLayer, making.replacing("/CANARY", with: canary.path) + "; tar c ."])
        for options in [[], ["--userns=host"]] {
            let script = "cat /proc/sys/kernel/shm_rmid_forced; grep -c ^Seccomp: /proc/self/status"
            let run = try store.hako(
                ["run", "--rm", "--sysctl", "kernel.shm_rmid_forced=1", "--oom-score-adj", "7"] + options + [
                    "redirected", "sh", "-c", script,
                ])
            // An error, or what was asked for holds inside.
            #expect(run.status != 0 || run.text == "1\n1", "\(run)")
        }
        #expect(try canary.changes() == [])
    }

    @Test(
        "has nothing put over /proc and /sys (T-R6)",
        arguments: ["/proc", "/proc/self/attr", "/sys", "/proc/./sys", "//proc"])
    func coveredProc(path: String) throws {
        let store = try TestStore()
        try store.scratch.add("v/sys/kernel/x", .file([]))
        for options in [["-v", store.scratch.path("v") + ":" + path], ["--tmpfs", path]] {
            let run = try store.hako(["run", "--rm"] + options + ["busybox", "true"])
            #expect(run.status == 125, "\(options): \(run)")
        }
        try store.load(
            "volume", layers: [TestStore.shellLayer], config: #"\#(TestStore.plainConfig),"Volumes":{"\#(path)":{}}"#)
        let run = try store.hako("run", "--rm", "volume", "cat", "/proc/sys/kernel/ostype")
        #expect(run.status != 0 || run.text == "Linux", "\(run)")
    }

    @Test("has none of its programs run by Hako itself (T-R13)")
    func trojans() throws {
        let store = try TestStore()
        let names = "tar xz zstd ps git nft mount umount ldconfig getent newuidmap modprobe iptables ip true hako-init"
        try store.load(
            "trojans",
            layers: [
                TestStore.shellLayer,
                """
                mkdir -p sbin usr/bin usr/sbin trojan etc; echo user:x:1000:1000::/:/bin/sh > etc/passwd
                for n in \(names); do for d in sbin usr/bin usr/sbin trojan; do
                  printf '#!/bin/sh\\necho $0 >> /mark' > $d/$n; chmod 755 $d/$n; done; done
                cp trojan/tar trojan/preload.so; echo /trojan/preload.so > etc/ld.so.preload; cp trojan/tar etc/nsswitch.conf; tar c .
                """,
            ])
        let variables = [
            "PATH=/trojan:/bin", "LD_PRELOAD=/trojan/preload.so", "GCONV_PATH=/trojan", "LD_LIBRARY_PATH=/trojan",
        ]
        .flatMap { ["-e", $0] }
        try store.hako(["run", "-d", "--name", "box"] + variables + ["trojans", "/bin/sleep", "1000"]).expectSuccess()
        try store.hako(["exec", "-u", "user"] + variables + ["box", "/bin/sh", "-c", "exit 0"]).expectSuccess()
        for words in [
            ["inspect", "box"], ["logs", "box"], ["ps", "-a", "-s"], ["stop", "-t", "0", "box"], ["start", "box"],
        ] {
            #expect(try store.hako(words).status == 0)
        }
        #expect(try store.hako("exec", "box", "/bin/cat", "/mark").status == 1)
        #expect(try store.shell("find \(store.root) -name mark").output == "")
        // The trap works.
        try store.hako("exec", "box", "/trojan/tar").expectSuccess()
        #expect(try store.output("exec", "box", "/bin/cat", "/mark") == "/trojan/tar")
    }

    @Test("sets nothing of its container's confinement by labels and annotations (T-R20)")
    func labels() throws {
        let store = try TestStore()
        let keys = [
            "run.oci.keep_original_groups", "run.oci.hooks.stdout", "run.oci.mount_context_type", "run.oci.handler",
            "run.oci.seccomp_bpf_data", "run.oci.systemd.subgroup", "io.hako.privileged", "io.hako.userns",
            "io.container.manager",
            "cdi.k8s.io/all", "org.criu.config", "org.systemd.property.DeviceAllow", "io.kubernetes.cri-o.userns-mode",
            "io.kubernetes.cri-o.Devices", "seccomp.security.alpha.kubernetes.io/pod",
            "security.alpha.kubernetes.io/sysctls",
        ]
        let labels = keys.map { #""\#($0)":"1""# }.joined(separator: ",")
        try store.load("plain", layers: [TestStore.shellLayer])
        try store.load(
            "labelled", layers: [TestStore.shellLayer],
            config:
                #"\#(TestStore.plainConfig),"Labels":{\#(labels)},"Privileged":true,"CapAdd":["ALL"],"Annotations":{\#(labels)}"#
        )
        let script = """
            grep -E '^(Cap|NoNew|Seccomp|Groups)' /proc/self/status; cat /proc/self/uid_map | { read a b c; echo $a $c; }
            busybox mount | busybox cut -d' ' -f3-; ls -l /dev | busybox awk '{print $1,$NF}'
            """
        func confinement(of image: String, _ options: [String] = []) throws -> String {
            let run = try store.hako(["run", "--rm", "--network", "none"] + options + [image, "sh", "-c", script])
            #expect(run.status == 0, "\(run)")
            return run.output.replacing(#/lowerdir.*/#, with: "")
        }
        let plain = try confinement(of: "plain")
        #expect(try confinement(of: "labelled") == plain)
        #expect(try confinement(of: "plain", keys.flatMap { ["--annotation", $0 + "=1"] }) == plain)
    }

    /// What a layer's tar holds to get out of its root; each makes one that ends in `tar`'s stream.
    static let escapes = [
        "echo EVIL > f; tar cP --transform 's|^f$|../../../../../../CANARY/secret|' f",
        "echo EVIL > f; tar cP --transform 's|^f$|/CANARY/secret|' f",
        "ln -s /CANARY a; tar cf ../t a; rm a; mkdir a; echo EVIL > a/secret; tar rf ../t a/secret; cat ../t",
        "ln -s ../../../../../../../../../../CANARY a; tar cf ../t a; rm a; mkdir a; echo EVIL > a/new; tar rf ../t a/new; cat ../t",
        "echo x > h; ln h g; tar cP --transform 's|^h$|/CANARY/secret|hR' h g",
        "ln -s /CANARY a; tar cf ../t a; rm a; mkdir a; touch a/.wh.secret a/.wh..wh..opq; tar rf ../t a/.wh.secret a/.wh..wh..opq; cat ../t",
        "ln -s /CANARY a; tar cf ../t a; rm a; mkdir -m 4700 a; tar rf ../t a; cat ../t",
    ]

    @Test("is unpacked inside of its root, or refused (T-I1, T-I2)")
    func escapes() throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        for (index, escape) in Self.escapes.enumerated() {
            let script = escape.replacing("/CANARY", with: canary.path).replacing(
                "CANARY", with: String(canary.path.dropFirst()))
            let loaded = try store.loading("escape\(index)", layers: [TestStore.shellLayer, script])
            #expect(loaded.status == 0 || loaded.error.hasPrefix("hako: "), "\(loaded)")
            if loaded.status == 0 {
                let run = try store.hako("run", "--rm", "escape\(index)", "cat", "/a/secret", canary.path + "/secret")
                #expect(!run.output.contains(Canary.secret), "\(escape): \(run)")
            }
            #expect(try canary.changes() == [], "\(escape)")
        }
        #expect(try store.output("system", "check") == "The store is whole.")
    }

    @Test("takes nothing of the host by its own configuration (T-I11)")
    func configuration() throws {
        let store = try TestStore(environment: ["HAKO_TEST_KEY": Canary.secret])
        let canary = try Canary(at: store.scratch.path("canary"))
        let configs = [
            #""Env":["HAKO_TEST_KEY","PATH=/bin"]"#, #""Env":["PATH=/bin"],"Volumes":{"/../..\#(canary.path)":{}}"#,
            #""Env":["PATH=/bin"],"WorkingDir":"/../..\#(canary.path)""#,
            #""Env":["PATH=/bin"],"Healthcheck":{"Test":["CMD","true"],"Interval":1}"#,
            #""Env":["PATH=/bin"],"User":"../..","Entrypoint":["/../..\#(canary.path)/secret"]"#,
        ]
        var started = 0
        for (index, config) in configs.enumerated() {
            guard try store.loading("config\(index)", layers: [TestStore.shellLayer], config: config).status == 0 else {
                continue
            }
            let script =
                "echo \"$HAKO_TEST_KEY\"; cat secret \(canary.path)/secret; echo EVIL > secret; echo EVIL > \(canary.path)/secret"
            let run = try store.hako("run", "--rm", "config\(index)", "sh", "-c", script)
            #expect(!run.output.contains(Canary.secret) && !run.error.contains(Canary.secret), "\(config): \(run)")
            if run.status < 125 { started += 1 }
        }
        #expect(started >= 2)
        #expect(try canary.changes() == [])
    }

    @Test("stays what it was, whatever its container may do to its files (T-I13)", arguments: [[], ["--userns=host"]])
    func layers(options: [String]) throws {
        let store = try TestStore()
        let data =
            "mkdir -p data/d; for n in 1 2 3; do echo $n > data/$n; done; ln -s 1 data/l; ln data/2 data/h; echo x > data/d/f; tar c data"
        try store.load("image", layers: [TestStore.shellLayer, data])
        func state() throws -> String {
            try store.shell(
                """
                cd \(store.root)/layers && find . -printf '%p %y %m %U:%G %n %l %s %T@\n' | sort
                find . -type f -print0 | sort -z | xargs -0 sha256sum; getfattr -R -d -m - . 2>/dev/null
                """
            ).output
        }
        let before = try state()
        let script = """
            cd /data; for f in 1 2 h d/f; do echo EVIL >> $f; busybox chmod 6777 $f; busybox chown 7:7 $f; busybox touch -d @0 $f; done
            busybox chown -h 7 l; busybox mv 1 3; busybox mv d e; busybox rm h; busybox ln 2 new; busybox mount -o remount,rw / ; echo done
            """
        let rights = ["--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--security-opt", "seccomp=unconfined"]
        let run = try store.hako(["run", "--rm"] + rights + options + ["image", "sh", "-c", script])
        #expect(run.text == "done", "\(run)")
        #expect(!before.isEmpty && before.contains("data/d/f"))
        #expect(try state() == before)
    }
}
