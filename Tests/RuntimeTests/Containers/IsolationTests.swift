import Glibc
import Linux
import OCI
import TestSupport
import Testing

@Suite(
    "A container", .enabled(if: TestContainer.isPossible, "needs root, busybox-static and hako-runtime"), .serialized)
struct IsolationTests {
    @Test("has namespaces of its own", arguments: [true, false])
    func namespaces(isMapped: Bool) throws {
        let kinds = ["cgroup", "ipc", "mnt", "net", "pid", "uts"] + (isMapped ? ["user"] : [])
        let script = kinds.map { "readlink /proc/self/ns/\($0)" }.joined(separator: "; ")
        let container = try TestContainer(isMapped: isMapped, ["sh", "-c", script + "; hostname; echo $$"])
        let run = try container.run()
        #expect(run.status == 0, "\(run)")
        #expect(run.lines.contains("box"))
        for (kind, inside) in zip(kinds, run.lines) {
            let outside = try FileDescriptor.directory("/proc/self/ns").symlinkTarget(of: kind)
            #expect(inside != outside.description, "\(kind)")
        }
        #expect(run.lines.contains("1"))
    }

    @Test("has root's ids on the host only where it has no user namespace", arguments: [true, false])
    func identity(isMapped: Bool) throws {
        let container = try TestContainer(isMapped: isMapped, ["sleep", "1000"])
        let pid = try container.start()
        let status = try FileDescriptor.status(of: "/proc/\(pid)")
        #expect(status.userID == (isMapped ? TestContainer.firstID : 0))
    }

    @Test("reads nothing of what is masked, and writes nothing that is read-only", arguments: [true, false])
    func masks(isMapped: Bool) throws {
        let script = """
            cat /proc/keys /proc/timer_list | wc -c
            ls /proc/acpi /sys/firmware | grep -v : | wc -w
            for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /sys/kernel/profiling; do
              (echo x > $f) 2>/dev/null && echo wrote $f
            done
            mount -o remount,rw /proc/sys 2>/dev/null && echo remounted
            umount /proc/keys 2>/dev/null && echo unmounted
            true
            """
        let container = try TestContainer(isMapped: isMapped, ["busybox", "sh", "-c", script])
        let run = try container.run()
        #expect(run.lines.filter { !$0.isEmpty } == ["0", "0"], "\(run)")
    }

    @Test("can't lift masks and read-only mounts with all capabilities either, in a user namespace")
    func locked() throws {
        let script = """
            mount -o remount,rw,bind /proc/sys 2>/dev/null && echo remounted
            umount /proc/keys 2>/dev/null && echo unmounted
            umount /data 2>/dev/null && echo unmounted data
            mount -o remount,rw,bind /data 2>/dev/null && echo remounted data
            true
            """
        var container = try TestContainer(isMapped: true, ["busybox", "sh", "-c", script])
        container.allow(Capability.names)
        container.spec.mounts.append(
            .init(destination: "/data", source: container.scratch.path("canary"), options: ["rbind", "ro"]))
        let run = try container.run()
        #expect(run.status == 0 && run.output.isEmpty, "\(run)")
    }

    @Test("opens no device node that its image brings", arguments: [true, false])
    func deviceNodes(isMapped: Bool) throws {
        let container = try TestContainer(isMapped: isMapped, ["busybox", "head", "-c", "1", "/zero"])
        try FileDescriptor.directory(container.scratch.path("rootfs"))
            .makeNode(.characterDevice(major: 1, minor: 5), named: "zero", mode: 0o666)
        let run = try container.run()
        #expect(run.status == 1)
        #expect(run.error.contains("ermission denied"), "\(run)")
    }

    @Test("has the usual devices, and they work", arguments: [true, false])
    func devices(isMapped: Bool) throws {
        let script = "echo x > /dev/null && busybox head -c 3 /dev/zero | busybox wc -c && ls /dev/pts /dev/mqueue"
        let container = try TestContainer(isMapped: isMapped, ["sh", "-c", script])
        let run = try container.run()
        #expect(run.status == 0 && run.lines.first == "3", "\(run)")
    }

