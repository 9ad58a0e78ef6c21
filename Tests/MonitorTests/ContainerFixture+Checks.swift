import Glibc
import Linux
import OCI
import OCIRuntime
import MonitorProtocol
import RuntimeClient
import TestSupport
import Testing

extension ContainerFixture {
    mutating func setProcess(_ member: String, _ value: JSON) {
        guard var process = config["process"]?.object else { return }
        process[member] = value
        config["process"] = .object(process)
    }

    /// Waits until the monitor, which nobody of ours may hold, has let go of the lock.
    borrowing func waitForLock() throws { _ = try ContainerLocks(path: paths.locks).acquireWaiting(0) }

    /// Waits until the log ends with that: the monitor writes it by itself.
    borrowing func waitForLog(_ text: String) throws {
        let deadline = Timings.monotonicNanoseconds() + 20_000_000_000
        while try loggedBytes().suffix(text.utf8.count) != Array(text.utf8)[...] {
            guard Timings.monotonicNanoseconds() < deadline else {
                Issue.record("the log never ended with \(text)")
                return
            }
            sched_yield()
        }
    }

    /// No mount of the host's, no cgroup, no file of the run directory, no state of the runtime.
    borrowing func expectNothingLeft() throws {
        let mounts = String(decoding: try FileDescriptor.contents(of: "/proc/self/mountinfo"), as: UTF8.self)
        #expect(!mounts.utf8.contains(id))
        for hierarchy in ["memory", "pids", "cpu", "freezer", "devices", "systemd", "unified", ""] {
            #expect(access("/sys/fs/cgroup/\(hierarchy)\(cgroup)", F_OK) != 0, "cgroup in \(hierarchy)")
        }
        #expect(access(paths.bundle(id), F_OK) != 0)
        #expect(access("\(paths.runtimeRoot)/\(id)", F_OK) != 0)
    }

    /// For a container whose monitor was killed.
    borrowing func deleteByRuntime() throws {
        try RuntimeCommand(program: settings.runtime, root: paths.runtimeRoot).delete(id)
    }
}

extension String.UTF8View {
    fileprivate func contains(_ text: String) -> Bool {
        let (all, part) = (Array(self), Array(text.utf8))
        guard all.count >= part.count else { return false }
        return (0...(all.count - part.count)).contains { all[$0..<($0 + part.count)] == part[...] }
    }
}

extension ContainerFixture {
    /// What a person got on their streams.
    struct Run {
        var end: RelayEnd
        var output: [UInt8]
        var error: [UInt8]
    }

    /// Runs the container attached, with the scratch's `input` as what is typed.
    borrowing func runInForeground() throws -> Run {
        let prepared = try AttachConnection.prepare(AttachRequest(stdin: true, stdout: true, stderr: true))
        let monitor = try launch(attach: prepared.monitorEnd.number)
        _ = try monitor.waitCreated()
        _ = try monitor.startAndWait()
        let input = try FileDescriptor.open(scratch.path("input"))
        let run = try relay(prepared.connection, input: input.number)
        try waitGone(monitor)
        return run
    }

    borrowing func relay(_ connection: consuming AttachConnection, input: CInt? = nil) throws -> Run {
        let streams = try Streams(input: input)
        let end = try connection.relay(streams.options, signals: RelaySignals.block())
        return try streams.read(end)
    }

    borrowing func relay(_ session: consuming ExecSession, input: CInt? = nil) throws -> Run {
        let streams = try Streams(input: input)
        let end = try session.relay(streams.options, signals: RelaySignals.block())
        return try streams.read(end)
    }

    /// A person's streams, kept in memory.
    private struct Streams: ~Copyable {
        let input: CInt?
        let output: FileDescriptor
        let error: FileDescriptor

        init(input: CInt?) throws {
            let output = try FileDescriptor.memory(named: "output")
            let error = try FileDescriptor.memory(named: "error")
            self.input = input
            self.output = output
            self.error = error
        }

        var options: RelayOptions {
            var options = RelayOptions()
            options.input = input
            options.output = output.number
            options.error = error.number
            return options
        }

        borrowing func read(_ end: RelayEnd) throws -> Run {
            try output.seek(to: 0)
            try error.seek(to: 0)
            return Run(end: end, output: try output.readAll(), error: try error.readAll())
        }
    }

    /// Starts the container in the background, as `run -d`. Returns the monitor's pid.
    borrowing func startAndLeave() throws -> CInt {
        let monitor = try launch()
        _ = try monitor.waitCreated()
        _ = try monitor.startAndWait()
        return monitor.process.pid
    }
}
