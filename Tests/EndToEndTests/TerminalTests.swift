import Glibc
import Linux
import Testing
import TestSupport

@Suite("Terminals at one container", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct TerminalTests {
    private static let program = """
        stty -echo; echo ready; while read line; do
          case "$line" in size) stty size ;; bye) exit 7 ;; *) echo "got $line" ;; esac; done; echo over
        """

    private func terminal(_ store: TestStore, _ words: String..., size: WindowSize? = nil) throws -> Terminal {
        try Terminal((TestStore.programs ?? "") + "/hako", ["hako"] + words, environment: store.environment, size: size)
    }

    /// Returns when so many have attached, those that are gone again among them.
    private func waitForClients(_ store: TestStore, _ count: Int) throws {
        let script = "until [ $($HAKO events --since 1h --until 0s -f event=attach --format x | wc -l) = \(count) ]; do sleep 0.02; done"
        try store.shell("timeout 60 bash -c '\(script)'").expectSuccess()
    }

    @Test("all see its output, and type into it; one that leaves or closes disturbs no other", .timeLimit(.minutes(10)))
    func several() throws {
        let store = try TestStore()
        try store.hako("run", "-dit", "--name", "box", "busybox", "sh", "-c", Self.program).expectSuccess()
        let one = try terminal(store, "attach", "box", size: WindowSize(rows: 31, columns: 71))
        let two = try terminal(store, "attach", "--detach-keys", "ctrl-a,x", "box")
        let three = try terminal(store, "attach", "box")
        // One that is no terminal, and only listens.
        let file = store.scratch.path("listened")
        let listener = try store.starting(["attach", "--no-stdin", "box"], output: file)
        try waitForClients(store, 4)
        for (name, typing) in [("one", one), ("two", two), ("three", three)] {
            try typing.type(name + "\n")
            for terminal in [one, two, three] { try terminal.wait(for: "got \(name)\r\n") }
        }
        // Keys that are others' are typed on.
        try two.type("\u{10}2\n")
        for terminal in [one, two, three] { try terminal.wait(for: "got \u{10}2\r\n") }
        try two.type("\u{01}x")
        #expect(try two.waitForEnd() == 1 && String(decoding: two.shown, as: UTF8.self).hasSuffix("read escape sequence\r\n"))
        // Its window closes.
        three.close()
        #expect(try three.waitForEnd() != 0)
        try one.resize(WindowSize(rows: 40, columns: 100))
        try one.type("size\n")
        try one.wait(for: "40 100\r\n")
        try one.resize(WindowSize(rows: 41, columns: 101))
        try store.shell("until $HAKO exec box sh -c 'stty size < /dev/console' | grep -q '41 101'; do :; done").expectSuccess()
        try one.type("bye\n")
        #expect(try one.waitForEnd() == 7)
        #expect(try listener.wait().shellCode == 7)
        let heard = String(decoding: try FileDescriptor.contents(of: file), as: UTF8.self)
        #expect(heard.contains("got one\r\ngot two\r\ngot three\r\n") && heard.contains("40 100"), "\(heard)")
        #expect(try store.inspect("box", "{{.State.Status}} {{.State.ExitCode}}") == "exited 7")
    }

    @Test("run and exec have a terminal of their size, which follows the window, and can be left by the keys", .timeLimit(.minutes(10)))
    func foreground() throws {
        let store = try TestStore()
        let run = try terminal(store, "run", "-it", "--name", "box", "busybox", "sh", "-c", Self.program, size: WindowSize(rows: 30, columns: 70))
        try run.wait(for: "ready\r\n")
        try run.type("size\n")
        try run.wait(for: "30 70\r\n")
        let exec = try terminal(
            store, "exec", "-it", "box", "sh", "-c", "trap 'stty size' WINCH; echo here; while :; do sleep 0.1; done",
            size: WindowSize(rows: 20, columns: 60))
        try exec.wait(for: "here\r\n")
        try exec.resize(WindowSize(rows: 21, columns: 61))
        try exec.wait(for: "21 61\r\n")
        exec.close()
        _ = try exec.waitForEnd()
        try run.type("\u{10}\u{11}")
        #expect(try run.waitForEnd() == 0)
        #expect(try store.inspect("box", "{{.State.Running}}") == "true")
        let again = try terminal(store, "attach", "box")
        // The first was run's own.
        try waitForClients(store, 2)
        // ctrl-d is the end of a terminal's input.
        try again.type("\u{04}")
        try again.wait(for: "over\r\n")
        #expect(try again.waitForEnd() == 0)
    }

    @Test("signals go to the container, or end the one who attached, as asked")
    func signals() throws {
        let store = try TestStore()
        let program = "trap 'echo caught' TERM; echo up; while :; do sleep 0.05; done"
        try store.hako("run", "-d", "--name", "box", "busybox", "sh", "-c", program).expectSuccess()
        try waitUntil { try store.output("logs", "box") == "up" }
        let proxy = try store.starting(["attach", "box"], output: store.scratch.path("proxy"))
        let own = try store.starting(["attach", "--sig-proxy=false", "box"], output: store.scratch.path("own"))
        try waitForClients(store, 2)
        try own.send(signal: SIGTERM)
        #expect(try own.wait().shellCode == 128 + SIGTERM)
        try proxy.send(signal: SIGTERM)
        try store.shell("timeout 60 bash -c 'until grep -q caught \(store.scratch.path("proxy")); do sleep 0.02; done'").expectSuccess()
        #expect(try store.inspect("box", "{{.State.Running}}") == "true")
        try proxy.send(signal: SIGKILL)
        _ = try proxy.wait()
        #expect(try store.inspect("box", "{{.State.Running}}") == "true")
    }

    @Test("input ends halfway, and the output still comes")
    func halfClosed() throws {
        let store = try TestStore()
        try store.hako("run", "-di", "--name", "box", "busybox", "sleep", "1000").expectSuccess()
        #expect(try store.hako("exec", "-i", "box", "sh", "-c", "cat; sleep 0.2; echo late", input: "x\n").output == "x\nlate\n")
        #expect(try store.hako("exec", "box", "cat", input: "x\n").output == "")
        try store.hako("create", "-i", "--name", "once", "busybox", "sh", "-c", "cat; echo late").expectSuccess()
        #expect(try store.hako("start", "-ai", "once", input: "x\n").output == "x\nlate\n")
        #expect(try store.hako("run", "-i", "--rm", "busybox", "wc", "-c", input: String(repeating: "x", count: 300_000)).text == "300000")
    }

    @Test(
        "one that never reads holds the others up no longer than its patience",
        .enabled(if: getenv("HAKO_TEST_ALL") != nil, "takes ten seconds: HAKO_TEST_ALL=1"), .timeLimit(.minutes(10)))
    func unread() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sh", "-c", "while :; do echo 0123456789012345678901234567890123456789; done")
            .expectSuccess()
        let fifo = store.scratch.path("fifo")
        #expect(mkfifo(fifo, 0o600) == 0)
        // Open, and never read.
        let end = try FileDescriptor.open(fifo, flags: O_RDWR)
        let stuck = try store.starting(["attach", "box"], output: fifo)
        try waitForClients(store, 1)
        let heard = store.scratch.path("heard")
        let other = try store.starting(["attach", "box"], output: heard)
        let more = "size=$(stat -c %s \(heard)); until [ $(stat -c %s \(heard)) -gt $((size + 10000000)) ]; do sleep 0.1; done"
        try store.shell("timeout 100 bash -c '\(more)'").expectSuccess()
        for child in [stuck.pid, other.pid] { _ = Glibc.kill(child, SIGKILL) }
        _ = (try stuck.wait(), try other.wait())
        withExtendedLifetime(end) {}
    }
}
