import Glibc
import Linux
import Testing
import TestSupport

@Suite("Committing a container", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct CommitTests {
    @Test("makes an image with what the container has written, which runs, whatever its ids (T-C4)", arguments: ["auto", "host"])
    func files(users: String) throws {
        let store = try TestStore()
        try store.load("tree", layers: [
            "mkdir bin; cp /bin/busybox bin/; for n in sh ls cat rm mkdir ln chown chmod stat sleep test find sort; do ln -s busybox bin/$n; done; tar c .",
            "mkdir -p data/sub; echo 1 > data/a; echo 2 > data/sub/b; echo 3 > gone; tar c *",
        ])
        let script = """
            rm -r /data /gone; mkdir -m 700 /data; echo new > /data/c; ln /data/c /data/hard; chown 5:6 /data/c; chmod 4755 /data/c
            echo in > /volume/f; echo in > /t/f; echo top > '/a b'
            """
        try store.hako(
            "run", "--userns", users, "--name", "box", "-v", "vol:/volume", "--tmpfs", "/t", "-e", "MARK=one", "tree", "sh", "-c", script
        ).expectSuccess()
        let id = try store.output("commit", "-a", "Someone", "-m", "what was done", "-c", "CMD [\"sh\", \"-c\", \"find /data /volume /t | sort; stat -c '%n %u:%g %a %h' /data /data/c; cat /data/hard '/a b'; echo $MARK $OTHER; test -e /gone || echo gone\"]", "-c", "ENV OTHER=two", "box", "made:v1")
        #expect(id.hasPrefix("sha256:") && id.utf8.count == 71)
        // In another range of ids: the first container still has its own.
        let expected = "/data\n/data/c\n/data/hard\n/t\n/volume\n/data 0:0 700 2\n/data/c 5:6 4755 2\nnew\ntop\none two\ngone"
        #expect(try store.output("run", "--name", "other", "made:v1") == expected)
        let layers = try store.inspect("tree", "{{range .RootFS.Layers}}{{.}} {{end}}")
        #expect(try store.inspect("made:v1", "{{range .RootFS.Layers}}{{.}} {{end}}").hasPrefix(layers))
        #expect(try store.inspect("made:v1", "{{len .RootFS.Layers}} {{.Author}} {{.Comment}} {{.Id}}") == "3 Someone what was done \(id)")
        #expect(try store.output("diff", "other") == "")
        #expect(try store.output("system", "check") == "The store is whole.")
        let skopeo = try ProgramRun.of("/usr/bin/skopeo", ["copy", "-q", "--insecure-policy", "oci:\(store.root)/content:made:v1", "oci:\(store.scratch.path("copy")):x"])
        #expect(skopeo.status == 0, "\(skopeo)")
    }

    @Test("pauses a running container for a moment, or not, and leaves it running")
    func running() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sh", "-c", "echo x > /f; exec sleep 1000")
        try waitUntil { try store.hako("exec", "box", "test", "-s", "/f").status == 0 }
        let paused = try store.output("commit", "box")
        let events = try store.output("events", "--since", "1h", "--until", "0s", "-f", "container=box", "--format", "{{.Action}} {{.Actor.Attributes.imageID}} {{.Actor.Attributes.imageRef}}")
        #expect(events.hasSuffix("pause <no value> <no value>\nunpause <no value> <no value>\ncommit \(paused) "), "\(events)")
        try store.hako("commit", "--pause=false", "box", "made").expectSuccess()
        #expect(try store.output("events", "--since", "1h", "--until", "0s", "-f", "event=pause").split(separator: "\n").count == 1)
        #expect(try store.inspect("box", "{{.State.Status}}") == "running")
        #expect(try store.output("run", "--rm", "made", "cat", "/f") == "x")
        #expect(try store.output("run", "--rm", paused, "cat", "/f") == "x")
    }

    @Test("of one that has written nothing adds no layer, and takes over how it was made")
    func nothingWritten() throws {
        let store = try TestStore()
        try store.hako("create", "--name", "box", "-e", "A=b", "-w", "/tmp", "-u", "1", "--entrypoint", "echo", "-l", "l=m", "busybox", "one", "two")
        try store.hako("commit", "box", "made").expectSuccess()
        #expect(try store.inspect("made", "{{len .RootFS.Layers}}") == store.inspect("busybox", "{{len .RootFS.Layers}}"))
        let template = "{{json .Config.Cmd}} {{json .Config.Entrypoint}} {{.Config.Env}} {{.Config.WorkingDir}} {{.Config.User}} {{.Config.Labels}}"
        #expect(try store.inspect("made", template) == "[\"one\",\"two\"] [\"echo\"] [A=b PATH=/bin] /tmp 1 map[l:m]")
        #expect(try store.output("run", "--rm", "made") == "one two")
    }

    @Test("changes the configuration by Dockerfile instructions, one each")
    func changes() throws {
        let store = try TestStore()
        try store.hako("create", "--name", "box", "busybox", "true")
        let changes = [
            "ENV A=1 B=\"two words\" C=x\\ y", "ENV old value of it", "LABEL a.b=c d='e f'", "EXPOSE 80 53/udp", "USER nobody",
            "VOLUME [\"/v\", \"/w\"]", "WORKDIR /srv", "WORKDIR sub", "STOPSIGNAL SIGINT", "ONBUILD RUN true", "entrypoint [\"top\"]",
            "HEALTHCHECK --interval=1m30s --retries=2 CMD exit 0",
        ]
        try store.hako(["commit"] + changes.flatMap { ["-c", $0] } + ["box", "made"]).expectSuccess()
        let template = """
            {{json .Config.Env}} {{json .Config.Labels}} {{json .Config.ExposedPorts}} {{.Config.User}} {{json .Config.Volumes}} \
            {{.Config.WorkingDir}} {{.Config.StopSignal}} {{json .Config.OnBuild}} {{json .Config.Entrypoint}} {{json .Config.Cmd}} \
            {{json .Config.Healthcheck}}
            """
        #expect(
            try store.inspect("made", template) == """
                ["PATH=/bin","A=1","B=two words","C=x y","old=value of it"] {"a.b":"c","d":"e f"} {"53/udp":{},"80/tcp":{}} nobody \
                {"/v":{},"/w":{}} /srv/sub SIGINT ["RUN true"] ["top"] null \
                {"Test":["CMD-SHELL","exit 0"],"Interval":90000000000,"Retries":2}
                """)
        for (change, text) in [
            ("RUN true", "RUN is not a valid change command"), ("ENV a=b\nUSER 0", "one instruction"), ("ENV", "ENV requires at least one argument"),
            ("ENV a='b", "looking for matching single-quote"), ("LABEL a=b c", "can't find = in \"c\""), ("HEALTHCHECK --interval=x CMD y", "time: invalid duration \"x\""),
            ("HEALTHCHECK nonsense", "Unknown type \"NONSENSE\" in HEALTHCHECK"),
        ] {
            let refused = try store.hako("commit", "-c", change, "box", "refused")
            #expect(refused.status == 1 && refused.error.contains(text) && refused.output == "", "\(change): \(refused)")
        }
        #expect(try store.output("images", "-q", "refused") == "")
    }

    @Test("refuses names that no tag can have, and containers that aren't there")
    func refusals() throws {
        let store = try TestStore()
        try store.hako("create", "--name", "box", "busybox", "true")
        #expect(try store.hako("commit", "box", "UPPER").error.contains("must be lowercase"))
        let digest = try store.hako("commit", "box", "x@sha256:" + String(repeating: "0", count: 64))
        #expect(digest.status == 1 && digest.error == "hako: refusing to create a tag with a digest reference\n", "\(digest)")
        #expect(try store.hako("commit", "nobody").error == "hako: No such container: nobody\n")
    }

    @Test("of one that holds what a layer can't says which, and goes on running")
    func unrepresentable() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sh", "-c", "echo x > /tmp/.wh.passwd; exec sleep 1000")
        try waitUntil { try store.hako("exec", "box", "test", "-e", "/tmp/.wh.passwd").status == 0 }
        let refused = try store.hako("commit", "box", "made")
        #expect(refused.status == 1 && refused.error.contains("tmp/.wh.passwd: a layer can't hold a name that begins with .wh."), "\(refused)")
        #expect(try store.inspect("box", "{{.State.Status}}") == "running")
        #expect(try store.output("system", "check") == "The store is whole.")
    }
}
