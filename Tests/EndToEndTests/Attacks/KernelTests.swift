import Glibc
import Linux
import Testing
import TestSupport

@Suite("The host's kernel, attacked from a container", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct KernelTests {
    @Test(
        "has no file of /proc/sys and /sys opened for writing, whatever capabilities there are (T-R16)",
        arguments: [
            [], ["--network", "host"], ["--userns=host"],
        ])
    func knobs(options: [String]) throws {
        let store = try TestStore()
        let paths = "/proc/sys /proc/sysrq-trigger /proc/irq /proc/bus /proc/fs /sys"
        // A virtual machine's root may lack SYS_RESOURCE itself.
        let rights = ["--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--security-opt", "seccomp=unconfined"]
        let words = ["run", "--rm"] + rights + options + (try store.probe())
        let run = try store.hako(
            words + ["busybox", "sh", "-c", "find \(paths) -type f | /attack/container-probe open-for-writing"])
        #expect(
            run.lines.last.map { $0.hasPrefix("tried ") && $0.utf8.count > "tried 100".utf8.count } == true,
            "\(run.text.suffix(300))")
        #expect(!run.output.contains("opened"), "\(run.text.prefix(600))")
    }

    @Test("tells nothing by what is masked, and not its log (T-R16)")
    func masks() throws {
        let store = try TestStore()
        let script = """
            for f in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts /proc/latency_stats /proc/sched_debug; do
              test ! -e $f || test "$(busybox head -c 1 $f 2>/dev/null | busybox wc -c)" = 0 || echo $f; done
            for d in /proc/acpi /proc/scsi /proc/asound /sys/firmware /sys/devices/virtual/powercap; do
              test ! -e $d || test -z "$(ls -A $d)" || echo $d; done
            busybox dmesg > /dev/null 2>&1 && echo dmesg; busybox head -c 1 /dev/kmsg 2>/dev/null && echo kmsg; echo done
            """
        #expect(try store.output("run", "--rm", "--cap-add", "ALL", "busybox", "sh", "-c", script) == "done")
    }

    private static let smuggled = [
        "kernel.shm_rmid_forced=1+kernel.core_pattern=|x", "net.ipv4/../../kernel.core_pattern=x",
        "net/ipv4/ip_forward\nkernel.core_pattern=x", "kernel.core_pattern=x", "kernel/core_pattern=x",
        "net..ipv4.ip_forward=1", "/proc/sys/kernel/core_pattern=x", "fs.mqueue.../../kernel.core_pattern=x",
        "vm.swappiness=1",
    ]

    @Test("has no setting changed by a sysctl option that means another one (T-R17)")
    func sysctls() throws {
        let store = try TestStore()
        let names = ["kernel/core_pattern", "net/ipv4/ip_default_ttl", "vm/swappiness"]
        func values() throws -> [[UInt8]] { try names.map { try FileDescriptor.contents(of: "/proc/sys/" + $0) } }
        let before = try values()
        let everywhere = Self.smuggled.flatMap { [[$0], [$0, "--userns=host"]] }
        for words in everywhere + [["net.ipv4.ip_default_ttl=1", "--network", "host"]] {
            let run = try store.hako(["run", "--rm", "--sysctl"] + words + ["busybox", "true"])
            #expect(run.status == 125, "\(words): \(run)")
        }
        #expect(try values() == before)
    }

    private static let nonsense = [
        "--cpus inf", "--cpus -1", "--cpus 1e400", "--cpuset-cpus 0-18446744073709551615",
        "--cpuset-mems 99999999999999999999", "--ulimit nofile=18446744073709551616", "--ulimit nofile=-2",
        "--ulimit nofile=9:1", "--pids-limit 9223372036854775808", "--cpu-shares 99999999999999999999", "-m 1e400",
        "-m -5m", "-m 18446744073709551615g", "--shm-size -1", "--shm-size 9223372036854775807k", "-p 65536",
        "-p 0-65536:80", "-p 1-2:1-3", "--oom-score-adj 99999999999", "--cpu-period -9223372036854775809",
        "--stop-timeout 99999999999999999999", "--memory-swappiness 101", "--blkio-weight 65536",
        "--tmpfs /t:size=99999999999999999999", "--tmpfs /t:size=9223372036854775807k", "--tmpfs /t:mode=99999999999",
        "--tmpfs /t:uid=4294967296", "--tmpfs /t:nr_inodes=-1",
    ]

    @Test("gets no number that is none (T-X6)")
    func numbers() throws {
        let store = try TestStore()
        for options in Self.nonsense {
            let run = try store.hako(
                ["run", "--rm"] + options.split(separator: " ").map(String.init) + ["busybox", "true"])
            #expect(run.status == 125 && run.error.hasPrefix("hako: "), "\(options): \(run)")
        }
        #expect(
            try store.output(
                "run", "--rm", "--tmpfs", "/t:size=1M,mode=0700,uid=5", "busybox", "stat", "-c", "%a %u", "/t")
                == "700 5")
    }

    @Test(
        "has no program of a container's run by another user, whatever its mode (T-V5)",
        arguments: [[], ["--userns=host"]])
    func setuidLeftovers(options: [String]) throws {
        let store = try TestStore()
        try store.hako(["run", "-d", "--name", "box"] + options + ["busybox", "sleep", "1000"]).expectSuccess()
        // Named as what busybox shall be.
        let script = "mkdir /left && cp /bin/busybox /left/true && chmod 6755 /left/true && /left/true && echo made"
        #expect(try store.output("exec", "box", "sh", "-c", script) == "made")
        // Whatever names it has on the host, other users come to none of them.
        let pid = try store.inspect("box", "{{.State.Pid}}")
        let run = try store.shell(
            """
            chmod 755 \(store.scratch.root)
            found=$(find \(store.root) \(store.runRoot) -path '*/left/true' -perm -4000); [ -n "$found" ] && echo found
            for f in $found /proc/\(pid)/root/left/true; do
              setpriv --reuid 1000 --regid 1000 --clear-groups sh -c $f && echo ran $f; done 2> /dev/null; echo done
            """)
        #expect(run.text == "found\ndone", "\(run)")
    }
}
