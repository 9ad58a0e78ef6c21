import Glibc
import Linux
import Testing
import TestSupport

/// What goes wrong outside of Hako, from a user's seat: a clear error, Docker's exit code, and a store that is whole.
@Suite("Bad input", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct BadInputTests {
    @Test("a start that is killed at any moment leaves nothing that a later command can't use or clean")
    func killedStarts() throws {
        let store = try TestStore()
        // From before the container is there until after it runs.
        for delay in 0..<40 { try killing(store, after: delay, ["run", "-d", "-p", "127.0.0.1::80", "busybox", "sleep", "1000"]) }
        let ids = try store.output("ps", "-aq", "--no-trunc").split(separator: "\n").map(String.init)
        #expect(!ids.isEmpty)
        #expect(try store.output("run", "--rm", "busybox", "echo", "works") == "works")
        // Half of the removals are killed too.
        for (delay, id) in ids.enumerated() where delay % 2 == 0 { try killing(store, after: delay, ["rm", "-f", id]) }
        let left = try store.output("ps", "-aq").split(separator: "\n").map(String.init)
        #expect(try store.hako(["rm", "-f"] + left).status == 0)
        try expectNothingLeft(store, ids)
    }

    @Test("a load that is killed at any moment does no harm")
    func killedLoads() throws {
        let store = try TestStore(images: [])
        for delay in 0..<20 { try killing(store, after: delay * 3, ["load", "-q", "-i", try TestImages.archive("busybox")]) }
        #expect(try store.hako("load", "-q", "-i", try TestImages.archive("busybox")).status == 0)
        #expect(try store.output("run", "--rm", "busybox", "echo", "works") == "works")
        try expectNothingLeft(store, [])
    }

    /// Kills the program itself, and not what it started.
    private func killing(_ store: TestStore, after milliseconds: Int, _ words: [String]) throws {
        var spawn = Spawn(
            (TestStore.programs ?? "") + "/hako",
            ["hako", "--root", store.root, "--run-root", store.runRoot] + words, environment: [])
        let null = try FileDescriptor.open("/dev/null", flags: O_RDWR)
        spawn.pass(null, as: StandardDescriptor.output)
        spawn.pass(null, as: StandardDescriptor.error)
        let child = try spawn.start()
        var entries = [PollEntry(child.pidfd.number, .readable)]
        // The moment is what the test is about: any is right.
        _ = try PollEntry.wait(&entries, timeoutMilliseconds: CInt(milliseconds))
        try? child.send(signal: SIGKILL)  // it may have ended
        _ = try child.wait()
    }

    private func expectNothingLeft(_ store: TestStore, _ ids: [String]) throws {
        let pruned = try store.hako("system", "prune", "-f")
        #expect(pruned.status == 0, "\(pruned)")
        #expect(try store.output("system", "check") == "The store is whole.")
        #expect(try store.output("ps", "-aq") == "")
        let script = """
            ls '\(store.root)/containers' '\(store.runRoot)/containers' | grep '^[0-9a-f]'
            grep -l '\(store.root)' /proc/[0-9]*/mountinfo 2>/dev/null
            find /proc/[0-9]*/fd -lname '\(store.root)*' -o -lname '\(store.runRoot)*' 2>/dev/null
            for id in \(ids.joined(separator: " ")); do
              find /sys/fs/cgroup -type d -name "$id" 2>/dev/null
              ip -o link show 2>/dev/null | grep "veth$(echo $id | cut -c1-10)"
            done
            true
            """
        // What was told of its end still cleans up for a moment.
        var left = ""
        for _ in 0..<200 {
            left = try ProgramRun.of("/bin/sh", ["-c", script]).text
            if left.isEmpty { break }
        }
        #expect(left == "")
    }

    @Test("a registry that can't be reached is told by its name")
    func unreachable() throws {
        let store = try TestStore(images: [])
        let port = try LoopbackSocket.freePort()
        let run = try store.hako("pull", "127.0.0.1:\(port)/app")
        #expect(run.status == 1)
        #expect(run.error.contains("127.0.0.1:\(port)"))
        #expect(try store.hako("run", "127.0.0.1:\(port)/app").status == 125)
        #expect(try store.output("system", "check") == "The store is whole.")
    }

    @Test("an archive that is cut off is refused, and nothing of it is an image")
    func truncatedArchive() throws {
        let store = try TestStore(images: [])
        let bytes = try FileDescriptor.contents(of: try TestImages.archive("busybox"))
        let whole = try store.hako(["load"], input: Array(bytes[..<(bytes.count / 2)]))
        #expect(whole.status == 1, "\(whole)")
        #expect(try store.hako(["load"], input: Array("no archive".utf8)).status == 1)
        #expect(try store.output("images", "-q") == "")
        try expectNothingLeft(store, [])
    }

    @Test("on a disk that fills up a load fails as a whole, and the store goes on")
    func fullDiskOnLoad() throws {
        try withDisk(megabytes: 3) { store in
            let load = try store.hako("load", "-q", "-i", try TestImages.archive("busybox"))
            #expect(load.status == 1, "\(load)")
            #expect(load.error.contains("no space left on device"))
            #expect(try store.output("images", "-q") == "")
            try store.hako("system", "prune", "-f")
            #expect(try store.output("system", "check") == "The store is whole.")
        }
    }

    @Test("on a full disk containers and images can still be listed and removed")
    func fullDisk() throws {
        try withDisk(megabytes: 12) { store in
            try store.hako("load", "-q", "-i", try TestImages.archive("busybox"))
            try store.hako("run", "--name", "box", "busybox", "true")
            try store.hako("run", "--name", "filler", "busybox", "sh", "-c", "cat /dev/zero > /file 2>/dev/null")
            #expect(try store.hako("ps", "-a", "--format", "{{.Names}}").text == "filler\nbox")
            #expect(try store.output("rm", "filler") == "filler")
            #expect(try store.output("start", "box") == "box")
            #expect(try store.hako("rm", "-f", "box").status == 0)
            #expect(try store.hako("rmi", "busybox").status == 0)
        }
    }

    /// A store on a disk of its own. A tmpfs is full as any disk is; what it can't show is delayed allocation.
    private func withDisk(megabytes: Int, _ body: (TestStore) throws -> Void) throws {
        let scratch = try Scratch(["disk": .directory])
        let disk = scratch.path("disk")
        try sh("mount -t tmpfs -o size=\(megabytes)m tmpfs '\(disk)'")
        defer { _ = try? ProgramRun.of("/bin/sh", ["-c", "umount -l '\(disk)'"]) }
        let store = try TestStore(images: [], environment: ["HAKO_ROOT": disk + "/root"])
        try body(store)
        try store.hako("system", "reset", "--force")
    }

    private static let othersMayRunIt: Bool = {
        let run = try? ProgramRun.of("/usr/bin/setpriv", dropping + [(TestStore.programs ?? "") + "/hako", "--version"])
        return run?.status == 0
    }()
    private static let dropping = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all"]

    @Test(
        "without root's privileges it says so",
        .enabled(if: othersMayRunIt, "the programs, or setpriv, are where only root may go"),
        arguments: [(["run", "busybox"], 125), (["ps"], 1), (["pull", "busybox"], 1)] as [([String], Int32)])
    func withoutRoot(words: [String], code: Int32) throws {
        let run = try ProgramRun.of(
            "/usr/bin/setpriv", Self.dropping + [(TestStore.programs ?? "") + "/hako"] + words,
            environment: ["HAKO_ROOT": "/var/lib/hako-of-nobody"])
        #expect(run.status == code, "\(run)")
        #expect(run.error.contains("root privileges"))
    }

    private func sh(_ script: String) throws {
        let run = try ProgramRun.of("/bin/sh", ["-ec", script])
        #expect(run.status == 0, "\(run)")
    }
}
