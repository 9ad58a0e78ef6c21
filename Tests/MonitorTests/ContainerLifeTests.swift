import Glibc
import Linux
import MonitorProtocol
import OCI
import RuntimeClient
import TestSupport
import Testing

@Suite("A container's life", .enabled(if: ContainerFixture.isPossible, "needs root, busybox-static and hako-runtime"))
struct ContainerLifeTests {
    @Test("ends with its program's exit code, told after it is written down", arguments: ContainerFixture.Runtime.installed)
    func exitCode(runtime: ContainerFixture.Runtime) throws {
        let fixture = try ContainerFixture(runtime, ["sh", "-c", "echo out; echo err >&2; exit 3"])
        let monitor = try fixture.launch()
        let pid = try monitor.waitCreated()
        #expect(pid > 0)
        #expect(try monitor.startAndWait() == pid)
        let exit = try monitor.waitExit()
        #expect(exit == ContainerExit(exitCode: 3, oomKilled: false))
        let state = try #require(try ContainerState.read(directory: fixture.settings.directory))
        #expect(state.exitCode == 3 && state.error == "")
        let records = try JournalReader(path: fixture.paths.journal).read(from: 0).records
        #expect(records.map(\.event) == [.start(pid: pid), .die(exit)])
        try fixture.waitGone(monitor)
        #expect(try fixture.loggedBytes().count == "out\nerr\n".utf8.count)
        try fixture.expectNothingLeft()
    }

    @Test("does not make its user the owner of the host's /dev/null", arguments: ContainerFixture.Runtime.installed)
    func ownerOfNull(runtime: ContainerFixture.Runtime) throws {
        let fixture = try ContainerFixture(runtime, ["sh", "-c", "read line; exit 4"])
        let monitor = try fixture.launch()
        _ = try monitor.waitCreated()
        _ = try monitor.startAndWait()
        // Its input is empty all the same: reading failed at once.
        #expect(try monitor.waitExit().exitCode == 4)
        try fixture.waitGone(monitor)
        #expect(try FileDescriptor.status(of: "/dev/null").userID != ContainerFixture.firstID)
    }

    @Test("ends with 128 and the signal that the monitor was asked to send")
    func signal() throws {
        let fixture = try ContainerFixture(.own, ["sleep", "1000"])
        let monitor = try fixture.launch()
        _ = try monitor.waitCreated()
        _ = try monitor.startAndWait()
        try AttachConnection.connect(
            bundle: fixture.bundle, AttachRequest(stdin: false, stdout: false, stderr: false)
        ).signal(SIGKILL)
        #expect(try monitor.waitExit().exitCode == 137)
        try fixture.waitGone(monitor)
        try fixture.expectNothingLeft()
    }

    @Test("is over before it begins when its program isn't there", arguments: ContainerFixture.Runtime.installed)
    func missingProgram(runtime: ContainerFixture.Runtime) throws {
        let fixture = try ContainerFixture(runtime, ["/bin/no-such-program"])
        let monitor = try fixture.launch()
        let error = #expect(throws: RuntimeClientError.self) {
            _ = try monitor.waitCreated()
            _ = try monitor.startAndWait()
        }
        guard case .start(let failure)? = error else {
            Issue.record("not a start failure: \(String(describing: error))")
            return
        }
        #expect(failure.kind == .notFound, "\(failure)")
        try fixture.waitGone(monitor)
        try fixture.expectNothingLeft()
    }

    @Test("leaves nothing when the engine goes away before the start")
    func abandoned() throws {
        let fixture = try ContainerFixture(.own, ["sleep", "1000"])
        let pid = try launchAndLeave(fixture)
        try fixture.waitForLock()
        #expect(kill(pid, 0) != 0)
        #expect(try ContainerState.read(directory: fixture.settings.directory) == nil)
        try fixture.expectNothingLeft()
    }

    private func launchAndLeave(_ fixture: borrowing ContainerFixture) throws -> Int32 {
        let monitor = try fixture.launch()
        return try monitor.waitCreated()
    }

    @Test("goes on when the monitor is killed, and what was logged stays")
    func monitorKilled() throws {
        let fixture = try ContainerFixture(
            .own, ["sh", "-c", "echo before; while [ ! -e /tmp/go ]; do sleep 0.05; done; echo after > /tmp/done"])
        // Of an earlier run: what becomes of this one nobody will know.
        let earlier = ContainerState(finishedAt: Timestamp(nanoseconds: 1), exitCode: 9)
        try FileDescriptor.replaceContents(of: fixture.settings.directory + "/state.json", with: earlier.json.bytes())
        let monitor = try fixture.launch()
        _ = try monitor.waitCreated()
        let pid = try monitor.startAndWait()
        #expect(try ContainerState.read(directory: fixture.settings.directory) == nil)
        let container = try ChildProcess(adopting: pid)
        try fixture.waitForLog("before\n")
        try monitor.process.send(signal: SIGKILL)
        _ = try monitor.process.wait()
        try FileDescriptor.directory("/proc/\(pid)/root/tmp").makeDirectory("go")
        var entries = [PollEntry(container.pidfd.number, .readable)]
        #expect(try PollEntry.wait(&entries, timeoutMilliseconds: 20_000) == 1)
        let done = try FileDescriptor.contents(of: "\(fixture.settings.directory)/upper/tmp/done")
        #expect(done == Array("after\n".utf8))
        #expect(try fixture.loggedBytes() == Array("before\n".utf8))
        try fixture.deleteByRuntime()
    }

    @Test("runs as the user that the image's own files name, in a directory that is made for it")
    func user() throws {
        var fixture = try ContainerFixture(.own, ["sh", "-c", "id -u; id -g; id -G; pwd; echo $HOME; echo x > here"])
        try fixture.scratch.add("layer/etc/passwd", "web:x:1001:1002::/home/web:/bin/sh\n")
        try fixture.scratch.add("layer/etc/group", "extra:x:1005:web\n")
        try fixture.scratch.add("layer/bin/id", .symlink("busybox"))
        chmod(fixture.scratch.path("layer/etc"), 0o755)
        fixture.settings.user = "web"
        fixture.settings.makesWorkingDirectory = true
        fixture.setProcess("cwd", "/srv/app")
        let monitor = try fixture.launch()
        _ = try monitor.waitCreated()
        _ = try monitor.startAndWait()
        #expect(try monitor.waitExit().exitCode == 1)  // the directory belongs to root
        try fixture.waitGone(monitor)
        let output = String(decoding: try fixture.loggedBytes(), as: UTF8.self)
        #expect(output.hasPrefix("1001\n1002\n1002 1005\n/srv/app\n/home/web\n"), "\(output)")
    }
}
