import Glibc
import Linux
import TestSupport
import Testing

@Suite("What rm leaves to do after its answer", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct RemovalTests {
    /// Of all that is below the containers' directory, hidden too.
    private func names(_ store: TestStore) throws -> [String] {
        try FileDescriptor.directory("\(store.root)/containers").names().map(\.description)
    }

    @Test("the name is free at once, and the files go without another command, also where only what rm prints is waited for")
    func files() throws {
        let store = try TestStore()
        let fill = "mkdir /many; i=0; while [ $i -lt 1000 ]; do echo > /many/$i; i=$((i + 1)); done"
        _ = try store.output("run", "--name", "box", "-v", "/data", "busybox", "sh", "-c", fill)
        let volume = try store.inspect("box", "{{(index .Mounts 0).Name}}")
        // The substitution waits for whoever has the pipe open. A descriptor of the caller's is not kept either.
        let run = try store.shell("exec 9> \(store.scratch.path("lock")); flock 9; [ \"$($HAKO rm -v box)\" = box ] || exit 1; exec 9>&-; flock -n \(store.scratch.path("lock")) true")
        run.expectSuccess()
        #expect(access("\(store.root)/volumes/\(volume)", F_OK) != 0)
        #expect(try store.output("ps", "-aq") == "")
        _ = try store.output("create", "--name", "box", "busybox", "true")
        try waitUntil { try names(store).isEmpty }
        #expect(try names(store) == [])
        #expect(try store.output("rm", "box") == "box")
        try store.expectNothingLeft()
    }

    @Test("what a killed one has left goes with the next, but not what somebody is at work on")
    func leftovers() throws {
        let store = try TestStore()
        let dead = "\(store.root)/containers/.gone-dead"
        let busy = "\(store.root)/containers/.gone-busy"
        for path in [dead, busy] { try Directory.create(path + "/upper/etc") }
        let held = try FileDescriptor.directory(busy)
        try held.lockWhole()
        let check = try store.hako("system", "check")
        #expect(check.output.contains("\(dead) belongs to no container") && !check.output.contains(busy), "\(check)")
        _ = try store.output("run", "--name", "box", "busybox", "true")
        #expect(try store.output("rm", "box") == "box")
        try waitUntil { try names(store) == [".gone-busy"] }
        #expect(try names(store) == [".gone-busy"])
        try held.unlockWhole()
        _ = try store.output("run", "--name", "box", "busybox", "true")
        #expect(try store.output("rm", "box") == "box")
        try waitUntil { try names(store).isEmpty }
        #expect(try names(store) == [])
    }

    @Test("nothing of what is run and removed meanwhile is taken for left over, and nothing of it stays")
    func checkedMeanwhile() throws {
        let store = try TestStore()
        let run = try store.shell(
            """
            cd '\(store.scratch.root)'
            work() {
                for i in $(seq 40); do "$HAKO" run --network none --name $1 busybox true && "$HAKO" rm $1 || break; done
                touch done-$1
            }
            work box & work can &
            until [ -e done-box ] && [ -e done-can ]; do
                "$HAKO" system check --repair || exit 1
            done
            """)
        #expect(run.status == 0 && Set(run.lines) == ["box", "can", "The store is whole."], "\(run)")
        try waitUntil { try names(store).isEmpty }
        #expect(try names(store) == [])
    }

    @Test("what a runtime has kept of a container that nobody knows goes with a prune")
    func strayState() throws {
        let store = try TestStore()
        let id = try store.output("run", "-d", "--network", "none", "busybox", "sleep", "1000")
        let stray = "\(store.runRoot)/runtime/\(String(repeating: "5", count: 64))"
        try Directory.create(stray)
        let check = try store.hako("system", "check")
        #expect(check.output.contains("\(stray) belongs to no container") && !check.output.contains(id), "\(check)")
        try store.hako("system", "prune", "-f").expectSuccess()
        #expect(access(stray, F_OK) != 0 && access("\(store.runRoot)/runtime/\(id)", F_OK) == 0)
        #expect(try store.output("rm", "-f", id) == id)
        try store.expectNothingLeft()
    }

    /// A runtime that is hako-runtime, and waits at the end of a container's life for as long as `path` is there.
    private func slowRuntime(_ store: TestStore, holding path: String) throws -> String {
        let script = store.scratch.path("slow-runtime")
        let made = try store.shell(
            """
            cat > \(script) << 'END'
            #!/bin/sh
            case " $* " in *" delete "*) n=0; while [ -e \(path) ] && [ $n -lt 600 ]; do n=$((n + 1)); sleep 0.1; done ;; esac
            exec \(TestStore.programs ?? "")/hako-runtime "$@"
            END
            chmod 755 \(script); touch \(path)
            """)
        made.expectSuccess()
        return script
    }

    @Test("a container whose monitor still cleans up is removed without waiting for that, and nothing of it stays")
    func beingCleanedUp() throws {
        let store = try TestStore()
        let hold = store.scratch.path("hold")
        let runtime = try slowRuntime(store, holding: hold)
        _ = try store.output("run", "--name", "box", "--runtime", runtime, "-v", "/data", "busybox", "touch", "/file")
        let id = try store.inspect("box", "{{.Id}}")
        #expect(try store.output("rm", "-v", "box") == "box")
        #expect(try store.output("ps", "-aq") == "")
        // What waits for the monitor is nobody's leftover.
        #expect(try store.output("system", "check") == "The store is whole.")
        let cgroup = try store.shell("find /sys/fs/cgroup -type d -name \(id) | grep -q . && echo there")
        #expect(cgroup.text == "there", "its monitor was waited for")
        // The address and the slot are free for the next one, which has nothing to wait for.
        #expect(try store.output("run", "--name", "box", "busybox", "echo", "next") == "next")
        try store.shell("rm \(hold)").expectSuccess()
        try waitUntil { try names(store).allSatisfy { !$0.hasPrefix(".gone-") } }
        try store.expectNothingLeft(of: [id])
    }

    @Test("one is started again when its monitor has cleaned up, not before")
    func startedMeanwhile() throws {
        let store = try TestStore()
        let hold = store.scratch.path("hold")
        let runtime = try slowRuntime(store, holding: hold)
        _ = try store.output("run", "--name", "box", "--runtime", runtime, "busybox", "sh", "-c", "echo run >> /runs; cat /runs")
        let start = try store.shell(
            "$HAKO start -a box & sleep 1; $HAKO inspect -f '{{.State.Status}}' box; rm \(hold); wait $!")
        #expect(start.text == "exited\nrun\nrun", "\(start)")
    }

    @Test("the connections of a removed container are forgotten before another one gets its addresses")
    func connections() throws {
        let store = try TestStore()
        // With a connection that the kernel keeps for half a minute.
        let send = "ip route | { read a b gateway rest; ping -c 1 $gateway; }; sleep 1000"
        _ = try store.output("run", "-d", "--name", "box", "busybox", "sh", "-c", send)
        try waitUntil { try store.output("logs", "box").contains("1 packets received") }
        let address = try store.inspect("box", "{{.NetworkSettings.IPAddress}}")
        func tracked() throws -> Bool { try store.shell("grep -q ' src=\(address) dst=[^ ]* type=8 ' /proc/net/nf_conntrack").status == 0 }
        #expect(try tracked())
        // Of a remover that was killed before it was done.
        let network = try store.shell("sqlite3 -cmd '.timeout 10000' '\(store.root)/hako.db' 'SELECT id FROM networks'").text
        let insert = "INSERT INTO retired_addresses(network, ipv4) VALUES('\(network)', 1)"
        try store.shell("sqlite3 -cmd '.timeout 10000' '\(store.root)/hako.db' \"\(insert)\"").expectSuccess()
        _ = try store.output("rm", "-f", "box")
        func retired() throws -> String { try store.shell("sqlite3 -cmd '.timeout 10000' '\(store.root)/hako.db' 'SELECT ipv4 FROM retired_addresses'").text }
        try waitUntil { try retired().isEmpty }
        #expect(try retired() == "")
        #expect(try !tracked())
        #expect(try store.output("run", "--rm", "busybox", "hostname", "-i") == address)
        try store.expectNothingLeft()
    }

    @Test("killed at any moment, with what goes on after it, it leaves a container that can be removed, or none")
    func killed() throws {
        let store = try TestStore()
        let mark = "killed-\(getpid())"
        let run = try store.shell(
            """
            for n in $(seq 0 24); do
              $HAKO run --name \(mark)-$n --network none busybox sh -c 'mkdir /many; cd /many; touch $(seq 200)' || echo run $n
              $HAKO inspect -f '{{.Id}}' \(mark)-$n >> \(store.scratch.path("ids"))
              $HAKO rm \(mark)-$n > /dev/null 2>&1 & hako=$!
              sleep 0.$(printf %03d $n)
              kill -9 $(pgrep -f '[r]m \(mark)-'$n'$') $hako 2> /dev/null
              wait $hako
            done 2> /dev/null
            """)
        #expect(run.status == 0 && run.output == "", "\(run)")
        let left = try store.output("ps", "-aq").split(separator: "\n").map(String.init)
        if !left.isEmpty { _ = try store.output(["rm"] + left) }
        // The last one to be removed sees to what the others have left.
        _ = try store.output("run", "--name", "last", "busybox", "true")
        _ = try store.output("rm", "last")
        try waitUntil { try names(store).allSatisfy { !$0.hasPrefix(".gone-") } }
        #expect(try names(store).allSatisfy { !$0.hasPrefix(".gone-") })
        let ids = try store.shell("cat \(store.scratch.path("ids"))").text.split(separator: "\n").map(String.init)
        #expect(ids.count == 25)
        try store.expectNothingLeft(of: ids)
        #expect(try names(store) == [])
    }
}
