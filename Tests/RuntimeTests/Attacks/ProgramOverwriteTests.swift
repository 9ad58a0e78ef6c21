import Glibc
import Linux
import OCI
import TestSupport
import Testing

@Suite(
    "A container that lies in wait for programs", .enabled(if: TestContainer.isPossible, "needs root, busybox-static and hako-runtime"),
    .serialized)
struct ProgramOverwriteTests {
    /// T-R1 (CVE-2019-5736). `/proc/self/exe` is the program, and its input stays open: what joins stays in the container as
    /// long as the attacker needs.
    @Test("never gets hold of Hako's programs, nor writes into what it gets", arguments: [
        (isMapped: true, tracing: false), (true, true), (false, false), (false, true),
    ])
    func overwrite(isMapped: Bool, tracing: Bool) throws {
        var container = try TestContainer(isMapped: isMapped, ["container-probe", "overwrite-programs", "/events"])
        if tracing { container.allow(TestContainer.defaultCapabilities + ["CAP_SYS_PTRACE"]) }
        try container.addProbe()
        let events = try EventLines(at: container.scratch.path("rootfs/events"))
        // Copies, so that a success does no harm beyond this test.
        let programs = ["hako-runtime", "hako-init"]
        for name in programs { try copy(Products.path(name), to: container.scratch.path("programs/" + name)) }
        let before = try programs.map { try FileDescriptor.contents(of: container.scratch.path("programs/" + $0)) }
        let files = try programs.map { name in
            let status = try FileDescriptor.status(of: container.scratch.path("programs/" + name))
            return "holds \(status.device):\(status.inode)"
        }
        _ = try container.start(with: container.scratch.path("programs/hako-runtime"))
        try events.wait(for: "watching")
        // What has been overwritten starts no more.
        for _ in 0..<20 where !events.all.contains("wrote") { try execItself(container, events) }
        #expect(!events.all.contains("wrote"))
        #expect(events.all.allSatisfy { !files.contains($0) })
        let after = try programs.map { try FileDescriptor.contents(of: container.scratch.path("programs/" + $0)) }
        let isUnchanged = after == before
        #expect(isUnchanged)
    }

    private func execItself(_ container: borrowing TestContainer, _ events: EventLines) throws {
        let input = try Pipe()
        let program = container.scratch.path("programs/hako-runtime")
        var spawn = Spawn(
            program,
            [program, "--root", container.scratch.path("state"), "exec", container.id, "/proc/self/exe", "0"])
        spawn.pass(input.reading, as: StandardDescriptor.input)
        let child = try spawn.start()
        try events.wait(for: "saw")
        try input.keepingWriting().close()
        _ = try child.wait()
        try events.wait(for: "gone")
    }

    private func copy(_ source: String, to path: String) throws {
        try Directory.create(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
        let file = try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o755)
        try file.writeAll(try FileDescriptor.contents(of: source, limit: 256 << 20))
    }

    /// What it says that reached into nothing.
    private static let harmless: Set = ["watching", "tries", "saw", "gone"]

    /// T-R3 (CVE-2016-9962).
    @Test("reaches into no process before that is the program that was asked for")
    func pry() throws {
        var container = try TestContainer(isMapped: true, ["container-probe", "pry", "/events", "true"])
        container.allow(Capability.names)
        try container.addProbe()
        let events = try EventLines(at: container.scratch.path("rootfs/events"))
        _ = try container.start()
        try events.wait(for: "watching")
        for _ in 0..<200 {
            #expect(try container.runtime("exec", container.id, "true").status == 0)
            try events.drain()
        }
        // It had its chances.
        #expect(Set(events.all).contains("tries"))
        #expect(Set(events.all).isSubset(of: Self.harmless))
        // With the same means it reaches into a program that isn't the one that it leaves alone.
        for _ in 0..<100 where !events.all.contains("pried seize") {
            #expect(try container.runtime("exec", container.id, "sleep", "0.1").status == 0)
            try events.drain()
        }
        #expect(events.all.contains("pried seize"))
    }

    /// T-R3, the host's root: without the right to trace, equal ids don't help.
    @Test("reaches into no process of equal ids either")
    func pryAsEqual() throws {
        let container = try TestContainer(isMapped: false, ["container-probe", "pry", "/events", "true"])
        try container.addProbe()
        let events = try EventLines(at: container.scratch.path("rootfs/events"))
        _ = try container.start()
        try events.wait(for: "watching")
        for _ in 0..<100 {
            #expect(try container.runtime("exec", container.id, "true").status == 0)
            try events.drain()
        }
        // It had its chances.
        #expect(Set(events.all).contains("tries"))
        #expect(Set(events.all).isSubset(of: Self.harmless))
    }
}
