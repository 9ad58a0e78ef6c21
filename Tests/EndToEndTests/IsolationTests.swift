import Linux
import Testing
import TestSupport

@Suite("A container's isolation", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct IsolationTests {
    @Test("has namespaces of its own", arguments: ["pid", "net", "mnt", "uts", "ipc", "user", "cgroup"])
    func namespaces(kind: String) throws {
        let store = try TestStore()
        let inside = try store.output("run", "--rm", "busybox", "readlink", "/proc/self/ns/\(kind)")
        let outside = try ProgramRun.of("/bin/readlink", ["/proc/self/ns/\(kind)"]).text
        #expect(inside.hasPrefix(kind + ":["))
        #expect(inside != outside)
    }

    @Test("maps its root to a host user that no other container has")
    func userNamespace() throws {
        let store = try TestStore()
        var roots: Set<String> = []
        for name in ["first", "second"] {
            try store.hako("run", "-d", "--name", name, "busybox", "sleep", "1000")
            let pid = try store.inspect(name, "{{.State.Pid}}")
            let status = try ProgramRun.of("/bin/grep", ["^Uid:", "/proc/\(pid)/status"]).text
            let uid = status.split(separator: "\t").dropFirst().first.map(String.init) ?? ""
            #expect((UInt32(uid) ?? 0) >= 100_000)
            roots.insert(uid)
        }
        #expect(roots.count == 2)
        #expect(try store.output("exec", "first", "id", "-u") == "0")
    }

    @Test("sees only its own processes")
    func processes() throws {
        let store = try TestStore()
        let processes = try store.output("run", "--rm", "busybox", "sh", "-c", "ls /proc | grep -c '^[0-9]'")
        #expect((Int(processes) ?? 99) <= 4)
    }

    @Test(
        "can't change the host's kernel settings",
        arguments: [
            "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches",
            "/sys/kernel/mm/ksm/run",
        ])
    func kernelSettings(path: String) throws {
        let store = try TestStore()
        let run = try store.hako("run", "--rm", "--cap-add", "ALL", "busybox", "sh", "-c", "echo x > \(path)")
        #expect(run.status != 0)
    }

    @Test("can't lift the masks and read-only mounts, whatever capabilities it has (T-V4)")
    func lockedMounts() throws {
        let store = try TestStore()
        let script = """
            umount /proc/kcore 2>/dev/null && echo unmasked
            umount /proc/sys 2>/dev/null && echo unmounted
            mount -o remount,rw,bind /proc/sys 2>/dev/null && echo remounted
            mount -o remount,rw /sys 2>/dev/null && echo remounted-sys
            echo done
            """
        let run = try store.hako(
            "run", "--rm", "--cap-add", "ALL", "--security-opt", "seccomp=unconfined", "busybox", "sh", "-c", script)
        #expect(run.text == "done", "\(run)")
    }

    @Test("opens no device but its own, whatever its image brings (T-R8)", arguments: [[], ["--userns=host"]])
    func devices(options: [String]) throws {
        let store = try TestStore()
        let disk = "disk b $((0x$(stat -c %D /) >> 8)) $((0x$(stat -c %D /) & 255))"
        try store.load(
            "nodes",
            layers: [
                TestStore.shellLayer,
                "mknod -m 666 null c 1 3; mknod -m 666 log c 1 11; mknod -m 600 \(disk); ln -s null link; tar c .",
            ])
        let script = """
            for n in null log disk link; do busybox head -c 1 /$n && echo opened $n; done
            busybox mknod /t/log c 1 11 && busybox head -c 1 /t/log && echo made
            cat /dev/null && echo done
            """
        let run = try store.hako(["run", "--rm", "--tmpfs", "/t"] + options + ["nodes", "sh", "-c", script])
        #expect(run.text == "done", "\(run)")
        #expect(run.error.count(of: "ermission denied") >= 4, "\(run)")
    }

    @Test("leaks no descriptor of the host (T-R2)")
    func descriptors() throws {
        let store = try TestStore()
        let run = try store.output("run", "--rm", "busybox", "ls", "/proc/1/fd")
        // 3 is the directory that ls reads.
        #expect(run.split(separator: "\n") == ["0", "1", "2", "3"])
    }

    @Test("works in no directory that its caller left open (T-R2)", arguments: [[], ["--userns=host"]])
    func leakedDirectory(options: [String]) throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        let directory = "/proc/self/fd/9"
        try store.load("inside", layers: [TestStore.shellLayer], config: #""Env":["PATH=/bin"],"WorkingDir":"\#(directory)""#)
        try store.hako(["run", "-d", "--name", "box"] + options + ["busybox", "sleep", "1000"]).expectSuccess()
        let words = options.joined(separator: " ")
        for command in [
            "run --rm \(words) -w \(directory) busybox", "run --rm \(words) inside", "exec -w \(directory) box",
        ] {
            let run = try store.shell("exec 9<\(canary.path); $HAKO \(command) cat secret")
            #expect(run.status != 0 && !run.output.contains(Canary.secret), "\(command): \(run)")
        }
    }

    @Test(
        "has Docker's capabilities and no others",
        arguments: [
            ([String](), "00000000a80425fb"), (["--cap-drop", "ALL"], "0000000000000000"),
            (["--cap-drop", "ALL", "--cap-add", "CHOWN"], "0000000000000001"),
            (["-u", "1000"], "0000000000000000"),
        ])
    func capabilities(options: [String], effective: String) throws {
        let store = try TestStore()
        let run = try store.hako(["run", "--rm"] + options + ["busybox", "grep", "^Cap", "/proc/self/status"])
        let sets = run.lines.reduce(into: [String: String]()) { sets, line in
            let parts = line.split(separator: "\t").map(String.init)
            if parts.count == 2 { sets[parts[0]] = parts[1] }
        }
        #expect(sets["CapEff:"] == effective, "\(run)")
        #expect(sets["CapInh:"] == "0000000000000000")
        #expect(sets["CapAmb:"] == "0000000000000000")
    }

    @Test("has a seccomp filter, and none where that is asked")
    func seccomp() throws {
        let store = try TestStore()
        #expect(try store.output("run", "--rm", "busybox", "grep", "^Seccomp:", "/proc/self/status") == "Seccomp:\t2")
        #expect(
            try store.output(
                "run", "--rm", "--security-opt", "seccomp=unconfined", "busybox", "grep", "^Seccomp:",
                "/proc/self/status")
                == "Seccomp:\t0")
    }

    @Test("has the filter of its own capabilities, also when it was compiled for an earlier container")
    func keptFilter() throws {
        let store = try TestStore()
        for _ in 0..<2 {
            #expect(try store.hako("run", "--rm", "busybox", "unshare", "-m", "true").status == 1)
            #expect(try store.output("run", "--rm", "--cap-add", "SYS_ADMIN", "busybox", "unshare", "-m", "echo", "done") == "done")
        }
        let filters = try FileDescriptor.directory(store.runRoot + "/filters").names()
        #expect(filters.count == 2)
    }

    @Test("does not run with a kept filter that is not whole")
    func brokenFilter() throws {
        let store = try TestStore()
        #expect(try store.hako("run", "--rm", "busybox", "true").status == 0)
        let filters = try FileDescriptor.directory(store.runRoot + "/filters")
        let name = String(decoding: try #require(filters.names().first).bytes, as: UTF8.self)
        for size in [0, 3, 4, 12] {
            try FileDescriptor.replaceContents(
                of: "\(store.runRoot)/filters/\(name)", with: [UInt8](repeating: 0, count: size))
            let run = try store.hako("run", "--rm", "busybox", "echo", "ran")
            #expect(run.status != 0 && !run.text.contains("ran"), "\(size): \(run)")
        }
        #expect(try store.output("ps", "-aq") == "")
    }
}
