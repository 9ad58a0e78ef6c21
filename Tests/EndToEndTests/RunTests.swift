import Testing
import TestSupport

@Suite("hako run", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct RunTests {
    @Test("shows the program's output and ends with its exit code")
    func outputAndExitCode() throws {
        let store = try TestStore()
        let run = try store.hako("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 7")
        #expect(run.status == 7)
        #expect(run.output == "out\n")
        #expect(run.error == "err\n")
        #expect(try store.output("ps", "-aq") == "")
    }

    @Test(
        "ends with Docker's exit code where the command can't run",
        arguments: [("/nonexistent", 127), ("nonexistent", 127), ("/etc/passwd", 126), ("/etc", 126)])
    func commandErrors(command: String, code: Int32) throws {
        let store = try TestStore()
        let run = try store.hako("run", "--rm", "busybox", command)
        #expect(run.status == code, "\(run)")
        #expect(run.error.contains(command))
        #expect(try store.output("ps", "-aq") == "")
    }

    @Test("ends with 128 and the signal that killed the program")
    func killedBySignal() throws {
        let store = try TestStore()
        // The first process of a PID namespace can't be killed from inside: its child is, and tells.
        #expect(try store.hako("run", "--rm", "busybox", "sh", "-c", "sh -c 'kill -9 $$'; exit $?").status == 137)
    }

    @Test("ends with 125 where Hako can't do what was asked", arguments: [
        ["--memory", "1m"], ["--network", "nowhere"], ["--cpus", "4096"], ["--mount", "type=bind,source=/nonexistent,target=/x"],
        ["--security-opt", "nonsense"], ["--ulimit", "nonsense=1"], ["--nonsense"], ["--gpus", "all"],
    ])
    func refusals(options: [String]) throws {
        let store = try TestStore()
        let run = try store.hako(["run", "--rm"] + options + ["busybox", "true"])
        #expect(run.status == 125, "\(run)")
        #expect(!run.error.isEmpty)
        #expect(try store.output("ps", "-aq") == "")
    }

    @Test("passes standard input on, to its end")
    func standardInput() throws {
        let store = try TestStore()
        let run = try store.hako("run", "--rm", "-i", "busybox", "wc", "-c", input: String(repeating: "x", count: 300_000))
        #expect(run.text == "300000")
    }

    @Test("loses no byte of a long output")
    func longOutput() throws {
        let store = try TestStore()
        let run = try store.hako("run", "--rm", "busybox", "sh", "-c", "yes 0123456789 | head -c 5000000")
        #expect(run.outputBytes.count == 5_000_000)
    }

    @Test("runs in the background, and prints the id")
    func detached() throws {
        let store = try TestStore()
        let id = try store.output("run", "-d", "--name", "background", "busybox", "sleep", "1000")
        #expect(id.utf8.count == 64)
        #expect(try store.output("ps", "-q", "--no-trunc") == id)
        #expect(try store.inspect("background", "{{.State.Status}} {{.State.Running}}") == "running true")
        #expect(try store.output("rm", "-f", "background") == "background")
        #expect(try store.output("ps", "-aq") == "")
    }

    @Test("refuses a name that is in use, and says whose it is")
    func nameInUse() throws {
        let store = try TestStore()
        let id = try store.output("create", "--name", "taken", "busybox", "true")
        let run = try store.hako("create", "--name", "taken", "busybox", "true")
        #expect(run.status == 1)
        #expect(try store.hako("run", "--name", "taken", "busybox", "true").status == 125)
        #expect(run.error.contains(id))
    }

    @Test("takes user, directory, environment and host name from its options")
    func processOptions() throws {
        let store = try TestStore()
        let run = try store.output(
            "run", "--rm", "-u", "1000:1001", "-w", "/made/here", "-e", "A=b c", "-h", "named", "busybox", "sh", "-c",
            "id -u; id -g; pwd; echo $A; hostname; echo $HOME")
        #expect(run.split(separator: "\n") == ["1000", "1001", "/made/here", "b c", "named", "/"])
    }

    @Test("writes the container's id to a file, and never over one that is there")
    func containerIDFile() throws {
        let store = try TestStore()
        let path = store.scratch.path("cid")
        let id = try store.output("create", "--cidfile", path, "busybox", "true")
        #expect(try ProgramRun.of("/bin/cat", [path]).output == id)
        #expect(try store.hako("run", "--cidfile", path, "busybox", "true").status == 125)
    }

    @Test("a bind shares mounts with the host only where the host's own are shared")
    func propagation() throws {
        let store = try TestStore()
        let place = store.scratch.path("place")
        try store.shell("mkdir -p \(place)/in && mount --bind \(place) \(place) && mount --make-private \(place)").expectSuccess()
        defer { _ = try? ProgramRun.of("/bin/umount", ["-R", place]) }
        for (mode, words) in [("rshared", "it is not a shared mount"), ("slave", "it is not a shared or slave mount")] {
            let run = try store.hako("run", "--rm", "-v", "\(place):/x:\(mode)", "busybox", "true")
            #expect(run.status == 125 && run.error.contains("is mounted on \(place) but \(words)"), "\(run)")
        }
        try store.shell("mount --make-shared \(place)").expectSuccess()
        try store.hako("run", "-d", "--name", "box", "-v", "\(place):/x:rslave", "busybox", "sleep", "1000")
        try store.shell("mount -t tmpfs tmpfs \(place)/in && touch \(place)/in/file").expectSuccess()
        #expect(try store.output("exec", "box", "ls", "/x/in") == "file")
        try store.hako("rm", "-f", "box")
    }
}
