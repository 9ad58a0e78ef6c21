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
        // From before the container is there until after it runs, however slow the machine is.
        var (delay, ids) = (0, [String]())
        while delay < 40 || ids.count < 2 && delay < 10_000 {
            try store.killing(after: delay, ["run", "-d", "-p", "127.0.0.1::80", "busybox", "sleep", "1000"])
            delay += delay < 40 ? 1 : 20
            if delay >= 40 { ids = try store.output("ps", "-aq", "--no-trunc").split(separator: "\n").map(String.init) }
        }
        #expect(!ids.isEmpty)
        #expect(try store.output("run", "--rm", "busybox", "echo", "works") == "works")
        // Half of the removals are killed too.
        for (delay, id) in ids.enumerated() where delay % 2 == 0 { try store.killing(after: delay, ["rm", "-f", id]) }
        let left = try store.output("ps", "-aq").split(separator: "\n").map(String.init)
        #expect(try store.hako(["rm", "-f"] + left).status == 0)
        try store.expectNothingLeft(of: ids)
    }

    @Test("a load that is killed at any moment does no harm")
    func killedLoads() throws {
        let store = try TestStore(images: [])
        for delay in 0..<20 { try store.killing(after: delay * 3, ["load", "-q", "-i", try TestImages.archive("busybox")]) }
        #expect(try store.hako("load", "-q", "-i", try TestImages.archive("busybox")).status == 0)
        #expect(try store.output("run", "--rm", "busybox", "echo", "works") == "works")
        try store.expectNothingLeft()
    }

    @Test("a file of variables or labels that is no text is refused with the line, and a sign that many editors put first is none of it")
    func filesOfVariables() throws {
        let store = try TestStore()
        try store.scratch.add("bytes", .file(Array("A=b\nB=".utf8) + [0xFF, 0xFE, 0x0A]))
        for option in ["env", "label"] {
            let run = try store.hako("create", "--\(option)-file", store.scratch.path("bytes"), "busybox", "true")
            let message = "invalid \(option) file (\(store.scratch.path("bytes"))): invalid utf8 bytes at line 2: [66 61 255 254]"
            #expect(run.status == 125 && run.error.contains(message), "\(run)")
        }
        try store.scratch.add("text", .file(Array("\u{FEFF}A=\u{301}\n\t#B=c\n\n C=d\r\n".utf8)))
        let file = store.scratch.path("text")
        #expect(
            try store.output("run", "--rm", "--env-file", file, "busybox", "sh", "-c", "echo $A$B$C") == "\u{301}d")
        _ = try store.output("create", "--name", "box", "--label-file", file, "busybox", "true")
        #expect(try store.inspect("box", "{{index .Config.Labels \"A\"}}{{.Config.Labels.C}}") == "\u{301}d")
    }

    @Test("a registry that can't be reached is told by its name")
    func unreachable() throws {
        let store = try TestStore(images: [])
        // Nobody's, and never one that the kernel chooses for somebody.
        let port = 1
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
        try store.expectNothingLeft()
    }

    @Test("on a disk that fills up a load fails as a whole, and the store goes on")
    func fullDiskOnLoad() throws {
        try TestStore.withDisk(megabytes: 3) { store in
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
        try TestStore.withDisk(megabytes: 12) { store in
            try store.hako("load", "-q", "-i", try TestImages.archive("busybox"))
            try store.hako("run", "--name", "box", "busybox", "true")
            try store.hako("run", "--name", "filler", "busybox", "sh", "-c", "cat /dev/zero > /file 2>/dev/null")
            let listed = try store.hako("ps", "-a", "--format", "{{.Names}}")
            #expect(listed.text == "filler\nbox", "\(listed)")
            #expect(try store.output("rm", "filler") == "filler")
            #expect(try store.output("start", "box") == "box")
            #expect(try store.hako("rm", "-f", "box").status == 0)
            #expect(try store.hako("rmi", "busybox").status == 0)
        }
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
}
