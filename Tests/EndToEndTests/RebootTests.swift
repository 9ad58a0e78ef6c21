import Glibc
import Linux
import Testing
import TestSupport

/// A reboot as a store sees it: another boot's number, no process, no link, no rule, and an empty run root.
@Suite("After a reboot", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct RebootTests {
    /// `hako` in a boot of that number.
    private static func inBoot(_ number: String, _ store: TestStore) throws -> String {
        let (program, file) = (store.scratch.path("hako-\(number)"), store.scratch.path("boot-\(number)"))
        try FileDescriptor.replaceContents(of: file, with: Array("00000000-0000-4000-8000-00000000000\(number)\n".utf8), mode: 0o644)
        // While no bridge is there, another store may take a subnet that all choose from.
        let config = store.scratch.path("config.json")
        try FileDescriptor.replaceContents(of: config, with: Array("{\"bip\": \"\(TestStore.subnet).65/27\"}".utf8), mode: 0o644)
        let script = """
            #!/bin/sh
            export HAKO_CONFIG='\(config)'
            exec unshare -m --propagation slave sh -c 'mount --bind \(file) /proc/sys/kernel/random/boot_id && exec "$HAKO" "$@"' sh "$@"
            """
        try FileDescriptor.replaceContents(of: program, with: Array(script.utf8), mode: 0o755)
        return program
    }

    private static func endAll(_ store: TestStore) throws {
        let digits = String(store.root.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }, radix: 16)
        let mark = String(repeating: "0", count: 8 - digits.utf8.count) + digits
        try store.shell(
            """
            ids=$(ls \(store.runRoot)/containers); pids=$(cat $(for i in $ids; do echo /sys/fs/cgroup/*/hako/$i/cgroup.procs /sys/fs/cgroup/hako/$i/cgroup.procs; done) 2> /dev/null)
            kill -9 $(pgrep -f '[h]ako-runtime monitor.*\(store.runRoot)') $pids
            for i in $ids; do until rmdir $(find /sys/fs/cgroup -depth -type d -name $i) 2> /dev/null || [ -z "$(find /sys/fs/cgroup -name $i)" ]; do :; done; done
            ip link delete hako\(mark); nft delete table inet hako-\(mark)
            rm -rf \(store.runRoot)/*
            """
        ).expectSuccess()
    }

    @Test("containers are what they came to; boot starts those that should run, others can be started and removed", .timeLimit(.minutes(10)))
    func reboot() throws {
        let store = try TestStore()
        // What has not reached the disk before a reboot is not trusted after it.
        try store.shell("${HAKO} --root '\(store.root)' system synchronize").expectSuccess()
        let (before, after) = (try Self.inBoot("1", store), try Self.inBoot("2", store))
        func hako(_ program: String, _ words: String...) throws -> ProgramRun {
            let variables = store.environment.merging(["HAKO": (TestStore.programs ?? "") + "/hako"]) { own, _ in own }
            return try ProgramRun.of(program, words, environment: variables)
        }
        try hako(before, "run", "-d", "--name", "always", "--restart", "always", "-p", "127.0.0.1::80", "busybox", "sleep", "1000").expectSuccess()
        try hako(before, "run", "-d", "--name", "plain", "-v", "data:/data", "busybox", "sh", "-c", "echo x >> /data/runs; sleep 1000").expectSuccess()
        try hako(before, "run", "-d", "--name", "stopped", "--restart", "unless-stopped", "busybox", "sleep", "1000").expectSuccess()
        try hako(before, "stop", "-t", "0", "stopped").expectSuccess()
        #expect(try hako(before, "run", "--name", "ended", "busybox", "sh", "-c", "exit 3").status == 3)
        #expect(try hako(before, "run", "--name", "missing", "busybox", "/missing").status == 127)
        try hako(before, "create", "--name", "new", "--restart", "always", "busybox", "sleep", "1000").expectSuccess()
        try hako(before, "run", "-d", "--rm", "--name", "fleeting", "busybox", "sleep", "1000").expectSuccess()
        // What its start has written nobody reads before the reboot.
        try hako(before, "run", "-d", "--name", "unread", "--restart", "always", "busybox", "sleep", "1000").expectSuccess()
        try Self.endAll(store)

        let listed = try hako(after, "ps", "-a", "--format", "{{.Names}} {{.State}}").lines.sorted()
        #expect(
            listed == [
                "always exited", "ended exited", "fleeting exited", "missing created", "new created", "plain exited", "stopped exited",
                "unread exited",
            ])
        let codes = try hako(after, "inspect", "-f", "{{.Name}} {{.State.ExitCode}}", "ended", "plain", "unread").text
        #expect(codes == "/ended 3\n/plain 255\n/unread 255")
        #expect(try hako(after, "inspect", "-f", "{{.State.Error}}", "plain").text.contains("nobody was watching"))
        let boot = try hako(after, "boot")
        #expect(boot.status == 0 && boot.output == "always\nunread\n", "\(boot)")
        #expect(try hako(after, "port", "always").text.hasPrefix("80/tcp -> 127.0.0.1:"))
        try hako(after, "start", "plain").expectSuccess()
        #expect(try hako(after, "exec", "plain", "sh", "-c", "until [ $(wc -l < /data/runs) = 2 ]; do sleep 0.02; done; echo twice").text == "twice")
        for name in ["always", "ended", "fleeting", "missing", "new", "plain", "stopped", "unread"] {
            try hako(after, "rm", "-f", name).expectSuccess()
        }
        try hako(after, "volume", "rm", "data").expectSuccess()
        #expect(try hako(after, "system", "check").text == "The store is whole.")
        // For what comes now it is this boot.
        try store.expectNothingLeft()
    }
}
