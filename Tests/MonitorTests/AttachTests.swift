import Glibc
import Linux
import MonitorProtocol
import OCI
import RuntimeClient
import TestSupport
import Testing

@testable import Monitor

@Suite("Attached clients", .enabled(if: ContainerFixture.isPossible, "needs root, busybox-static and hako-runtime"))
struct AttachTests {
    @Test("type into a container, end its input, and get all of its output before its exit code")
    func foreground() throws {
        var fixture = try ContainerFixture(.own, ["sh", "-c", "cat; echo done >&2; exit 7"])
        fixture.settings.openStdin = true
        fixture.settings.stdinOnce = true
        let text = (0..<40_000).flatMap { Array("line \($0)\n".utf8) }
        try fixture.scratch.add("input", .file(text))
        let run = try fixture.runInForeground()
        #expect(run.end == .exited(ContainerExit(exitCode: 7, oomKilled: false)))
        #expect(run.output == text)
        #expect(run.error == Array("done\n".utf8))
        // Both streams come in the order in which they were read: the lines of stdout among themselves are whole.
        #expect(try fixture.loggedBytes().count == text.count + 5)
    }

    @Test("all get the same, and the end")
    func several() throws {
        let fixture = try ContainerFixture(
            .own, ["sh", "-c", "while [ ! -e /tmp/go ]; do sleep 0.01; done; echo one; echo two >&2; exit 4"])
        let monitor = try fixture.launch()
        _ = try monitor.waitCreated()
        let pid = try monitor.startAndWait()
        let request = AttachRequest(stdin: false, stdout: true, stderr: true)
        let bundle = fixture.bundle
        let first = try AttachConnection.connect(bundle: bundle, request)
        let second = try AttachConnection.connect(bundle: bundle, request)
        let third = try AttachConnection.connect(
            bundle: bundle, AttachRequest(stdin: false, stdout: false, stderr: false))
        // An answered signal means that what was sent before is read: 0 tests only whether the process is there.
        try AttachConnection.connect(bundle: bundle, request).signal(0)
        try FileDescriptor.directory("/proc/\(pid)/root/tmp").makeDirectory("go")
        let end = RelayEnd.exited(ContainerExit(exitCode: 4, oomKilled: false))
        for connection in [try fixture.relay(first), try fixture.relay(second)] {
            #expect(connection.end == end && connection.output == Array("one\n".utf8))
            #expect(connection.error == Array("two\n".utf8))
        }
        #expect(try third.waitExit().exitCode == 4)
        try fixture.waitGone(monitor)
    }

    @Test("give a terminal their size, leave their own as it was, and can be left by the keys")
    func terminal() throws {
        var fixture = try ContainerFixture(.own, ["sh", "-c", "read line; stty size; read line"])
        fixture.setTerminal()
        let person = try PseudoTerminal()
        let screen = try person.openPeer()
        try screen.setWindowSize(WindowSize(rows: 33, columns: 77))
        var before = termios()
        tcgetattr(screen.number, &before)
        let prepared = try AttachConnection.prepare(AttachRequest(stdin: true, stdout: true, stderr: true))
        let monitor = try fixture.launch(attach: prepared.monitorEnd.number)
        _ = try monitor.waitCreated()
        _ = try monitor.startAndWait()
        var options = RelayOptions()
        options.input = screen.number
        options.output = screen.number
        options.error = nil
        options.terminal = true
        options.detachKeys = DetachKeys(parsing: "ctrl-p,x")
        // Typed before anybody reads, while the terminal still waits for whole lines (and takes ctrl-q for itself).
        try person.master.writeAll([0x0D, 0x10, UInt8(ascii: "x"), 0x0D])
        let end = try prepared.connection.relay(options, signals: RelaySignals.block())
        #expect(end == .detached)
        var after = termios()
        tcgetattr(screen.number, &after)
        #expect(before.c_lflag == after.c_lflag && before.c_iflag == after.c_iflag && before.c_oflag == after.c_oflag)
        try fixture.waitForLog("33 77\r\n")
        try AttachConnection.connect(
            bundle: fixture.bundle, AttachRequest(stdin: false, stdout: false, stderr: false)
        ).signal(SIGKILL)
        #expect(try monitor.waitExit().exitCode == 137)
        try fixture.waitGone(monitor)
        try fixture.expectNothingLeft()
    }

    @Test("hold up the container, not the monitor's memory, when the one in the foreground does not read")
    func backPressure() throws {
        let fixture = try ContainerFixture(.own, ["sh", "-c", "head -c 8000000 /dev/zero; echo > /tmp/done"])
        let prepared = try AttachConnection.prepare(AttachRequest(stdin: false, stdout: true, stderr: true))
        let monitor = try fixture.launch(attach: prepared.monitorEnd.number)
        _ = try monitor.waitCreated()
        _ = try monitor.startAndWait()
        // An answer means that the monitor isn't stuck in a write to the one that doesn't read.
        let other = AttachRequest(stdin: false, stdout: false, stderr: false)
        for _ in 0..<50 {
            try AttachConnection.connect(bundle: fixture.bundle, other).signal(0)
        }
        #expect(access("\(fixture.settings.directory)/upper/tmp/done", F_OK) != 0)
        let run = try fixture.relay(prepared.connection)
        #expect(run.output == Array(repeating: 0, count: 8_000_000))
        #expect(try monitor.waitExit().exitCode == 0)
        try fixture.waitGone(monitor)
    }

    @Test("leave nothing over, sixteen containers at once")
    func parallel() throws {
        var monitors: [CInt] = []
        let fixtures = try (0..<16).map { _ in try FixtureBox(ContainerFixture(.own, ["sh", "-c", "echo $$"])) }
        for box in fixtures { monitors.append(try box.fixture.startAndLeave()) }
        for (box, pid) in zip(fixtures, monitors) {
            try box.fixture.waitForLock()
            var status: CInt = 0
            #expect(waitpid(pid, &status, 0) == pid && status == 0)
            #expect(try box.fixture.loggedBytes() == Array("1\n".utf8))
            try box.fixture.expectNothingLeft()
        }
    }
}

@Suite("One attached client")
struct AttachClientTests {
    @Test("is waited for since it was first behind, not since it took its last byte")
    func trickle() throws {
        let pair = try UnixSocket.Pair(.stream)
        let reader = try pair.second.duplicate()
        let writer = try pair.first.duplicate()
        try writer.setNonBlocking(true)
        try reader.setNonBlocking(true)
        let client = AttachClient(writer, token: 1, isForeground: false)
        let payload = [UInt8](repeating: 1, count: AttachFrame.payloadLimit)
        for _ in 0..<200 { client.send(.stdout, payload[...]) }
        let since = try #require(client.stalledSince)
        _ = try reader.read(upTo: 100_000)
        client.flush()
        #expect(client.stalledSince == since && !client.outbound.isEmpty)
        while !client.outbound.isEmpty {
            _ = try reader.read(upTo: 1 << 20)
            client.flush()
        }
        #expect(client.stalledSince == nil)
    }
}

/// Holds a fixture, which can't be copied, in an array.
private final class FixtureBox {
    let fixture: ContainerFixture
    init(_ fixture: consuming ContainerFixture) { self.fixture = fixture }
}
