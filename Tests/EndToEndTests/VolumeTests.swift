import Glibc
import Linux
import Testing
import TestSupport

@Suite("A volume", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct VolumeTests {
    /// What an image has at `/data`: owners, modes, an attribute, a symlink, two names of one file.
    static let seed = """
        mkdir -p data/d/e; echo one > data/f; echo two > data/d/e/g; ln data/f data/h; ln -s d/e/g data/s
        chown 33:44 data data/f data/d/e; chown -h 5:6 data/s; chmod 4750 data/f; chmod 2770 data; chmod 700 data/d/e
        setfattr -n user.kept -v yes data/f; touch -d @1000000000 data/d/e/g data/d; tar --xattrs -c data
        """
    static let describe = """
        cd /data; busybox find . | busybox sort | while read n; do
          busybox stat -c '%n %F %a %u:%g' "$n"; [ -d "$n" ] || busybox stat -c %h "$n"; done
        busybox stat -c %Y d d/e/g; cat s
        """

    func seeded(_ config: String = TestStore.plainConfig) throws -> TestStore {
        let store = try TestStore()
        try store.load("seeded", layers: [TestStore.shellLayer, Self.seed], config: config)
        return store
    }

    func volumes(_ store: TestStore) throws -> [String] {
        try store.output("volume", "ls", "-q").split(separator: "\n").map(String.init)
    }

    @Test(
        "keeps what containers write, and shows each of them its own ids",
        arguments: ["hako", "crun"].filter { $0 == "hako" || Program.isInstalled($0) })
    func kept(runtime: String) throws {
        let store = try TestStore()
        _ = try store.output(
            "run", "--rm", "--runtime", runtime, "-v", "data:/data", "busybox", "sh", "-c",
            "echo kept > /data/f; chown 1000:7 /data/f; touch /data/mine")
        for name in ["one", "two"] {
            try store.hako(
                "run", "-d", "--runtime", runtime, "--name", name, "-v", "data:/data", "busybox", "sleep", "1000"
            ).expectSuccess()
            #expect(try store.output("exec", name, "stat", "-c", "%u:%g", "/data/f", "/data/mine") == "1000:7\n0:0")
        }
        let maps = try ["one", "two"].map { try store.output("exec", $0, "cat", "/proc/self/uid_map") }
        #expect(maps[0] != maps[1])
        try store.hako("exec", "two", "sh", "-c", "echo more >> /data/f").expectSuccess()
        #expect(try store.output("exec", "one", "cat", "/data/f") == "kept\nmore")
        let status = try FileDescriptor.status(of: store.root + "/volumes/data/_data/f")
        #expect(status.userID == 1000 && status.groupID == 7)
        // With the host's ids, too.
        #expect(
            try store.output(
                "run", "--rm", "--userns=host", "-v", "data:/data", "busybox", "stat", "-c", "%u:%g", "/data/f")
                == "1000:7")
        let shown = try store.inspect(
            "one",
            "{{range .Mounts}}{{.Type}} {{.Name}} {{.Source}} {{.Destination}} {{.Driver}} {{.Mode}} {{.RW}} [{{.Propagation}}]{{end}}"
        )
        #expect(shown == "volume data \(store.root)/volumes/data/_data /data local z true []")
        #expect(
            try store.output("ps", "--format", "{{.Mounts}} {{.LocalVolumes}}", "--filter", "volume=data")
                == "data 1\ndata 1")
        #expect(try store.output("ps", "-q", "--filter", "volume=/other") == "")
    }

    @Test("is filled with what the image has there: content, owners, modes, attributes, links")
    func copyUp() throws {
        let store = try seeded()
        let image = try store.output("run", "--rm", "seeded", "sh", "-c", Self.describe)
        #expect(image.contains("./f regular file 4750 33:44\n2\n") && image.hasSuffix("two"))
        // New, made before, and nobody's.
        try store.hako("volume", "create", "made").expectSuccess()
        for options in [
            ["-v", "new:/data"], ["-v", "made:/data"], ["-v", "/data"],
            ["--mount", "type=volume,src=mounted,dst=/data"],
        ] {
            #expect(
                try store.output(["run", "--rm"] + options + ["seeded", "sh", "-c", Self.describe]) == image,
                "\(options)")
        }
        let attribute = try ProgramRun.of(
            "/usr/bin/getfattr", ["-n", "user.kept", "--only-values", store.root + "/volumes/new/_data/f"])
        #expect(attribute.text == "yes")
        // Once something is in it, it stays as it is.
        _ = try store.output("run", "--rm", "-v", "other:/x", "seeded", "sh", "-c", "echo mine > /x/mine")
        #expect(try store.output("run", "--rm", "-v", "other:/data", "seeded", "ls", "/data") == "mine")
        for options in [["-v", "not:/data:nocopy"], ["--mount", "type=volume,src=not,dst=/data,volume-nocopy"]] {
            #expect(try store.output(["run", "--rm"] + options + ["seeded", "ls", "-A", "/data"]) == "")
        }
        let file = try store.hako("run", "--rm", "-v", "vol:/data/f", "seeded", "true")
        #expect(
            file.status == 125 && file.error.contains("cannot mount volume over existing file, file exists /data/f"))
        #expect(try !volumes(store).contains("vol"))
        #expect(try store.output("system", "check") == "The store is whole.")
    }

    @Test("gets the place of a mount that lies in it, where there is none, as the container's root's", arguments: ["auto", "host"])
    func places(users: String) throws {
        let store = try TestStore()
        let words = ["run", "--rm", "--userns", users, "-v", "one:/v", "-v", "two:/v/d/x", "--tmpfs", "/v/t"]
        let made = try store.output(words + ["-v", "/etc/hostname:/v/f:ro", "busybox", "stat", "-c", "%u:%g %F", "/v/d", "/v/t", "/v/f"])
        #expect(made.split(separator: "\n").first == "0:0 directory", "\(made)")
        let data = try ProgramRun.of("/bin/sh", ["-c", "cd '\(store.root)/volumes/one/_data'; stat -c '%n %u:%g %F' d d/x t f"]).lines
        #expect(data == ["d 0:0 directory", "d/x 0:0 directory", "t 0:0 directory", "f 0:0 regular empty file"])
    }

    @Test("can't be written to where it is mounted read-only")
    func readOnly() throws {
        let store = try TestStore()
        for options in [["-v", "data:/data:ro"], ["--mount", "type=volume,src=data,dst=/data,readonly"]] {
            let run = try store.hako(
                [
                    "run", "--rm", "--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--security-opt",
                    "seccomp=unconfined",
                ] + options + [
                    "busybox", "sh", "-c", "touch /data/f; mount -o remount,rw,bind /data; umount /data; touch /data/f",
                ])
            #expect(run.status != 0 && run.error.count(of: "Read-only file system") == 2, "\(run)")
        }
    }

    @Test("goes with its container if nobody named it and that is asked for, and else stays")
    func anonymous() throws {
        let store = try seeded(TestStore.plainConfig + #","Volumes":{"/data":{},"/empty":{}}"#)
        try store.hako("volume", "create", "named").expectSuccess()
        let words = ["-v", "named:/named", "-v", "/more", "--mount", "type=volume,dst=/mounted", "seeded", "true"]
        try store.hako(["run", "--name", "box"] + words).expectSuccess()
        #expect(try store.inspect("box", "{{len .Mounts}}") == "5")
        #expect(try volumes(store).count == 5)
        let label = try store.output("volume", "ls", "--filter", "label=com.docker.volume.anonymous", "-q")
        #expect(label.count(of: "\n") == 3)
        try store.hako("rm", "box").expectSuccess()
        #expect(try volumes(store).count == 5)
        #expect(try store.output("volume", "prune", "-f").hasPrefix("Deleted Volumes:\n"))
        #expect(try volumes(store) == ["named"])
        try store.hako(["run", "--name", "box"] + words).expectSuccess()
        try store.hako("rm", "-v", "box").expectSuccess()
        #expect(try volumes(store) == ["named"])
        for options in [[], ["-d"]] {
            try store.hako(["run", "--rm", "--name", "fleeting"] + options + words).expectSuccess()
            if !options.isEmpty { try store.hako("wait", "fleeting") }
            // Its monitor removes one that nobody stays with.
            _ = try store.shell("while $HAKO inspect fleeting > /dev/null 2>&1; do :; done")
            #expect(try volumes(store) == ["named"], "\(options)")
        }
        try store.hako(["create", "--name", "box"] + words).expectSuccess()
        try store.hako("container", "prune", "-f").expectSuccess()
        #expect(try volumes(store).count == 5)
        try store.hako("system", "prune", "-f").expectSuccess()
        #expect(try volumes(store).count == 5)
        try store.hako("system", "prune", "-f", "--volumes").expectSuccess()
        #expect(try volumes(store) == ["named"])
        // One that another container uses stays, and so does one that this container named.
        try store.hako("run", "--name", "first", "seeded", "true").expectSuccess()
        try store.hako("create", "--name", "second", "--volumes-from", "first", "seeded", "true").expectSuccess()
        #expect(try volumes(store).count == 3)
        try store.hako("rm", "-v", "first").expectSuccess()
        #expect(try volumes(store).count == 3)
        try store.hako("rm", "-v", "second").expectSuccess()
        #expect(try volumes(store) == ["named"])
        #expect(try FileDescriptor.directory(store.root + "/volumes").names() == ["named"])
        #expect(try store.output("system", "check") == "The store is whole.")
    }

    @Test("is another container's, too, by --volumes-from, which covers what the image declares")
    func volumesFrom() throws {
        let store = try seeded(TestStore.plainConfig + #","Volumes":{"/data":{}}"#)
        try store.scratch.add("host/f", "bound\n")
        try store.hako(
            "create", "--name", "source", "-v", "shared:/shared", "-v", store.scratch.path("host") + ":/host", "seeded",
            "true"
        ).expectSuccess()
        #expect(
            try store.output(
                "run", "--rm", "--volumes-from", "source", "seeded", "sh", "-c",
                "echo written > /shared/f; cat /host/f /shared/f /data/f")
                == "bound\nwritten\none")
        let closed = try store.hako(
            "run", "--rm", "--volumes-from", "source:ro", "seeded", "sh", "-c", "cat /shared/f; echo x > /shared/f")
        #expect(closed.status != 0 && closed.text == "written" && closed.error.contains("Read-only"))
        // What is asked for comes first.
        #expect(
            try store.output("run", "--rm", "--volumes-from", "source", "-v", "own:/shared", "seeded", "ls", "/shared")
                == "")
        #expect(
            try store.hako("run", "--rm", "--volumes-from", "missing", "seeded", "true").error.contains(
                "No such container: missing"))
        #expect(
            try store.hako("run", "--rm", "--volumes-from", "source:x", "seeded", "true").error.contains(
                "invalid mode: x"))
        try store.hako("create", "--name", "heir", "--volumes-from", "source:ro", "seeded", "true").expectSuccess()
        #expect(
            try store.inspect("heir", "{{.HostConfig.VolumesFrom}} {{range .Mounts}}{{.Destination}}:{{.RW}} {{end}}")
                == "[source:ro] /data:false /host:false /shared:false ")
        let used = try store.hako("volume", "rm", "shared")
        let ids = try ["source", "heir"].map { try store.inspect($0, "{{.Id}}") }.sorted().joined(separator: ", ")
        #expect(used.status == 1 && used.error.contains("remove shared: volume is in use - [\(ids)]"), "\(used)")
    }

    @Test(
        "shows a part of itself where that is asked for",
        arguments: ["hako", "crun"].filter { $0 == "hako" || Program.isInstalled($0) })
    func subpath(runtime: String) throws {
        let store = try seeded()
        _ = try store.output("run", "--rm", "-v", "vol:/data", "seeded", "busybox", "chown", "8:9", "/data/d/e/g")
        let run = { (path: String) in
            try store.hako(
                "run", "--rm", "--runtime", runtime, "--mount", "type=volume,src=vol,dst=/part,volume-subpath=" + path,
                "seeded", "busybox", "stat", "-c", "%n %u:%g %F", "/part", "/part/g")
        }
        #expect(try run("d/e").text == "/part 33:44 directory\n/part/g 8:9 regular file")
        #expect(try run("d/e/g").text == "/part 8:9 regular file")
        #expect(try run("none").error.contains("cannot mount none of the volume vol: no such file"))
        for path in ["../..", "/etc", "d/../.."] {
            let refused = try run(path)
            #expect(
                refused.status == 125 && refused.error.contains("subpath must be a relative path within the volume"),
                "\(refused)")
        }
        // An empty part is filled, as an empty volume is.
        _ = try store.output("run", "--rm", "-v", "wol:/x", "busybox", "mkdir", "/x/part")
        #expect(
            try store.output(
                "run", "--rm", "--mount", "type=volume,src=wol,dst=/data,volume-subpath=part", "seeded", "cat", "/data/f")
                == "one")
        #expect(try store.output("run", "--rm", "-v", "wol:/x", "busybox", "ls", "/x") == "part")
    }

    @Test(
        "is what its options mount, for as long as a container runs",
        arguments: ["hako", "crun"].filter { $0 == "hako" || Program.isInstalled($0) })
    func options(runtime: String) throws {
        let store = try seeded()
        try store.scratch.add("host/f", "host's\n")
        let table = { try ProgramRun.of("/bin/cat", ["/proc/self/mountinfo"]).output.count(of: store.root) }
        let before = try table()
        try store.hako(
            "volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=1m,mode=0750,uid=33", "memory"
        ).expectSuccess()
        try store.hako(
            "run", "-d", "--runtime", runtime, "--name", "box", "-v", "memory:/memory", "busybox", "sleep", "1000"
        ).expectSuccess()
        #expect(
            try store.output(
                "exec", "box", "sh", "-c",
                "stat -c '%a %u' /memory; df -k /memory | tail -1 | tr -s ' ' | cut -d' ' -f1,2; dd if=/dev/zero of=/memory/f bs=1k count=2000 2>&1 | grep -c 'No space'"
            ) == "750 33\ntmpfs 1024\n1")
        #expect(try table() == before)
        try store.hako("restart", "-t", "0", "box").expectSuccess()
        #expect(try store.output("exec", "box", "ls", "/memory") == "")
        try store.hako(
            "volume", "create", "-o", "type=none", "-o", "device=" + store.scratch.path("host"), "-o", "o=bind,ro",
            "bound"
        ).expectSuccess()
        let bound = try store.hako(
            "run", "--rm", "--runtime", runtime, "-v", "bound:/bound", "busybox", "sh", "-c",
            "cat /bound/f; touch /bound/g")
        #expect(bound.text == "host's" && bound.error.contains("Read-only"), "\(bound)")
        let mount =
            #"type=volume,src=opted,dst=/data,volume-label=a=b,volume-driver=local,volume-opt=type=tmpfs,volume-opt=device=tmpfs,"volume-opt=o=size=2m,noexec""#
        #expect(
            try store.output(
                "run", "--rm", "--runtime", runtime, "--mount", mount, "seeded", "sh", "-c",
                "busybox mount | grep /data | grep -o 'noexec\\|size=2048k'") == "noexec\nsize=2048k")
        #expect(
            try store.output("volume", "inspect", "-f", "{{.Options.o}} {{.Labels.a}}", "opted") == "size=2m,noexec b")
        for (words, said) in [
            (["-o", "size=1g"], "invalid option: \"size\""),
            (["-o", "type=tmpfs"], "missing required option: \"device\""),
            (["-d", "nfs"], "plugin \"nfs\" not found"),
            (["-o", "type=none", "-o", "device=x", "-o", "o=bind"], "absolute path"),
        ] {
            let refused = try store.hako(["volume", "create"] + words + ["refused"])
            #expect(refused.status == 1 && refused.error.contains(said), "\(refused)")
        }
        try store.hako("volume", "create", "-o", "type=ext4", "-o", "device=/dev/none", "broken").expectSuccess()
        let broken = try store.hako("run", "--rm", "-v", "broken:/b", "busybox", "true")
        #expect(broken.status == 125 && broken.error.contains("cannot mount the volume broken"), "\(broken)")
        try store.hako("rm", "-f", "box").expectSuccess()
        #expect(try FileDescriptor.status(of: store.scratch.path("host/f")).size == 7)
    }
}
