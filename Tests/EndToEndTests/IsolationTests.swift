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

    @Test("can't change the host's kernel settings", arguments: [
        "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches", "/sys/kernel/mm/ksm/run",
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

    @Test("opens no device but its own (T-R8)")
    func devices() throws {
        let store = try TestStore()
        let run = try store.hako(
            "run", "--rm", "busybox", "sh", "-c",
            "head -c 4 /dev/zero | wc -c; mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk; mknod /tmp/zero c 1 5 && head -c1 /tmp/zero")
        #expect(run.output.hasPrefix("4\n"))
        #expect(run.status != 0, "\(run)")
    }

    @Test("leaks no descriptor of the host (T-R2)")
    func descriptors() throws {
        let store = try TestStore()
        let run = try store.output("run", "--rm", "busybox", "ls", "/proc/1/fd")
        // 3 is the directory that ls reads.
        #expect(run.split(separator: "\n") == ["0", "1", "2", "3"])
        for number in 3...20 {
            let inside = try store.hako("run", "--rm", "-w", "/proc/self/fd/\(number)", "busybox", "cat", "/proc/self/cwd/etc/shadow")
            #expect(inside.status != 0)
        }
    }

    @Test("has Docker's capabilities and no others", arguments: [
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
                "run", "--rm", "--security-opt", "seccomp=unconfined", "busybox", "grep", "^Seccomp:", "/proc/self/status")
                == "Seccomp:\t0")
    }
}
