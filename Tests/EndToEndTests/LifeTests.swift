import Glibc
import Testing
import TestSupport

@Suite("A container's life", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct LifeTests {
    @Test("a restart ends the program and begins it anew, with what was written")
    func restart() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sh", "-c", "echo begun >> /begun; exec sleep 1000")
        let first = try store.inspect("box", "{{.State.Pid}}")
        for count in 1...6 {
            // The program is executed when the start is told, and may not have written yet: before that, it isn't ended.
            let wait = "i=0; until [ $(grep -c begun /begun) = \(count) ] || [ $((i += 1)) = 3000 ]; do sleep 0.01; done; grep -c begun /begun"
            #expect(try store.output("exec", "box", "sh", "-c", wait) == "\(count)")
            guard count < 6 else { break }
            #expect(try store.output("restart", "-t", "0", "box") == "box")
            #expect(try store.inspect("box", "{{.State.Running}}") == "true")
        }
        #expect(try store.inspect("box", "{{.State.Pid}}") != first)
        try store.hako("stop", "-t", "0", "box")
        #expect(try store.output("container", "restart", "box") == "box")
        #expect(try store.inspect("box", "{{.State.Running}}") == "true")
        #expect(try store.hako("restart", "missing").status == 1)
        try store.hako("run", "-d", "--rm", "--name", "fleeting", "busybox", "sleep", "1000")
        let refused = try store.hako("restart", "-t", "0", "fleeting")
        #expect(refused.status == 1 && refused.error.contains("--rm"))
        #expect(try store.inspect("fleeting", "{{.State.Running}}") == "true")
    }

    @Test("a paused container stands still, and takes what is to end it", arguments: ["hako", "crun"].filter { $0 == "hako" || Program.isInstalled($0) })
    func pause(runtime: String) throws {
        let store = try TestStore()
        _ = try store.output("run", "-d", "--runtime", runtime, "--name", "box", "busybox", "sh", "-c", "while :; do :; done")
        // In clock ticks: fields 14 and 15 of proc_pid_stat(5). The name, field 2, has no blank here.
        let stat = "/proc/\(try store.inspect("box", "{{.State.Pid}}"))/stat"
        let count = { try ProgramRun.of("/usr/bin/cut", ["-d", " ", "-f", "14,15", stat]).text }
        #expect(try store.output("pause", "box") == "box")
        let before = try count()
        #expect(try store.inspect("box", "{{.State.Status}} {{.State.Running}} {{.State.Paused}}") == "paused true true")
        #expect(try store.output("ps", "--format", "{{.Status}}").contains("(Paused)"))
        // One that ran would take ten of them, or a few on a busy machine.
        usleep(100_000)
        #expect(try !before.isEmpty && count() == before)
        for (words, said) in [
            (["pause", "box"], "already paused"), (["exec", "box", "true"], "is paused"), (["start", "box"], "try unpause"),
            (["rm", "box"], "must be unpaused first"),
        ] {
            let refused = try store.hako(words)
            #expect(refused.status == 1 && refused.error.contains(said), "\(words): \(refused)")
        }
        #expect(try store.output("unpause", "box") == "box")
        while try count() == before { try #require(store.inspect("box", "{{.State.Running}}") == "true") }
        #expect(try store.hako("unpause", "box").error.contains("is not paused"))
        try store.hako("pause", "box")
        #expect(try store.output("stop", "-t", "1", "box") == "box")
        #expect(try store.inspect("box", "{{.State.Status}} {{.State.ExitCode}}") == "exited 137")
        #expect(try store.hako("pause", "box").error.contains("is not running"))
        try store.hako("start", "box")
        try store.hako("pause", "box")
        #expect(try store.output("kill", "box") == "box")
        #expect(try store.output("wait", "box") == "137")
        try store.hako("start", "box")
        try store.hako("pause", "box")
        #expect(try store.output("rm", "-f", "box") == "box")
    }

    @Test("a new name takes the old one's place, unless somebody has it")
    func rename() throws {
        let store = try TestStore()
        for name in ["one", "two"] { try store.hako("create", "--name", name, "busybox", "true") }
        #expect(try store.output("rename", "one", "uno") == "")
        #expect(try store.output("ps", "-a", "--format", "{{.Names}}") == "two\nuno")
        #expect(try store.hako("inspect", "one").status == 1)
        let taken = try store.hako("rename", "uno", "two")
        #expect(taken.status == 1 && taken.error.contains("already in use"))
        for name in ["uno", "a b", "-x", ""] {
            let refused = try store.hako("rename", "--", "uno", name)
            #expect(refused.status == 1, "\(name): \(refused)")
        }
        #expect(try store.hako("rename", "missing", "new").status == 1)
        #expect(try store.output("rename", "uno", "one") == "")
    }

    @Test("its ports are listed, all or one")
    func port() throws {
        let store = try TestStore()
        try store.hako(
            "run", "-d", "--name", "box", "-p", "127.0.0.1::80", "-p", "127.0.0.1::53/udp", "busybox", "sleep", "1000")
        let all = try store.output("port", "box").split(separator: "\n").map(String.init)
        #expect(all.count == 2)
        #expect(all.first?.hasPrefix("53/udp -> 127.0.0.1:") == true)
        let one = try store.output("port", "box", "80")
        #expect(all.last == "80/tcp -> " + one)
        #expect(try store.output("port", "box", "80/tcp") == one)
        let none = try store.hako("port", "box", "53")
        #expect(none.status == 1 && none.error.contains("No public port '53' published for box"))
        #expect(try store.hako("port", "box", "http").status == 1)
        try store.hako("stop", "-t", "0", "box")
        #expect(try store.output("port", "box") == "")
    }

    @Test("pruning takes the containers that don't run, and no others")
    func prune() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "up", "busybox", "sleep", "1000")
        try store.hako("run", "--name", "down", "busybox", "sh", "-c", "head -c 5000 /dev/zero > /f")
        let down = try store.inspect("down", "{{.Id}}")
        #expect(try store.hako("container", "prune", input: "n\n").text.contains("all stopped containers"))
        #expect(try store.hako("inspect", "down").status == 0)
        #expect(try store.output("container", "prune", "-f").contains("Deleted Containers:\n\(down)\n\nTotal reclaimed space:"))
        #expect(try store.output("ps", "-a", "--format", "{{.Names}}") == "up")
    }

    @Test("who comes while it is just started neither waits for its end nor starts it twice", .timeLimit(.minutes(10)))
    func meeting() throws {
        let store = try TestStore()
        let run = try store.shell(
            """
            for n in $(seq 12); do
              $HAKO create --name box$n --network none busybox sleep 1000 > /dev/null
              for m in 1 2; do timeout 20 $HAKO start box$n > /dev/null || echo start $?; done &
              timeout 20 $HAKO start box$n > /dev/null || echo start $?
              wait; [ $($HAKO events --since 1h --until 0s -f event=start -f container=box$n --format x | wc -l) = 1 ] || echo started again
            done
            for n in $(seq 12); do
              timeout 20 $HAKO run -d --name removed$n --network none busybox sleep 1000 > /dev/null 2>&1 &
              until [ -n "$($HAKO ps -aq -f name=removed$n)" ]; do :; done
              timeout 20 $HAKO rm -f removed$n > /dev/null || echo rm $?; wait
            done
            $HAKO ps -aq -f name=removed
            """)
        #expect(run.output == "", "\(run)")
    }

    @Test("a start goes on where one was killed, whatever was made by then")
    func killedStart() throws {
        let store = try TestStore()
        try store.hako("create", "--name", "box", "busybox", "sh", "-c", "cat /etc/hostname; touch /tmp/x").expectSuccess()
        // As a monitor makes it, which is killed before the engine has given it its owner.
        let directory = "\(store.root)/containers/\(try store.inspect("box", "{{.Id}}"))"
        try store.shell("mkdir -m 700 \(directory) \(directory)/work; mkdir -m 0 \(directory)/upper").expectSuccess()
        for _ in 0..<2 { try store.hako("start", "-a", "box").expectSuccess() }
        #expect(try store.output("run", "--rm", "busybox", "stat", "-c", "%a", "/") == "755")
    }

    @Test("nothing breaks when the clock is set back", .enabled(if: Program.isInstalled("python3"), "needs python3 to write the database"))
    func clockSetBack() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000").expectSuccess()
        #expect(try store.hako("run", "--name", "done", "busybox", "sh", "-c", "exit 3").status == 3)
        // Two hours from now, as the store sees it.
        let ahead = "created=created+7200000000000, started=started+7200000000000, finished=finished+7200000000000"
        try store.hako("ps", "-a").expectSuccess()
        try store.shell("python3 -c \"import sqlite3; c = sqlite3.connect('\(store.root)/hako.db'); c.execute('update containers set \(ahead)'); c.commit()\"")
            .expectSuccess()
        let statuses = try store.output("ps", "-a", "--format", "{{.Names}} {{.Status}}").split(separator: "\n").sorted()
        #expect(statuses == ["box Up Less than a second", "done Exited (3) Less than a second ago"])
        #expect(try store.output("stop", "-t", "0", "box") == "box" && store.output("start", "box") == "box")
        #expect(try store.hako("events", "--since", "1h", "--until", "0s").lines.count > 5)
        #expect(try store.output("rm", "-f", "box", "done") == "box\ndone")
    }
}
