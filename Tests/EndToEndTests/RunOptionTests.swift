import Glibc
import Linux
import Testing
import TestSupport

@Suite("Options of run and create", .enabled(if: TestStore.isRunnable, TestStore.reason))
struct RunOptionTests {
    private func namespace(_ kind: String, of pid: String = "self") throws -> String {
        try ProgramRun.of("/bin/readlink", ["/proc/\(pid)/ns/\(kind)"]).text
    }

    @Test("the host's PID namespace shows the host's processes, to the host's ids")
    func hostPID() throws {
        let store = try TestStore()
        let run = try store.output(
            "run", "--rm", "--pid", "host", "busybox", "sh", "-c", "readlink /proc/self/ns/pid; cat /proc/\(getpid())/comm; cat /proc/self/uid_map")
        #expect(try run.hasPrefix(namespace("pid")))
        #expect(try run.contains(ProgramRun.of("/bin/cat", ["/proc/\(getpid())/comm"]).text))
        #expect(run.hasSuffix("4294967295"))
        try store.hako("run", "-d", "--name", "box", "--pid", "host", "busybox", "sh", "-c", "sleep 1001 & exec sleep 1000")
        _ = try store.output("exec", "box", "true")
        #expect(try store.inspect("box", "{{.HostConfig.PidMode}}") == "host")
        #expect(try store.output("rm", "-f", "box") == "box")
        try store.expectNothingLeft()
    }

