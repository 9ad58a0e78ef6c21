import Glibc
import Linux
import Testing
import TestSupport

@Suite("Who a container's processes are", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct IdentityTests {
    private static let docker = "00000000a80425fb"
    private static let none = "0000000000000000"

    @Test(
        "has the same rights in exec as in run: none to hand on, and none for a user (T-R9)", arguments: [true, false])
    func rights(hasNoNewPrivileges: Bool) throws {
        let store = try TestStore()
        let options = hasNoNewPrivileges ? ["--security-opt", "no-new-privileges"] : []
        try store.hako(["run", "-d", "--name", "box"] + options + ["busybox", "sleep", "1000"]).expectSuccess()
        for (user, held) in [("0", Self.docker), ("1000", Self.none), ("1000:0", Self.none)] {
            let expected = """
                CapInh:\t\(Self.none)
                CapPrm:\t\(held)
                CapEff:\t\(held)
                CapBnd:\t\(Self.docker)
                CapAmb:\t\(Self.none)
                NoNewPrivs:\t\(hasNoNewPrivileges ? 1 : 0)
                """
            let question = ["grep", "-E", "^(Cap|NoNew)", "/proc/self/status"]
            let run = try store.hako(["run", "--rm", "-u", user] + options + ["busybox"] + question)
            #expect(run.text == expected, "run as \(user): \(run)")
            let exec = try store.hako(["exec", "-u", user, "box"] + question)
            #expect(exec.text == expected, "exec as \(user): \(exec)")
        }
    }

    @Test(
        "has the same rights in a health check as in exec, and gains none by a file's capabilities (T-R9)",
        arguments: [[], ["--userns=host"], ["--security-opt", "no-new-privileges"]], ["0", "1000:7"])
    func healthCheck(options: [String], user: String) throws {
        let store = try TestStore()
        // struct vfs_cap_data, revision 2, effective: cap_net_raw+ei.
        let attribute = "setfattr -n security.capability -v 0x0100000200000000002000000000000000000000 raw/grep"
        try store.load(
            "raw", layers: [TestStore.shellLayer, "mkdir raw; cp /bin/busybox raw/grep; \(attribute); tar c --xattrs --xattrs-include='*' raw"])
        let question = """
            grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp)' /proc/self/status; /raw/grep -E '^Cap(Prm|Eff)' /proc/self/status
            cat /proc/self/oom_score_adj /proc/self/cgroup; ulimit -n; ulimit -Hn; ls -l /proc/self/ns | grep -o '[a-z]*:.*'
            """
        let limits = ["--ulimit", "nofile=100:200", "--oom-score-adj", "7"]
        try store.hako(
            ["run", "-d", "--name", "box", "-u", user, "--health-cmd", question, "--health-interval", "100ms"] + limits
                + options + ["raw", "sleep", "1000"]
        ).expectSuccess()
        try waitUntil { try store.inspect("box", "{{.State.Health.Status}}") == "healthy" }
        let probe = try store.inspect("box", "{{(index .State.Health.Log 0).Output}}").split(separator: "\n").map(String.init)
        #expect(try store.output("exec", "box", "sh", "-c", question).split(separator: "\n").map(String.init) == probe)
        let held = user == "0" ? Self.docker : Self.none
        let expected = [
            "CapInh:\t\(Self.none)", "CapPrm:\t\(held)", "CapEff:\t\(held)", "CapBnd:\t\(Self.docker)",
            "CapAmb:\t\(Self.none)", "NoNewPrivs:\t\(options.contains("no-new-privileges") ? 1 : 0)", "Seccomp:\t2", "7", "100", "200",
        ]
        #expect(expected.allSatisfy(probe.contains) && probe.count { $0.hasPrefix("CapEff:\t\(held)") } == 2, "\(probe)")
        #expect(probe.contains { $0.hasPrefix("Uid:\t" + (user == "0" ? "0\t0" : "1000\t1000")) }, "\(probe)")
    }

    @Test("keeps the groups that deny something (T-R10)")
    func groups() throws {
        let store = try TestStore()
        try store.load(
            "groups",
            layers: [
                TestStore.shellLayer,
                """
                mkdir etc; echo user:x:1000:1000::/:/bin/sh > etc/passwd; echo denied:x:4242:user > etc/group
                echo SHOWN > file; chgrp 4242 file; chmod 604 file; tar c .
                """,
            ])
        try store.hako("run", "-d", "--name", "box", "groups", "sleep", "1000").expectSuccess()
        func seen(by options: [String]) throws -> [ProgramRun] {
            let command = ["sh", "-c", "cat /file; id -G"]
            return [
                try store.hako(["run", "--rm"] + options + ["groups"] + command),
                try store.hako(["exec"] + options.filter { !$0.contains("group") && $0 != "4242" } + ["box"] + command),
            ]
        }
        for run in try seen(by: ["-u", "user"]) + seen(by: ["-u", "1000"]) {
            #expect(run.text == "1000 4242" && run.error.contains("ermission denied"), "\(run)")
        }
        #expect(try seen(by: ["-u", "1001", "--group-add", "4242"]).first?.text == "0 4242")
        for run in try seen(by: ["-u", "1001"]) { #expect(run.text == "SHOWN\n0", "\(run)") }
    }

    @Test("is no user that the words don't say (T-R11)")
    func users() throws {
        let store = try TestStore()
        try store.load(
            "named", layers: [TestStore.shellLayer, "mkdir etc; echo 1000:x:0:0::/:/bin/sh > etc/passwd; tar c ."])
        try store.hako("run", "-d", "--name", "box", "named", "sleep", "1000").expectSuccess()
        let users = [
            "4294967296", "4294967295", "-1", " 0", "0x0", "1:", ":0", "٠", "0 ", "+0", "1000:-1", "65536", "0\n1",
            String(repeating: "9", count: 40),
        ]
        for user in users {
            for words in [["run", "--rm", "-u", user, "named"], ["exec", "-u", user, "box"]] {
                let run = try store.hako(words + ["id", "-u"])
                #expect(run.status != 0 && run.output == "", "\(words): \(run)")
            }
        }
        // A name of digits names nobody.
        #expect(try store.output("exec", "-u", "1000", "box", "id", "-u") == "1000")
    }

    @Test("is not read from files that never end or lie elsewhere (T-R12)", arguments: [[], ["--userns=host"]])
    func passwords(options: [String]) throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        try FileDescriptor.replaceContents(
            of: canary.path + "/passwd", with: Array("thief:x:0:0::/HOSTSECRET:/bin/sh\n".utf8), mode: 0o666)
        let makings = [
            "mkfifo etc/passwd etc/group", "ln -s /dev/zero etc/passwd; ln -s /dev/zero etc/group", "mkdir etc/passwd",
            "ln -s /proc/kmsg etc/passwd", "ln -s \(canary.path)/passwd etc/passwd", "truncate -s 4G etc/passwd",
            "ln -s passwd etc/passwd",
        ]
        for (index, making) in makings.enumerated() {
            try store.load("hostile\(index)", layers: [TestStore.shellLayer, "mkdir etc; \(making); tar cS ."])
            let words = ["run", "--rm"] + options
            let run = try store.hako(words + ["-u", "thief", "hostile\(index)", "sh", "-c", "id; echo $HOME"])
            #expect(run.status == 125 && run.error.contains(#/passwd|user thief/#), "\(making): \(run)")
            #expect(!run.output.contains(Canary.secret) && !run.error.contains(Canary.secret), "\(making): \(run)")
            let plain = try store.hako(words + ["-u", "7", "hostile\(index)", "sh", "-c", "echo $HOME"])
            #expect(!plain.output.contains(Canary.secret), "\(making): \(plain)")
        }
    }

    @Test("is in a range of ids that nobody else has, while containers are made and killed at once (T-R19)")
    func ranges() throws {
        let store = try TestStore()
        let made = try store.shell(
            """
            for p in 1 2 3 4 5 6; do (
              for i in 1 2 3; do
                $HAKO run -d busybox sleep 1000 > /dev/null 2>&1 & pid=$!
                if [ $(( (p + i) % 3 )) = 0 ]; then kill -KILL $pid; fi
                wait $pid
              done ) & done 2> /dev/null; wait
            for c in $($HAKO ps -q); do
              read inside outside count < /proc/$($HAKO inspect -f '{{.State.Pid}}' $c)/uid_map; echo $outside $count; done
            """)
        let ranges = made.lines.map { $0.split(separator: " ").compactMap { UInt32($0) } }.filter { $0.count == 2 }
            .sorted { $0[0] < $1[0] }
        #expect(ranges.count >= 6, "\(made)")
        #expect(ranges.allSatisfy { $0[0] >= 100_000 && $0[1] == 65536 }, "\(ranges)")
        for (one, next) in zip(ranges, ranges.dropFirst()) { #expect(one[0] + one[1] <= next[0]) }
        #expect(try store.output("system", "check") == "The store is whole.")
    }
}