    @Test("gets no descriptor but 0, 1 and 2", arguments: [true, false])
    func descriptors(isMapped: Bool) throws {
        let container = try TestContainer(isMapped: isMapped, ["busybox", "sh", "-c", "ls /proc/1/fd"])
        try container.write()
        let canary = try FileDescriptor.directory(container.scratch.path("canary"))
        var spawn = Spawn(
            "/bin/sh",
            [
                "sh", "-c",
                "exec \(TestContainer.program) --root \(container.scratch.path("state")) run -b \(container.scratch.root) \(container.id) > \(container.scratch.path("out"))",
            ])
        spawn.pass(canary, as: 9)
        #expect(try spawn.start().wait() == .exited(code: 0))
        let output = String(
            decoding: try FileDescriptor.contents(of: container.scratch.path("out")), as: UTF8.self)
        // ls's own directory is the fourth.
        #expect(output.split(separator: "\n").prefix(3).elementsEqual(["0", "1", "2"]))
        #expect(!output.contains("9"))
    }

    /// T-R2 (CVE-2024-21626).
    @Test(
        "works in no directory outside of it, though its caller left one open", arguments: [true, false], [3, 9, 16])
    func workingDirectory(isMapped: Bool, number: Int) throws {
        let directory = "/proc/self/fd/\(number)"
        var container = try TestContainer(isMapped: isMapped, ["cat", "secret"])
        container.spec.process?.cwd = directory
        try container.write()
        let state = container.scratch.path("state")
        func leaking(_ command: String) throws -> ProgramRun {
            let opening = "exec \(number)<\(container.scratch.path("canary"))"
            return try ProgramRun.of("/bin/bash", ["-c", "\(opening); exec \(TestContainer.program) \(command)"])
        }
        let run = try leaking("--root \(state) run -b \(container.scratch.root) \(container.id)")
        #expect(run.status != 0 && !run.output.contains("HOSTSECRET"), "\(run)")

        let running = try TestContainer(isMapped: isMapped, ["sleep", "1000"])
        _ = try running.start()
        let joined = try leaking(
            "--root \(running.scratch.path("state")) exec --cwd \(directory) \(running.id) cat secret")
        #expect(joined.status != 0 && !joined.output.contains("HOSTSECRET"), "\(joined)")
    }

    @Test("never has the runtime's file as its program", arguments: [true, false])
    func runtimeFile(isMapped: Bool) throws {
        let runtime = try FileDescriptor.status(of: TestContainer.program)
        let container = try TestContainer(isMapped: isMapped, ["/proc/self/exe", "7"])
        let run = try container.run()
        // What is executed is the copy of hako-init, which finds no plan on its "socket".
        #expect(run.status != 0)
        let after = try FileDescriptor.status(of: TestContainer.program)
        #expect(after.inode == runtime.inode && after.modified == runtime.modified && after.size == runtime.size)
    }

    @Test("has the capabilities that the bundle lists, and no others", arguments: [true, false])
    func capabilities(isMapped: Bool) throws {
        var container = try TestContainer(
            isMapped: isMapped, ["busybox", "grep", "-E", "Cap|NoNew", "/proc/self/status"])
        container.spec.process?.noNewPrivileges = true
        let asRoot = try container.run()
        #expect(
            asRoot.lines == [
                "CapInh:\t0000000000000000", "CapPrm:\t00000000a80425fb", "CapEff:\t00000000a80425fb",
                "CapBnd:\t00000000a80425fb", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1",
            ], "\(asRoot)")
        container.spec.process?.user = .init(uid: 1000, gid: 1000)
        let asUser = try container.run()
        #expect(
            asUser.lines.prefix(3).elementsEqual([
                "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
            ]), "\(asUser)")
    }

    @Test("has the groups that are asked for", arguments: [true, false])
    func groups(isMapped: Bool) throws {
        var container = try TestContainer(isMapped: isMapped, ["id"])
        container.spec.process?.user = .init(uid: 1000, gid: 1001, additionalGids: [1001, 7])
        #expect(try container.run().text == "uid=1000 gid=1001 groups=7,1001")
    }

    @Test(
        "says whether its program is missing or can't be executed",
        arguments: [("nothing", 127), ("/etc/passwd", 126), ("/etc", 126)])
    func missing(program: String, status: Int) throws {
        let run = try TestContainer(isMapped: false, [program]).run()
        #expect(Int(run.status) == status, "\(run)")
    }
}
