import Glibc
import Linux
import Testing
import TestSupport

/// What may happen to a store at any moment.
extension TestStore {
    /// Starts `hako` with these words; what it says is for nobody.
    func start(_ words: [String]) throws -> ChildProcess {
        var spawn = Spawn(
            (Self.programs ?? "") + "/hako", ["hako", "--root", root, "--run-root", runRoot] + words, environment: [])
        let null = try FileDescriptor.open("/dev/null", flags: O_RDWR)
        spawn.pass(null, as: StandardDescriptor.output)
        spawn.pass(null, as: StandardDescriptor.error)
        return try spawn.start()
    }

    /// Starts `hako` with these words, without input; what it says goes to a file.
    func starting(_ words: [String], output path: String) throws -> ChildProcess {
        var spawn = Spawn(
            (Self.programs ?? "") + "/hako", ["hako"] + words, environment: environment.map { "\($0.key)=\($0.value)" })
        let file = try FileDescriptor.open(path, flags: O_RDWR | O_CREAT, mode: 0o600)
        for number in 1...2 as ClosedRange<CInt> { spawn.pass(file, as: number) }
        return try spawn.start()
    }

    /// Kills the program itself, and not what it started.
    func killing(after milliseconds: Int, _ words: [String]) throws {
        let child = try start(words)
        var entries = [PollEntry(child.pidfd.number, .readable)]
        // The moment is what the test is about: any is right.
        _ = try PollEntry.wait(&entries, timeoutMilliseconds: CInt(milliseconds))
        try? child.send(signal: SIGKILL)  // it may have ended
        _ = try child.wait()
    }

    /// Of these containers, and of whatever failed before.
    func expectNothingLeft(of ids: [String] = []) throws {
        let pruned = try hako("system", "prune", "-f")
        #expect(pruned.status == 0, "\(pruned)")
        #expect(try output("system", "check") == "The store is whole.")
        #expect(try output("ps", "-aq") == "")
        let script = """
            ls '\(root)/containers' '\(runRoot)/containers' | grep '^[0-9a-f]'
            grep -l '\(root)' /proc/[0-9]*/mountinfo 2>/dev/null
            find /proc/[0-9]*/fd -lname '\(root)*' -o -lname '\(runRoot)*' 2>/dev/null
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

    /// A store on a disk of its own. A tmpfs is full as any disk is; what it can't show is delayed allocation.
    static func withDisk(megabytes: Int, _ body: (TestStore) throws -> Void) throws {
        let scratch = try Scratch(["disk": .directory])
        let disk = scratch.path("disk")
        let mounted = try ProgramRun.of("/bin/sh", ["-c", "mount -t tmpfs -o size=\(megabytes)m tmpfs '\(disk)'"])
        #expect(mounted.status == 0, "\(mounted)")
        defer { _ = try? ProgramRun.of("/bin/sh", ["-c", "umount -l '\(disk)'"]) }
        let store = try TestStore(images: [], environment: ["HAKO_ROOT": disk + "/root"])
        try body(store)
        try store.hako("system", "reset", "--force")
    }
}
