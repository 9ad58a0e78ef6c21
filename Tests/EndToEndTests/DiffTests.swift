import Glibc
import Linux
import Testing
import TestSupport

@Suite("What a container has changed", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct DiffTests {
    @Test("is told as Docker tells it, running and stopped", arguments: ["auto", "host"])
    func changes(users: String) throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--userns", users, "--name", "box", "busybox", "sleep", "1000").expectSuccess()
        let script = """
            echo x > /new; mkdir -p /d/e; echo y > /d/e/f; rm /bin/ls; chmod 600 /etc/group; : >> /etc/passwd
            rmdir /var; mkdir /var; echo z > /var/q; echo t > /tmp/gone; rm /tmp/gone; ln -s /nowhere '/a b'
            """
        try store.hako("exec", "box", "sh", "-c", script).expectSuccess()
        let expected = """
            A /a b
            C /bin
            D /bin/ls
            A /d
            A /d/e
            A /d/e/f
            C /etc
            C /etc/group
            A /new
            C /var
            A /var/q
            """
        #expect(try store.output("diff", "box") == expected)
        #expect(try store.output("container", "diff", "box") == expected)
        try store.hako("stop", "-t", "0", "box")
        #expect(try store.output("diff", "box") == expected)
    }

    @Test("names what a directory hides that took another one's place, and nothing below it")
    func opaque() throws {
        let store = try TestStore()
        try store.load(
            "tree",
            layers: [TestStore.shellLayer, "mkdir -p data/sub file; echo 1 > data/a; echo 2 > data/sub/b; echo 3 > file/x; tar c data file"])
        let script = "b=/bin/busybox; $b rm -r /data /file; $b mkdir /data; echo new > /data/a; echo now > /file"
        try store.hako("run", "--name", "box", "tree", "sh", "-c", script).expectSuccess()
        #expect(try store.output("diff", "box") == "C /data\nC /data/a\nD /data/sub\nC /file")
    }

    @Test("is nothing before the first start; a container that isn't there is an error")
    func nothing() throws {
        let store = try TestStore()
        try store.hako("create", "--name", "box", "busybox", "true")
        #expect(try store.output("diff", "box") == "")
        try store.hako("start", "-a", "box")
        #expect(try store.output("diff", "box") == "")
        let missing = try store.hako("diff", "nobody")
        #expect(missing.status == 1 && missing.error == "hako: No such container: nobody\n", "\(missing)")
    }

    @Test("leaves out what is in volumes and mounts")
    func volumes() throws {
        let store = try TestStore()
        try store.hako(
            "run", "--name", "box", "-v", "data:/data", "--tmpfs", "/t", "busybox", "sh", "-c", "echo x > /data/f; echo x > /t/f; echo x > /dev/f"
        ).expectSuccess()
        #expect(try store.output("diff", "box") == "A /data\nA /t")
    }
}
