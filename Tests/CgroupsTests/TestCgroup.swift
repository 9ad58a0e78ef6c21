import Glibc
import Linux
import Testing
import TestSupport

@testable import Cgroups

/// A cgroup of a test's own, gone with its processes when this value goes.
struct TestCgroup: ~Copyable {
    let cgroup: any Cgroup

    init() throws { cgroup = try Self.create() }

    private static func create() throws -> any Cgroup {
        let path = try CgroupPath(parsing: "/hako-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))")
        let cgroup = try CgroupMounts.detect().cgroup(at: path)
        try cgroup.create()
        return cgroup
    }

    deinit {
        do {
            try? cgroup.thaw()  // Only one test freezes; the others have nothing to thaw.
            try cgroup.kill()
            try cgroup.delete()
        } catch {
            print("cgroup \(cgroup.path) stays: \(error)")
        }
    }

    /// Starts a shell that joins, as a container's process does, and then runs the script.
    func start(_ script: String, output: CInt? = nil) throws -> ChildProcess {
        let entry = try cgroup.openEntry()
        var files = entry.taskFiles
        var shell = Spawn("/bin/sh", [])
        let unified = try entry.cloneInto.map {
            try FileDescriptor.open("/proc/self/fd/\($0)/cgroup.procs", flags: O_WRONLY).relinquish()
        }
        defer { if let unified { _ = FileDescriptor(adopting: unified) } }
        if let unified { files.append(unified) }
        for number in files { shell.pass(number: number) }
        var joined = try Pipe()
        // Unified last; then it tells that it is in.
        let joins = files.map { "echo 0 > /proc/self/fd/\($0)" }.joined(separator: " && ")
        shell.arguments = ["sh", "-c", "\(joins) || exit 99\necho > /proc/self/fd/\(joined.writing.number)\n\(script)"]
        shell.pass(number: StandardDescriptor.error)
        if let output { shell.pass(number: output, as: 1) }
        shell.pass(joined.writing)
        let child = try shell.start()
        joined.writing = try FileDescriptor.open("/dev/null")  // The child alone holds the pipe open now.
        try #require(try joined.reading.read(upTo: 1).count == 1, "the process did not join")
        return child
    }

    /// Runs the script to its end.
    func run(_ script: String) throws -> Linux.ExitStatus { try start(script).wait() }

    /// Runs the script and returns what it wrote.
    func output(of script: String) throws -> String {
        let file = try FileDescriptor.memory(named: "output")
        _ = try start(script, output: file.number).wait()
        try file.seek(to: 0)
        return String(decoding: try file.readAll(), as: UTF8.self)
    }
}