    @Test("a PID namespace is shared with another container, and its ids with it", arguments: ["hako", "crun", "runc"].filter { $0 == "hako" || Program.isInstalled($0) })
    func joinedPID(runtime: String) throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--runtime", runtime, "--name", "box", "busybox", "sleep", "1000")
        let pid = try store.inspect("box", "{{.State.Pid}}")
        let options = ["run", "--rm", "--runtime", runtime, "--pid", "container:box"]
        let seen = try store.output(options + ["busybox", "sh", "-c", "readlink /proc/self/ns/pid; readlink /proc/self/ns/user; tr '\\0' ' ' < /proc/1/cmdline"])
        let expected = "\(try namespace("pid", of: pid))\n\(try namespace("user", of: pid))\nsleep 1000 "
        #expect(seen == expected)
        // Its own network, which its root may set up.
        let network = try store.hako(options + ["--cap-add", "NET_ADMIN", "busybox", "sh", "-c", "ip link add dummy0 type dummy 2>&1; ip addr | grep -c eth0; readlink /proc/self/ns/net"])
        let target = try namespace("net", of: pid)
        #expect(!network.text.contains("not permitted") && !network.text.contains(target), "\(network)")
        #expect(try store.output(options + ["busybox", "sh", "-c", "kill 1 && echo sent"]) == "sent")
        try store.hako("stop", "-t", "0", "box")
        let late = try store.hako(options + ["busybox", "true"])
        #expect(late.status == 125 && late.error.contains("non running container"), "\(late)")
        #expect(try store.hako("run", "--rm", "--pid", "container:missing", "busybox", "true").status == 125)
    }

    @Test("who shares another container's network is that container's user, not the host's")
    func joinedIDs() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "busybox", "sleep", "1000")
        let map = try store.output("exec", "box", "cat", "/proc/self/uid_map")
        #expect(!map.contains("4294967295"))
        #expect(try store.output("run", "--rm", "--network", "container:box", "busybox", "cat", "/proc/self/uid_map") == map)
        #expect(try store.output("run", "--rm", "--network", "container:box", "busybox", "sh", "-c", "echo x > /f; stat -c %u /f /bin") == "0\n0")
    }

    @Test("the host's IPC and UTS namespaces are the host's; without memory to share there is none")
    func hostIPC() throws {
        let store = try TestStore()
        let run = try store.output(
            "run", "--rm", "--ipc", "host", "--uts", "host", "busybox", "sh", "-c",
            "readlink /proc/self/ns/ipc; readlink /proc/self/ns/uts; stat -fc %i /dev/shm; hostname")
        let host = try ProgramRun.of("/bin/sh", ["-c", "readlink /proc/self/ns/ipc; readlink /proc/self/ns/uts; stat -fc %i /dev/shm; uname -n"])
        #expect(run == host.text)
        let own = try store.output("run", "--rm", "--ipc", "none", "busybox", "readlink", "/proc/self/ns/ipc")
        #expect(!host.text.contains(own))
        #expect(try store.hako("run", "--rm", "--ipc", "none", "busybox", "grep", "/dev/shm", "/proc/mounts").status == 1)
    }

    @Test("memory is shared with a container that lets it be")
    func joinedIPC() throws {
        let store = try TestStore()
        try store.hako("run", "-d", "--name", "box", "--ipc", "shareable", "busybox", "sh", "-c", "echo shared > /dev/shm/x; exec sleep 1000")
        try store.hako("run", "-d", "--name", "closed", "busybox", "sleep", "1000")
        let pid = try store.inspect("box", "{{.State.Pid}}")
        let script = "until [ -s /dev/shm/x ]; do sleep 0.01; done; cat /dev/shm/x; readlink /proc/self/ns/ipc; echo back > /dev/shm/y; grep -c mqueue /proc/mounts"
        let expected = "shared\n\(try namespace("ipc", of: pid))\n1"
        #expect(try store.output("run", "--rm", "--ipc", "container:box", "busybox", "sh", "-c", script) == expected)
        #expect(try store.output("exec", "box", "cat", "/dev/shm/y") == "back")
        let closed = try store.hako("run", "--rm", "--ipc", "container:closed", "busybox", "true")
        #expect(closed.status == 125 && closed.error.contains("non-shareable IPC"), "\(closed)")
        try store.hako("rm", "-f", "box", "closed").expectSuccess()
        try store.expectNothingLeft()
    }

    @Test("the host's cgroup namespace shows where the container is, also below a parent of the user's")
    func cgroups() throws {
        let store = try TestStore()
        let parent = "hako-test-\(getpid())"
        defer { _ = try? store.shell("find /sys/fs/cgroup -depth -type d -name \(parent) -exec rmdir {} +") }
        let path = try store.output("run", "--rm", "--cgroupns", "host", "--cgroup-parent", "/\(parent)", "busybox", "cat", "/proc/self/cgroup")
        #expect(path.contains("/\(parent)/"), "\(path)")
        let own = try store.output("run", "--rm", "--cgroup-parent", parent, "busybox", "cat", "/proc/self/cgroup")
        #expect(!own.contains(parent))
        try store.hako("run", "-d", "--name", "box", "--cgroup-parent", parent, "busybox", "sleep", "1000")
        let (pid, id) = (try store.inspect("box", "{{.State.Pid}}"), try store.inspect("box", "{{.Id}}"))
        #expect(try ProgramRun.of("/bin/cat", ["/proc/\(pid)/cgroup"]).text.contains("/\(parent)/\(id)"))
        #expect(try store.inspect("box", "{{.HostConfig.CgroupParent}}") == parent)
        for words in [["exec", "box", "true"], ["pause", "box"], ["unpause", "box"], ["restart", "-t", "0", "box"], ["rm", "-f", "box"]] {
            try store.hako(words).expectSuccess()
        }
        #expect(try store.hako("run", "--rm", "--cgroup-parent", "/a/../b", "busybox", "true").status == 125)
    }

    @Test("streams that are named are attached, and no others")
    func attach() throws {
        let store = try TestStore()
        let words = ["busybox", "sh", "-c", "echo out; echo err >&2"]
        let both = try store.hako(["run", "--rm", "-a", "stdout", "-a", "STDERR"] + words)
        #expect(both.output == "out\n" && both.error == "err\n", "\(both)")
        let output = try store.hako(["run", "--rm", "-a", "stdout"] + words)
        #expect(output.output == "out\n" && output.error == "", "\(output)")
        let error = try store.hako(["run", "--rm", "--attach=stderr"] + words)
        #expect(error.output == "" && error.error == "err\n", "\(error)")
        let wrong = try store.hako(["run", "-a", "stdlog"] + words)
        #expect(wrong.status == 125 && wrong.error.contains("valid streams are STDIN, STDOUT and STDERR"), "\(wrong)")
        #expect(try store.hako(["run", "-d", "-a", "stdout"] + words).error.contains("cannot specify both --attach and --detach"))
        #expect(try store.inspect(try store.output(["create", "-a", "stderr"] + words), "{{.Config.AttachStdout}} {{.Config.AttachStderr}}") == "false true")
    }

    @Test("input alone is given to the container, which runs on by itself and whose id is told")
    func attachInput() throws {
        let store = try TestStore()
        let big = String(repeating: "0123456789abcdef", count: 20_000)
        let run = try store.hako("run", "-i", "-a", "stdin", "busybox", "sh", "-c", "wc -c; exec sleep 1000", input: big)
        #expect(run.status == 0 && run.text.utf8.count == 64, "\(run)")
        try waitUntil { try !store.output("logs", run.text).isEmpty }
        #expect(try store.output("logs", run.text) == "320000")
        #expect(try store.inspect(run.text, "{{.State.Running}}") == "true")
    }

    @Test("a hardware address is the container's, and told")
    func macAddress() throws {
        let store = try TestStore()
        let address = "92:d0:c6:0a:29:33"
        #expect(try store.output("run", "--rm", "--mac-address", address.uppercased(), "busybox", "cat", "/sys/class/net/eth0/address") == address)
        try store.hako("run", "-d", "--name", "box", "--mac-address", address, "busybox", "sleep", "1000")
        #expect(try store.inspect("box", "{{.NetworkSettings.MacAddress}} {{.Config.MacAddress}}") == "\(address) \(address)")
    }

    @Test("device rules say which devices may be opened", .enabled(if: access("/dev/net/tun", F_OK) == 0, "this host has no /dev/net/tun"))
    func deviceRules() throws {
        let store = try TestStore()
        // Only the host's root may make nodes.
        func open(_ rules: [String]) throws -> CInt {
            try store.hako(["run", "--rm", "--userns", "host"] + rules + ["busybox", "sh", "-c", "mknod /dev/made c 10 200 && exec 3< /dev/made"]).status
        }
        #expect(try open([]) != 0)
        #expect(try open(["--device-cgroup-rule", "c 10:200 rw"]) == 0)
        #expect(try open(["--device-cgroup-rule=c 10:* rwm"]) == 0)
        #expect(try open(["--device-cgroup-rule=c 10:201 rwm"]) != 0)
    }

    @Test("what can't be had is refused, in Docker's words where it has some", arguments: [
        (["--pid", "other"], "invalid PID mode: other"), (["--pid", "container:"], "invalid PID mode"), (["--uts", "private"], "invalid UTS mode"),
        (["--cgroupns", "mine"], "invalid CGROUP mode"), (["--ipc", "mine"], "invalid IPC mode"), (["--ipc", "container:missing"], "No such container"),
        (["--uts", "host", "-h", "box"], "conflicting options: hostname and the UTS mode"), (["--mac-address", "92:d0"], "is not a valid mac address"),
        (["--mac-address", "01:00:00:00:00:01"], "is not a valid mac address"),
        (["--network", "none", "--mac-address", "92:d0:c6:0a:29:33"], "conflicting options: mac-address and the network mode"),
        (["--device-cgroup-rule", "c 1:3"], "invalid device cgroup format"), (["--device-cgroup-rule", "x 1:3 r"], "invalid device cgroup format"),
        (["--blkio-weight-device", "/dev/null"], "bad format"), (["--blkio-weight-device", "/dev/null:5"], "invalid weight for device"),
        (["--blkio-weight-device", "/dev/null:100"], "not a block device"), (["--cpu-rt-period", "1000", "--cpu-rt-runtime", "2000"], "cannot be higher"),
        (["--kernel-memory", "1g"], "since 5.16"), (["--isolation", "hyperv"], "it is for Windows"), (["--disable-content-trust=false"], "not verified"),
        (["--link", "db:db"], "use a network"), (["--ip", "172.17.0.9"], "supported on user defined networks only"), (["--gpus", "all"], "could not select device driver"),
        (["--storage-opt", "size=1g"], "quotas"), (["--use-api-socket"], "API"), (["--cpu-count", "2"], "Windows"), (["--network-alias", "a"], "supported only for containers in user defined networks"),
        (["--userns", "auto", "--pid", "container:x"], "ids of its own"),
    ])
    func refusals(options: [String], message: String) throws {
        let store = try TestStore()
        let run = try store.hako(["run", "--rm"] + options + ["busybox", "true"])
        #expect(run.status == 125, "\(run)")
        #expect(run.error.contains(message), "\(run)")
        #expect(try store.output("ps", "-aq") == "")
    }

    @Test("what this host can't do is an error that names it")
    func missing() throws {
        let store = try TestStore()
        // Hako's own place has no real-time budget; cgroup v2 has none at all.
        let realtime = try store.hako("run", "--rm", "--cpu-rt-runtime", "1000", "busybox", "true")
        #expect(realtime.status == 125 && realtime.error.contains("real-time"), "\(realtime)")
        #expect(realtime.error.contains("budget"), "\(realtime)")
        let disk = try ProgramRun.of("/bin/sh", ["-c", "lsblk -dno PATH | head -1"]).text
        let weight = try store.hako("run", "--rm", "--blkio-weight-device", disk + ":100", "busybox", "true")
        #expect(weight.status == 0 || weight.error.contains("bfq"), "\(weight)")
        #expect(try store.output("ps", "-aq") == "")
    }

    @Test("what asks for nothing else than what is done is taken", arguments: [
        ["--isolation", "default"], ["--disable-content-trust"], ["--kernel-memory", "0"], ["--ipc", "private"], ["--cgroupns", "private"],
        ["--cpu-count", "0"], ["--pid", ""], ["--uts="], ["--memory-swappiness", "10"], ["--oom-score-adj", "500"], ["--stop-timeout", "3"],
        ["--pull", "never"], ["--platform", "linux/amd64"], ["--expose", "80-82/udp"], ["--annotation", "a=b"], ["--dns-option", "ndots:2"],
        ["--blkio-weight-device", "BLOCK:0"], ["--domainname", "example.com"], ["--group-add", "7"], ["-q"], ["--sig-proxy=false"],
    ])
    func accepted(options: [String]) throws {
        let store = try TestStore()
        let disk = try ProgramRun.of("/bin/sh", ["-c", "lsblk -dno PATH | head -1"]).text
        let run = try store.hako(["run", "--rm"] + options.map { $0.replacing("BLOCK", with: disk) } + ["busybox", "true"])
        #expect(run.status == 0 && run.output == "", "\(run)")
    }
}
