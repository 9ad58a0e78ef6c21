import Glibc
import Linux
import Testing
import TestSupport

@Suite("Against cp, export and commit, a container", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct CopyAttackTests {
    @Test("leads them nowhere by a path that is swapped (T-C1)", arguments: [(true, "auto"), (true, "host"), (false, "auto"), (false, "host")])
    func swapper(isRunning: Bool, users: String) throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        let words = ["--userns", users, "--name", "box", "-v", "vol:/v", "busybox"]
        try store.hako(["run", isRunning ? "-d" : "-i"] + words + (isRunning ? ["sleep", "1000"] : ["true"])).expectSuccess()
        let data = store.root + "/volumes/vol/_data"
        try Directory.create(data + "/d", mode: 0o777)
        try FileDescriptor.replaceContents(of: data + "/d/secret", with: Array("inside\n".utf8), mode: 0o666)
        let file = store.scratch.path("evil")
        try FileDescriptor.replaceContents(of: file, with: Array("EVIL\n".utf8), mode: 0o666)
        var copies = 0
        let rounds = getenv("HAKO_TEST_ALL") == nil ? 2 : 250
        let target = (users == "auto" ? "" : "../../../../../../../../../../../../../../../../../../../..") + canary.path
        let attacker = try Attacker(swapping: "d", in: data, with: target)
        try attacker.confirm()
        for _ in 0..<rounds {
            for path in ["/v/d/secret", "/v/d", "/v/d/.", "/v/d/d"] {
                let read = try store.hako("cp", "-L", "box:" + path, "-")
                #expect(!read.output.contains(Canary.secret), "\(path): \(read)")
                // Each to a place of its own: a link that was copied as such is the host's from then on.
                copies += 1
                try Directory.create(store.scratch.path("out/\(copies)"), mode: 0o755)
                _ = try store.hako("cp", "box:" + path, store.scratch.path("out/\(copies)"))
                _ = try store.hako("cp", file, "box:\(path)")
            }
            _ = try store.shell("cd \(store.scratch.root); tar c evil | $HAKO cp - box:/v/d")
        }
        _ = consume attacker
        #expect(try ProgramRun.of("/bin/sh", ["-c", "find \(store.scratch.path("out")) -type f | xargs grep -l \(Canary.secret)"]).output == "")
        #expect(try canary.changes() == [])
    }

    @Test("has nothing else read of it while it swaps its own directories (T-C1)", arguments: ["auto", "host"])
    func ownSwapper(users: String) throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        let probe = "/attack/container-probe swap /x"
        let script = """
            mkdir -p /x/d /x/e; echo inside > /x/d/secret; echo inside > /x/e/secret; \(probe) d \(canary.path) 0 &
            exec \(probe) e \(String(repeating: "../", count: 20) + canary.path.dropFirst()) 0
            """
        try store.hako(["run", "-d", "--name", "box", "--userns", users] + store.probe() + ["busybox", "sh", "-c", script]).expectSuccess()
        try waitUntil { try store.output("logs", "box").count(of: "swapping") == 2 }
        for _ in 0..<(TestStore.isThorough ? 100 : 10) {
            let export = try store.hako("export", "box")
            #expect(export.status == 0 && !export.output.contains(Canary.secret))
            for words in [["commit", "box", "made"], ["commit", "--pause=false", "box", "made"], ["diff", "box"], ["cp", "-L", "box:/x/d/secret", "-"], ["cp", "box:/x", "-"]] {
                let run = try store.hako(words)
                // What went away in the midst of it is an error, and as good as the other answer.
                #expect(run.status <= 1 && !run.output.contains(Canary.secret), "\(words): \(run)")
            }
        }
        try store.hako("rm", "-f", "box").expectSuccess()
        try store.expectNowhere([Canary.secret])
        #expect(try canary.changes() == [])
    }

    @Test("puts nothing on the host by a link in what is copied (T-C2)")
    func ontoTheHost() throws {
        let store = try TestStore()
        let canary = try Canary(at: store.scratch.path("canary"))
        let script = """
            mkdir -p /a /b/x; ln -s \(canary.path) /a/x; echo EVIL > /b/x/secret; ln -s ../../../../../../../../..\(canary.path)/secret /b/y
            cp /bin/busybox /b/suid; chmod 6755 /b/suid; mkfifo /b/fifo
            """
        try store.hako("run", "--name", "box", "busybox", "sh", "-c", script).expectSuccess()
        let out = store.scratch.path("out")
        try store.hako("cp", "box:/a", out).expectSuccess()
        // The link of the first copy is in the second one's way.
        let second = try store.hako("cp", "box:/b/.", out)
        #expect(second.status == 1 && second.error.contains("cannot overwrite non-directory with directory"), "\(second)")
        try store.hako("cp", "box:/b/.", out + "2").expectSuccess()
        #expect(try FileDescriptor.status(of: out + "2/suid").permissions == 0o755)
        #expect(try canary.changes() == [])
    }

    @Test("does not hold them up by special files, nor show them the kernel's (T-C3)")
    func specialFiles() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "--userns", "host", "--cap-add", "MKNOD", "busybox", "sh", "-c", "mkfifo /fifo; mknod /null c 1 3; ln -s /proc/kcore /core; touch /ready; exec sleep 1000").expectSuccess()
        try waitUntil { try store.hako("exec", "box", "test", "-e", "/ready").status == 0 }
        for (path, names) in [("/fifo", "fifo"), ("/proc", "proc/"), ("/sys", "sys/"), ("/core", "core"), ("/null", "null")] {
            let run = try store.shell("$HAKO cp box:\(path) - | tar t")
            #expect(run.output == names + "\n", "\(path): \(run)")
        }
        let out = store.scratch.path("out")
        try Directory.create(out, mode: 0o755)
        let device = try store.hako("cp", "box:/null", out)
        #expect(device.status == 0 && device.error == "WARNING: devices are left out without -a: 1\n", "\(device)")
        try store.hako("cp", "box:/fifo", out).expectSuccess()
        #expect(try FileDescriptor.directory(out).names() == ["fifo"])
        try store.hako("commit", "box", "made").expectSuccess()
        try store.hako("export", "-o", out + "/tar", "box").expectSuccess()
    }

    @Test("brings nothing of its volumes into an image, nor one instruction in another (T-C6)")
    func surplus() throws {
        let store = try TestStore()
        try store.hako("run", "--name", "box", "-v", "vol:/v", "--tmpfs", "/t", "busybox", "sh", "-c", "w=SECRET; echo VOLUME$w > /v/x; echo TMPFS$w > /t/x; echo HOSTS >> /etc/hosts").expectSuccess()
        try store.hako("commit", "box", "made").expectSuccess()
        let found = try ProgramRun.of("/bin/sh", ["-c", "grep -rlE 'VOLUMESECRET|TMPFSSECRET|^HOSTS' \(store.root)/layers \(store.root)/content"])
        #expect(found.output == "")
        #expect(try store.hako("commit", "-c", "ENV a=b\nUSER 0", "box", "second").status == 1)
    }
}
