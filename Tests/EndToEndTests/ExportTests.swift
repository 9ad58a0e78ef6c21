import Glibc
import Linux
import Testing
import TestSupport

@Suite("Exporting a container's files", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ExportTests {
    private func listing(_ archive: String) throws -> [String] {
        try ProgramRun.of("/usr/bin/tar", ["--numeric-owner", "-tvf", archive]).lines.map { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
            return "\(fields[0]) \(fields[1]) \(fields[5...].joined(separator: " "))"
        }
    }

    @Test("gives the image's with what the container changed, and its own ids (T-C4)", arguments: ["auto", "host"])
    func files(users: String) throws {
        let store = try TestStore()
        let script = """
            echo x > /new; chown 5:6 /new; rm /bin/ls; ln /new /second; ln -s new /soft; mkfifo /fifo; echo in > /data/f; touch /ready
            exec sleep 1000
            """
        try store.hako("run", "-d", "--userns", users, "--name", "box", "-v", "data:/data", "busybox", "sh", "-c", script)
        try waitUntil { try store.hako("exec", "box", "test", "-e", "/ready").status == 0 }
        let archive = store.scratch.path("box.tar")
        #expect(try store.hako("export", "-o", archive, "box").output == "")
        let lines = try listing(archive)
        for line in [
            "-rw-r--r-- 5/6 new", "hrw-r--r-- 5/6 second link to new", "lrwxrwxrwx 0/0 soft -> new", "prw-r--r-- 0/0 fifo",
            "drwxr-xr-x 0/0 data/", "drwxr-xr-x 0/0 dev/", "drwxr-xr-x 0/0 proc/", "drwxr-xr-x 0/0 sys/",
            "-rw-r--r-- 0/0 etc/hosts", "drwxrwxrwt 0/0 tmp/",
        ] { #expect(lines.contains(line), "\(line) of \(lines)") }
        #expect(lines.contains { $0.hasSuffix(" bin/busybox") } && lines.contains { $0.hasSuffix(" .dockerenv") })
        #expect(!lines.contains { $0.contains("bin/ls ") || $0.contains("data/f") || $0.contains(" dev/null") || $0.contains("proc/1") })
        #expect(lines.allSatisfy { $0.contains(" 0/0 ") || $0.contains(" 5/6 ") }, "\(lines)")
        try store.hako("stop", "-t", "0", "box")
        let stopped = try store.hako("export", "box")
        #expect(try stopped.outputBytes == FileDescriptor.contents(of: archive, limit: 1 << 30))
        let events = try store.output("events", "--since", "1h", "--until", "0s", "-f", "event=export", "--format", "{{.Action}} {{.Actor.Attributes.name}}")
        #expect(events == "export box\nexport box")
    }

    @Test("of one that never ran gives the image's")
    func created() throws {
        let store = try TestStore()
        try store.hako("create", "--name", "box", "busybox", "true")
        let archive = store.scratch.path("box.tar")
        try store.hako("export", "--output", archive, "box").expectSuccess()
        #expect(try listing(archive).contains("-rw-r--r-- 0/0 etc/passwd"))
    }

    @Test("refuses a terminal and places that no file can be written to, in Docker's words, and leaves nothing")
    func refusals() throws {
        let store = try TestStore()
        try store.hako("create", "--name", "box", "busybox", "true")
        let terminal = try TerminalRun.of("\(TestStore.programs ?? "")/hako export box", environment: store.environment)
        #expect(terminal.status == 1)
        #expect(terminal.output.contains("cowardly refusing to save to a terminal. Use the -o flag or redirect"))
        let missing = try store.hako("export", "-o", "/nonexistent/x", "box")
        #expect(missing.status == 1)
        #expect(missing.error == "hako: failed to export container: invalid output path: directory \"/nonexistent\" does not exist\n")
        let device = try store.hako("export", "-o", "/dev/null", "box")
        #expect(device.error.contains("invalid output path: \"/dev/null\" must be a directory or a regular file: got a device"))
        let nobody = try store.hako("export", "-o", store.scratch.path("x"), "nobody")
        #expect(nobody.status == 1 && nobody.error == "hako: No such container: nobody\n", "\(nobody)")
        #expect(try FileDescriptor.directory(store.scratch.root).names().allSatisfy { !$0.description.hasPrefix(".hako_temp") })
        #expect(access(store.scratch.path("x"), F_OK) != 0)
    }
}
