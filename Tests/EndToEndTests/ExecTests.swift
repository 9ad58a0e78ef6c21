import Glibc
import TestSupport
import Testing

@Suite("Exec", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct ExecTests {
    @Test("is listed by its id while it runs, attached or not")
    func listed() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        #expect(try store.inspect("box", "{{.ExecIDs}}") == "[]")
        try store.hako("exec", "-d", "box", "sleep", "800").expectSuccess()
        let detached = try store.inspect("box", "{{range .ExecIDs}}{{.}}{{end}}")
        #expect(detached.count == 64)
        try store.shell(
            """
            $HAKO exec box sleep 801 & pid=$!
            for i in $(seq 100); do [ "$($HAKO inspect -f '{{len .ExecIDs}}' box)" = 2 ] && break; sleep 0.05; done
            [ "$($HAKO inspect -f '{{len .ExecIDs}}' box)" = 2 ] || exit 9
            $HAKO exec box sh -c 'until kill $(ps -o pid,args | grep "[s]leep 801" | cut -c1-6); do sleep 0.02; done'; wait $pid; [ $? = 143 ] || exit 8
            """
        ).expectSuccess()
        #expect(try store.inspect("box", "{{range .ExecIDs}}{{.}}{{end}}") == detached)
        try store.hako("exec", "box", "sh", "-c", "kill $(ps -o pid,args | grep '[s]leep 800' | cut -c1-6)").expectSuccess()
        try waitUntil { try store.inspect("box", "{{.ExecIDs}}") == "[]" }
        #expect(try store.inspect("box", "{{json .ExecIDs}}") == "null")
        func die() throws -> String {
            try store.output(
                "events", "--since", "1h", "--until", "0s", "-f", "event=exec_die", "--format",
                "{{.Actor.Attributes.execID}} {{.Actor.Attributes.exitCode}}")
        }
        try waitUntil { try die().contains("\(detached) 143") }
        #expect(try die().contains("\(detached) 143"))
        try store.hako("rm", "-f", "box").expectSuccess()
        try store.expectNothingLeft()
    }

    @Test("that is detached says at once what can't be started, and stays when its client's session ends")
    func detached() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        let missing = try store.hako("exec", "-d", "box", "nosuch")
        #expect(missing.status != 0 && missing.error.contains("nosuch"), "\(missing)")
        #expect(try store.inspect("box", "{{.ExecIDs}}") == "[]")
        try store.shell("setsid sh -c \"$HAKO exec -d box sh -c 'sleep 1; echo done > /mark'\"").expectSuccess()
        try waitUntil { try store.hako("exec", "box", "test", "-s", "/mark").status == 0 }
        #expect(try store.output("exec", "box", "cat", "/mark") == "done")
    }

    @Test("takes its input's end, its user, directory and variables, and its errors are Docker's")
    func options() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        #expect(try store.hako("exec", "-i", "box", "cat", input: "hello\n").text == "hello")
        let file = store.scratch.path("variables")
        try store.shell("printf '# none\\nONE=1\\nTWO=b c\\n' > \(file)").expectSuccess()
        let run = try store.output(
            "exec", "--env-file", file, "-e", "TWO=2", "-u", "1000:7", "-w", "/tmp", "box", "sh", "-c",
            "echo $ONE $TWO $(id -u):$(id -g) $(pwd)")
        #expect(run == "1 2 1000:7 /tmp")
        let all = try store.output("exec", "--privileged", "box", "grep", "CapEff", "/proc/self/status")
        let own = try store.output("exec", "box", "grep", "CapEff", "/proc/self/status")
        #expect(all != own)
        try store.hako("pause", "box")
        let paused = try store.hako("exec", "box", "true")
        #expect(paused.status == 1 && paused.error.contains("Container box is paused, unpause the container before exec"))
        try store.hako("unpause", "box")
        try store.hako("kill", "box")
        let id = try store.inspect("box", "{{.Id}}")
        try waitUntil { try store.inspect("box", "{{.State.Status}}") == "exited" }
        let stopped = try store.hako("exec", "box", "true")
        #expect(stopped.status == 1 && stopped.error.contains("container \(id) is not running"), "\(stopped)")
    }
}
