import Glibc
import Linux
import TestSupport
import Testing

@Suite("Events of other things than a container's life", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct EventKindsTests {
    private func lines(_ store: TestStore, _ filters: [String], _ format: String) throws -> [String] {
        let run = try store.hako(
            ["events", "--since", "1h", "--until", "0s", "--format", format] + filters.flatMap { ["-f", $0] })
        #expect(run.status == 0, "\(run)")
        return run.lines.filter { !$0.isEmpty }
    }

    @Test("tell of each exec: made, started and ended, with its id and exit code")
    func execs() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        #expect(try store.hako("exec", "box", "sh", "-c", "exit 3").status == 3)
        #expect(try store.hako("exec", "box", "true").status == 0)
        try store.hako("exec", "-d", "box", "sh", "-c", "exit 7").expectSuccess()
        try waitUntil { try lines(store, ["event=exec_die"], "x").count >= 3 }
        let actions = try lines(store, ["event=exec_create", "event=exec_start"], "{{.Action}}|{{.Actor.Attributes.image}}")
        #expect(
            actions == [
                "exec_create: sh -c exit 3|busybox", "exec_start: sh -c exit 3|busybox", "exec_create: true |busybox",
                "exec_start: true |busybox", "exec_create: sh -c exit 7|busybox", "exec_start: sh -c exit 7|busybox",
            ])
        let ids = try lines(store, ["event=exec_create"], "{{.Actor.Attributes.execID}}")
        #expect(Set(ids).count == 3 && ids.allSatisfy { $0.count == 64 })
        #expect(
            try lines(store, ["event=exec_die"], "{{.Actor.Attributes.execID}} {{.Actor.Attributes.exitCode}}")
                == zip(ids, ["3", "0", "7"]).map { "\($0) \($1)" })
    }

    @Test("tell of volumes: made, mounted, unmounted and removed")
    func volumes() throws {
        let store = try TestStore()
        try store.hako("volume", "create", "data")
        try store.hako("run", "--rm", "-v", "data:/data:ro", "-v", "/own", "busybox", "true")
        try store.hako("volume", "rm", "data")
        let format = "{{.Action}} {{.Actor.ID}} {{json .Actor.Attributes}}"
        let named = try lines(store, ["volume=data"], format)
        let id = try lines(store, ["type=container", "event=create"], "{{.Actor.ID}}").first ?? ""
        let mount = #"{"container":"\#(id)","destination":"/data","driver":"local","propagation":"","read/write":"false"}"#
        #expect(
            named == [
                #"create data {"driver":"local"}"#, "mount data " + mount,
                #"unmount data {"container":"\#(id)","driver":"local"}"#, #"destroy data {"driver":"local"}"#,
            ])
        let own = try lines(store, ["type=volume"], "{{.Action}} {{len .Actor.ID}}").filter { $0.hasSuffix(" 64") }
        #expect(own == ["create 64", "mount 64", "unmount 64", "destroy 64"])
        let order = try lines(store, [], "{{.Type}} {{.Action}}").filter { !$0.hasPrefix("image") }
        #expect(
            order == [
                "volume create", "volume create", "container create", "container attach", "network connect", "volume mount",
                "volume mount", "container start", "network disconnect", "volume unmount", "volume unmount", "container die",
                "container destroy", "volume destroy", "volume destroy",
            ], "\(order)")
    }

    @Test("tell what a prune gave back, once for each kind")
    func prunes() throws {
        let store = try TestStore()
        try store.hako("run", "--name", "box", "busybox", "dd", "if=/dev/zero", "of=/file", "bs=1k", "count=100")
        let out = try store.hako("system", "prune", "-f", "--volumes").text
        #expect(out.contains("Total reclaimed space:"))
        let prunes = try lines(store, ["event=prune"], "{{.Type}} [{{.Actor.ID}}] {{.Actor.Attributes.reclaimed}}")
        #expect(prunes.count == 4, "\(prunes)")
        let reclaimed = prunes.first?.split(separator: " ").last.flatMap { Int($0) } ?? 0
        #expect(prunes.first?.hasPrefix("container [] ") == true && reclaimed >= 102_400, "\(prunes)")
        #expect(prunes.dropFirst() == ["volume [] 0", "image [] 0", "builder [] 0"], "\(prunes)")
    }

    @Test("tell of images with their labels, by id where Docker does")
    func images() throws {
        let store = try TestStore(images: [])
        try store.load("labelled", layers: ["tar c --files-from /dev/null"], config: #""Labels":{"tier":"web"}"#)
        let id = try store.output("image", "inspect", "-f", "{{.Id}}", "labelled")
        try store.hako("tag", "labelled", "other")
        try store.hako("rmi", "other")
        try store.hako("rmi", "labelled")
        let events = try lines(store, ["type=image"], "{{.Action}} {{.Actor.ID}} {{json .Actor.Attributes}}")
        let named = { (action: String, name: String) in #"\#(action) \#(id) {"name":"\#(name)","tier":"web"}"# }
        #expect(
            events == [
                named("load", id), named("tag", "other:latest"), named("untag", id), named("untag", id), named("delete", id),
            ])
    }

    @Test("tell of a probe's exec to who waits for it, and write nothing of it for nobody")
    func probes() throws {
        let store = try TestStore()
        let file = store.scratch.path("events")
        try store.hako(
            "run", "-d", "--name", "quiet", "--health-cmd", "true", "--health-interval", "50ms", "busybox", "sleep", "1000")
        try waitUntil { try store.inspect("quiet", "{{len .State.Health.Log}}") == "5" }
        #expect(try lines(store, ["event=exec_start"], "x").isEmpty)
        try store.hako("rm", "-f", "quiet").expectSuccess()
        try store.shell(
            """
            $HAKO events -f container=box --format '{{.Action}}|{{.Actor.Attributes.exitCode}}' > \(file) & pid=$!
            until ls -l /proc/$pid/fd | grep -q inotify; do kill -0 $pid || exit; sleep 0.05; done
            $HAKO run -d --name box --health-cmd 'exit 3' --health-interval 100ms busybox sleep 1000
            until grep -q exec_die \(file); do kill -0 $pid || exit; sleep 0.05; done
            kill $pid
            """
        ).expectSuccess()
        let text = String(decoding: try FileDescriptor.contents(of: file), as: UTF8.self)
        let told = text.split(separator: "\n").filter { $0.hasPrefix("exec") }.prefix(3)
        #expect(
            told == [
                "exec_create: /bin/sh -c exit 3|<no value>", "exec_start: /bin/sh -c exit 3|<no value>", "exec_die|3",
            ], "\(text)")
    }

    @Test("tell of a terminal's size and of who leaves by the detach keys", .timeLimit(.minutes(10)))
    func terminals() throws {
        let store = try TestStore()
        let terminal = try Terminal(
            (TestStore.programs ?? "") + "/hako", ["hako", "run", "-it", "--name", "box", "busybox", "sh"],
            environment: store.environment, size: WindowSize(rows: 33, columns: 77))
        // The keys come when the shell in the container is there.
        try terminal.wait(for: "# ")
        try terminal.type("\u{10}\u{11}")
        #expect(try terminal.waitForEnd() == 0)
        let told = try lines(
            store, ["event=resize", "event=detach", "event=attach"],
            "{{.Action}}{{with .Actor.Attributes}} {{.height}}x{{.width}}{{end}}")
        #expect(told == ["attach <no value>x<no value>", "resize 33x77", "detach <no value>x<no value>"], "\(told)")
    }
}
