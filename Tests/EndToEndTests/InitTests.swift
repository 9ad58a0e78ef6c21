import Linux
import Testing
import TestSupport

@Suite("hako run --init", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct InitTests {
    @Test("has an init for process 1, which ends with the program's exit code", arguments: [
        ("exit 7", 7), ("kill -9 $$", 137), ("cat /proc/1/cmdline | tr '\\0' ' ' | grep -q '^/sbin/docker-init -- sh -c'", 0),
        ("test $$ != 1 && test $(cat /proc/1/comm) = docker-init", 0),
    ])
    func exitCode(script: String, code: Int32) throws {
        let store = try TestStore()
        let run = try store.hako("run", "--rm", "--init", "busybox", "sh", "-c", script)
        #expect(run.status == code, "\(run)")
    }

    @Test("says what can't be executed", arguments: [
        ("/nonexistent", 127, "no such file"), ("nonexistent", 127, "not found in $PATH"), ("/etc/passwd", 126, "permission denied"),
    ])
    func commandErrors(command: String, code: Int32, text: String) throws {
        let store = try TestStore()
        let run = try store.hako("run", "--rm", "--init", "busybox", command)
        #expect(run.status == code && run.error.contains(text) && run.error.contains(command), "\(run)")
    }

    @Test("passes signals on, which the program may catch, and ends by those it doesn't", arguments: [("trap 'exit 5' TERM;", 5), ("", 143)])
    func signals(trap: String, code: Int) throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--init", "--name", "box", "busybox", "sh", "-c", trap + " echo up; while :; do sleep 0.01; done")
        while try store.hako("logs", "box").text != "up" {}
        #expect(try store.output("kill", "-s", "TERM", "box") == "box")
        let end = try store.output("wait", "box")
        #expect(end == String(code))
    }

    @Test("leaves no zombies")
    func zombies() throws {
        let store = try TestStore()
        // Orphans of a shell that goes at once; only process 1 can reap them.
        let script = "for i in 1 2 3 4 5; do sh -c 'sh -c \"exit 3\" & exit 0'; done; i=0; until ! grep -q '^State:.Z' /proc/[0-9]*/status; do i=$((i+1)); [ $i -lt 100000 ] || exit 1; done"
        #expect(try store.hako("run", "--rm", "--init", "busybox", "sh", "-c", script).status == 0)
    }

    @Test("holds for other users, read-only roots, terminals and another /sbin", arguments: [
        ["-u", "1000:1000"], ["--read-only"], ["-t"], ["--userns", "host"], ["--tmpfs", "/sbin"],
    ])
    func options(options: [String]) throws {
        let store = try TestStore()
        let run = try store.hako(["run", "--rm", "--init"] + options + ["busybox", "sh", "-c", "cat /proc/1/comm"])
        #expect(run.status == 0 && run.text == "docker-init", "\(run)")
    }

    @Test("gives each container a file of its own, which it can't write")
    func ownFile() throws {
        let store = try TestStore()
        let script = "cp /bin/sh /sbin/docker-init || echo refused; ls -l /sbin/docker-init | cut -c1-10"
        #expect(try store.output("run", "--rm", "--init", "--userns", "host", "busybox", "sh", "-c", script + " 2>/dev/null").hasSuffix("-r-xr-xr-x"))
        #expect(try store.hako("run", "--rm", "--init", "busybox", "true").status == 0)
    }
}
