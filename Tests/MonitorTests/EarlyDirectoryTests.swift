import Glibc
import Linux
import RuntimeClient
import TestSupport
import Testing

@Suite("A container's directory that is made early", .enabled(if: ContainerFixture.isPossible, "needs root, busybox-static and hako-runtime"))
struct EarlyDirectoryTests {
    @Test("is there before the settings, is nobody's leftover, and goes with an engine that says nothing")
    func unwanted() throws {
        let scratch = try Scratch(["containers": .directory])
        let directory = scratch.path("containers/one")
        let pid = try whileWaiting(directory, scratch) {
            try wait(for: "\(directory)/state.json.new")
            let names = try Set(FileDescriptor.directory(directory).names().map(\.description))
            #expect(names.isSuperset(of: ["upper", "work", "hosts", "hostname", "resolv.conf"]))
            #expect(try FileDescriptor.status(of: directory).permissions == 0o700)
            #expect(try FileDescriptor.directory(directory).tryLockWhole() == false)
        }
        #expect(waitpid(pid, nil, 0) == pid)
        #expect(access(directory, F_OK) != 0)
    }

    @Test("is left alone where it is there already")
    func present() throws {
        let scratch = try Scratch(["containers/one/upper/kept": .directory])
        let directory = scratch.path("containers/one")
        let pid = try whileWaiting(directory, scratch) {}
        #expect(waitpid(pid, nil, 0) == pid)
        #expect(try FileDescriptor.directory(directory).names().map(\.description) == ["upper"])
        #expect(access("\(directory)/upper/kept", F_OK) == 0)
    }

    /// Runs `body` while a monitor waits for its settings, which never come. Returns the monitor's pid.
    private func whileWaiting(
        _ directory: String, _ scratch: borrowing Scratch, _ body: () throws -> Void
    ) throws -> pid_t {
        let monitor = try MonitorProcess.spawn(
            program: ContainerFixture.program, bundle: scratch.path("bundle"), directory: directory)
        try body()
        return monitor.process.pid
    }

    private func wait(for path: String) throws {
        for _ in 0..<2000 where access(path, F_OK) != 0 { usleep(10_000) }
        try #require(access(path, F_OK) == 0)
    }
}
