import Linux
import Testing
import TestSupport

@Suite("Images and their containers", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ImageTests {
    @Test("an image stays as it is, whatever its containers write")
    func imageUnchanged() throws {
        let store = try TestStore()
        let before = try digests(of: store.root + "/layers")
        try store.hako("run", "--name", "writer", "busybox", "sh", "-c", "echo changed > /etc/passwd; rm /bin/ls; mkdir /new")
        #expect(try digests(of: store.root + "/layers") == before)
        #expect(try store.output("run", "--rm", "busybox", "sh", "-c", "ls -d /new /bin/ls 2>/dev/null; head -c 4 /etc/passwd") == "/bin/ls\nroot")
    }

    @Test("what a container writes is its own, stays while it is stopped, and goes with it")
    func writesArePrivate() throws {
        let store = try TestStore()
        try store.hako("run", "--name", "writer", "busybox", "sh", "-c", "test -e /file && echo there; echo x > /file")
        #expect(try store.output("start", "-a", "writer") == "there")
        #expect(try store.hako("run", "--rm", "busybox", "cat", "/file").status == 1)
        let id = try store.inspect("writer", "{{.Id}}")
        try store.hako("rm", "writer")
        // What it wrote goes a moment after the answer.
        func left() throws -> String { try ProgramRun.of("/usr/bin/find", [store.root, store.runRoot, "-path", "*\(id)*"]).output }
        try waitUntil { try left().isEmpty }
        #expect(try left() == "")
    }

    @Test("what is mounted in a container leaves no trace in what it writes")
    func emptyWritableLayer() throws {
        let store = try TestStore()
        let script = "test -e /.dockerenv && cat /etc/hosts /etc/hostname /etc/resolv.conf > /dev/null"
        #expect(try store.hako("run", "--name", "box", "busybox", "sh", "-c", script).status == 0)
        let upper = "\(store.root)/containers/\(try store.inspect("box", "{{.Id}}"))/upper"
        #expect(try ProgramRun.of("/usr/bin/find", [upper]).output == upper + "\n")
    }

    @Test("a hundred created containers cost almost no disk")
    func diskUse() throws {
        let store = try TestStore()
        let before = try usage(of: store.root)
        for number in 0..<100 { try store.hako("create", "--name", "c\(number)", "busybox", "true") }
        #expect((try usage(of: store.root) - before) / 100 <= 32)
        #expect(try store.hako("ps", "-aq").lines.count == 100)
    }

    @Test("skopeo reads the store as an OCI layout")
    func readableLayout() throws {
        let store = try TestStore()
        let run = try ProgramRun.of("/usr/bin/skopeo", ["inspect", "oci:\(store.root)/content:busybox:latest"])
        #expect(run.status == 0, "\(run)")
    }

    @Test("images are listed, tagged, inspected and removed with Docker's words")
    func imageCommands() throws {
        let store = try TestStore()
        #expect(try store.hako("images").lines[1].hasPrefix("busybox      latest    "))
        #expect(try store.hako("tag", "busybox", "example.com/other:v1").status == 0)
        #expect(try store.output("images", "--format", "{{.Repository}}:{{.Tag}}", "example.com/other") == "example.com/other:v1")
        #expect(try store.output("inspect", "-f", "{{json .Config.Cmd}} {{.Os}}/{{.Architecture}}", "busybox") == "[\"sh\"] linux/amd64")
        #expect(try store.output("rmi", "example.com/other:v1") == "Untagged: example.com/other:v1")
        try store.hako("create", "--name", "user", "busybox", "true")
        let refused = try store.hako("rmi", "busybox")
        #expect(refused.status == 1)
        #expect(refused.error.contains("conflict: unable to remove repository reference"))
        try store.hako("rm", "user")
        let removed = try store.output("rmi", "busybox")
        #expect(removed.contains("Untagged: busybox:latest"))
        #expect(removed.contains("Deleted: sha256:"))
        #expect(try store.output("images", "-q") == "")
        #expect(try store.hako("run", "--pull", "never", "busybox", "true").status == 125)
    }

    @Test("the store is whole, and says so")
    func check() throws {
        let store = try TestStore()
        #expect(try store.output("system", "check") == "The store is whole.")
    }

    private func digests(of directory: String) throws -> String {
        try ProgramRun.of(
            "/bin/sh", ["-c", "cd \(directory) && find . -type f -print0 | sort -z | xargs -0 sha256sum; find . -printf '%p %m %U %G %T@\\n' | sort"]
        ).output
    }

    /// In KiB.
    private func usage(of directory: String) throws -> Int {
        Int(try ProgramRun.of("/usr/bin/du", ["-sk", directory]).output.split(separator: "\t").first ?? "") ?? 0
    }
}
