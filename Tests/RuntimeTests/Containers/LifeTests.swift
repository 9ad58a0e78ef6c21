import Glibc
import Linux
import OCI
import TestSupport
import Testing

@Suite(
    "The life of a container", .enabled(if: TestContainer.isPossible, "needs root, busybox-static and hako-runtime"),
    .serialized)
struct LifeTests {
    @Test("goes from created to running to stopped to gone", arguments: [true, false])
    func states(isMapped: Bool) throws {
        let container = try TestContainer(isMapped: isMapped, ["sleep", "1000"])
        try container.write()
        #expect(try container.runtime("create", "-b", container.scratch.root, container.id).status == 0)
        #expect(try status(of: container) == "created")
        #expect(try container.runtime("create", "-b", container.scratch.root, container.id).error.contains("one of that id"))
        #expect(try container.runtime("start", container.id).status == 0)
        #expect(try status(of: container) == "running")
        #expect(try container.runtime("start", container.id).error.contains("it is running"))
        #expect(try container.runtime("delete", container.id).error.contains("it is running"))
        let pidfd = try ProcessHandle.open(try pid(of: container))
        #expect(try container.runtime("kill", container.id, "KILL").status == 0)
        var entries = [PollEntry(pidfd.number, .readable)]
        try PollEntry.wait(&entries)
        #expect(try status(of: container) == "stopped")
        #expect(try container.runtime("delete", container.id).status == 0)
        #expect(try container.runtime("state", container.id).error.contains("does not exist"))
        #expect(try container.runtime("delete", "--force", container.id).status == 0)
    }

    @Test("leaves no cgroup and no state")
    func leavesNothing() throws {
        let container = try TestContainer(isMapped: true, ["true"])
        #expect(try container.run().status == 0)
        #expect(try FileDescriptor.directory(container.scratch.path("state")).names().isEmpty)
        #expect(access("/sys/fs/cgroup/memory/hako/" + container.id, F_OK) != 0)
    }

    @Test("ends with the program's own status", arguments: [(["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 0)])
    func exitCode(arguments: [String], code: Int) throws {
        // PID 1 takes no signal from inside its own namespace.
        #expect(Int(try TestContainer(isMapped: true, arguments).run().status) == code)
    }

    @Test("takes further programs into all of its namespaces and its cgroup, under its rules", arguments: [true, false])
    func exec(isMapped: Bool) throws {
        var container = try TestContainer(isMapped: isMapped, ["sleep", "1000"])
        container.spec.process?.noNewPrivileges = true
        _ = try container.start()
        let script = "for k in cgroup ipc mnt net pid uts user; do readlink /proc/1/ns/$k; readlink /proc/self/ns/$k; done"
        let run = try container.runtime("exec", container.id, "sh", "-c", script)
        #expect(run.status == 0 && run.lines.count == 14, "\(run)")
        for index in stride(from: 0, to: run.lines.count - 1, by: 2) { #expect(run.lines[index] == run.lines[index + 1]) }
        let rules = try container.runtime("exec", container.id, "busybox", "grep", "-E", "Cap|NoNew", "/proc/self/status")
        #expect(rules.lines == [
            "CapInh:\t0000000000000000", "CapPrm:\t00000000a80425fb", "CapEff:\t00000000a80425fb",
            "CapBnd:\t00000000a80425fb", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1",
        ], "\(rules)")
        let cgroup = try container.runtime("exec", container.id, "cat", "/proc/self/cgroup")
        #expect(cgroup.lines.allSatisfy { $0.hasSuffix(":/") }, "\(cgroup)")
        #expect(try container.runtime("exec", container.id, "nothing").status == 127)
        #expect(try container.runtime("exec", container.id, "/etc/passwd").status == 126)
        #expect(try container.runtime("exec", container.id, "sh", "-c", "exit 9").status == 9)
        #expect(try container.runtime("exec", "-u", "1000:7", container.id, "id").text == "uid=1000 gid=7")
    }

    @Test("sends no signal to a stranger who has its number", arguments: [true, false])
    func wrongProcess(isMapped: Bool) throws {
        let container = try TestContainer(isMapped: isMapped, ["sleep", "1000"])
        let pid = try container.start()
        var spawn = Spawn("/bin/sleep", ["sleep", "1000"])
        spawn.startsSession = true
        let victim = try spawn.start()
        defer { try? victim.send(signal: SIGKILL) }
        let file = container.scratch.path("state/\(container.id)/state.json")
        let text = String(decoding: try FileDescriptor.contents(of: file), as: UTF8.self)
        let original = text
        let forged = original.replacing("\"pid\":\(pid),", with: "\"pid\":\(victim.pid),")
        try FileDescriptor.replaceContents(of: file, with: Array(forged.utf8))
        #expect(try container.runtime("kill", container.id, "KILL").error.contains("it is stopped"))
        #expect(try container.runtime("exec", container.id, "true").status != 0)
        #expect(try victim.statusIfEnded() == nil)
        try FileDescriptor.replaceContents(of: file, with: Array(original.utf8))
    }

    private func status(of container: borrowing TestContainer) throws -> String? {
        try JSON(parsing: container.runtime("state", container.id).outputBytes)["status"]?.string
    }

    private func pid(of container: borrowing TestContainer) throws -> CInt {
        CInt(try JSON(parsing: container.runtime("state", container.id).outputBytes)["pid"]?.integer ?? -1)
    }
}
