import Glibc
import Linux
import TestSupport
import Testing

@Suite("Events", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct EventsTests {
    @Test("tell a container's life in its order, with its name, image and labels")
    func life() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "--label", "tier=web", "busybox", "sleep", "1000")
        for words in [["pause"], ["unpause"], ["update", "-m", "64m"], ["kill", "-s", "USR1"], ["stop", "-t", "0"]] {
            _ = try store.hako(words + ["box"])
        }
        try store.hako("rename", "box", "chest")
        try store.hako("rm", "chest")
        let lines = try store.hako("events", "--since", "1h", "--until", "0s", "--format", "{{.Action}} {{.Actor.Attributes.name}}").lines
        #expect(
            lines.filter { !$0.isEmpty && !$0.hasPrefix("load") } == [
                "create box", "connect bridge", "start box", "pause box", "unpause box", "update box", "kill box", "kill box", "kill box", "disconnect bridge",
                "die box", "stop box", "rename chest", "destroy chest",
            ], "\(lines)")
        let die = try store.output("events", "--since", "1h", "--until", "0s", "-f", "event=die", "--format", "json")
        #expect(die.hasPrefix(#"{"status":"die","id":""#), "\(die)")
        for part in [
            "\"execDuration\":\"", "\"from\":\"busybox\"", "\"exitCode\":\"137\"", "\"image\":\"busybox\"", "\"tier\":\"web\"",
            "\"scope\":\"local\"", "\"timeNano\":",
        ] { #expect(die.contains(part), "\(part) in \(die)") }
        let plain = try store.output("events", "--since", "1h", "--until", "0s", "-f", "event=rename")
        #expect(plain.contains(" container rename ") && plain.hasSuffix("(image=busybox, name=chest, oldName=/box, tier=web)"), "\(plain)")
    }

    @Test("are filtered by type, name, label and image")
    func filters() throws {
        let store = try TestStore()
        try store.hako("run", "--name", "one", "--label", "tier=web", "busybox", "true")
        try store.hako("run", "--name", "two", "busybox", "true")
        try store.hako("tag", "busybox", "other:1")
        try store.hako("rmi", "other:1")
        func count(_ filters: String...) throws -> Int {
            let run = try store.hako(["events", "--since", "1h", "--until", "0s"] + filters.flatMap { ["-f", $0] })
            #expect(run.status == 0, "\(run)")
            return run.lines.count { !$0.isEmpty }
        }
        #expect(try count("container=one") == 4 && count("label=tier=web") == 4 && count("label=tier", "event=die") == 1)
        #expect(try count("type=container") == 8 && count("container=one", "container=two", "event=start") == 2)
        #expect(try count("image=busybox", "type=container") == 8 && count("event=tag") == 1 && count("event=untag") == 1)
        #expect(try count("network=none") == 0)
        #expect(try count("network=bri") == 4 && count("network=bridge", "event=connect") == 2 && count("container=tw") == 4)
        #expect(try store.hako("events", "-f", "colour=red").status == 1)
        #expect(try store.hako("events", "--since", "yesterday").status == 1)
    }

    @Test("come at once to who waits for them, also those of other processes and of --rm")
    func follow() throws {
        let store = try TestStore()
        let file = store.scratch.path("events")
        try store.shell(
            """
            $HAKO events --format '{{.Action}}' > \(file) & pid=$!
            until ls -l /proc/$pid/fd | grep -q inotify; do kill -0 $pid || exit; sleep 0.05; done
            $HAKO run --rm --name box busybox true
            until grep -q destroy \(file); do kill -0 $pid || exit; sleep 0.05; done
            kill $pid
            """
        ).expectSuccess()
        let text = String(decoding: try FileDescriptor.contents(of: file), as: UTF8.self)
        #expect(text == "create\nattach\nconnect\nstart\ndisconnect\ndie\ndestroy\n")
    }
}
