import Glibc
import Linux
import OCI
import TestSupport
import Testing

@Suite("A bundle", .enabled(if: TestContainer.isPossible, "needs root, busybox-static and hako-runtime"), .serialized)
struct BundleTests {
    @Test(
        "sets no sysctl but its own namespaces'",
        arguments: [
            "kernel.core_pattern", "kernel.shm_rmid_forced=1+kernel.core_pattern", "net.ipv4/../../kernel.core_pattern",
            "net/../kernel/core_pattern", "net.ipv4.ip_forward\nkernel.core_pattern", "vm.swappiness", "/net/ipv4/ip_forward",
        ])
    func smuggledSysctl(name: String) throws {
        var container = try TestContainer(isMapped: true, ["true"])
        container.spec.linux.sysctl = [name: "1"]
        let run = try container.run()
        #expect(run.status == 1)
        #expect(run.error.contains("cannot set the sysctl"), "\(run)")
    }

    @Test("sets sysctls that hold inside, and not outside", arguments: [true, false])
    func sysctl(isMapped: Bool) throws {
        let outside = try FileDescriptor.contents(of: "/proc/sys/net/ipv4/ip_unprivileged_port_start")
        var container = try TestContainer(
            isMapped: isMapped,
            ["cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start", "/proc/sys/kernel/msgmax"])
        container.spec.linux.sysctl = ["net.ipv4.ip_unprivileged_port_start": "7", "kernel.msgmax": "4321"]
        #expect(try container.run().lines == ["7", "4321"])
        #expect(try FileDescriptor.contents(of: "/proc/sys/net/ipv4/ip_unprivileged_port_start") == outside)
    }

    @Test("sets no network sysctl where the network is the host's")
    func hostSysctl() throws {
        var container = try TestContainer(isMapped: false, ["true"])
        container.spec.linux.namespaces.removeAll { $0.kind == .network }
        container.spec.linux.sysctl = ["net.ipv4.ip_forward": "1"]
        #expect(try container.run().error.contains("host's network namespace"))
    }

    @Test("puts nothing over /proc and /sys but what belongs there", arguments: ["/proc", "/proc/self/attr", "/proc/sys", "/sys"])
    func overProc(destination: String) throws {
        var container = try TestContainer(isMapped: true, ["true"])
        container.spec.mounts.append(
            .init(destination: destination, source: container.scratch.path("canary"), options: ["rbind"]))
        let run = try container.run()
        #expect(run.status == 1 && run.error.contains("cannot mount"), "\(run)")
    }

    @Test("mounts inside its root, wherever a symlink points", arguments: [true, false], ["/canary", "../../../../canary"])
    func mountThroughLink(isMapped: Bool, target: String) throws {
        var container = try TestContainer(isMapped: isMapped, ["cat", "/canary/inner/secret"])
        try container.scratch.add("rootfs/link", .symlink(target))
        container.spec.mounts.append(
            .init(destination: "/link/inner", source: container.scratch.path("canary"), options: ["bind", "ro"]))
        let run = try container.run()
        #expect(run.output == "HOSTSECRET\n", "\(run)")
        #expect(access("/canary", F_OK) != 0)
    }

    @Test("makes a read-only bind read-only with all mounts below it", arguments: [true, false])
    func readOnlyBind(isMapped: Bool) throws {
        let script = "(echo x > /data/secret) 2>/dev/null && echo wrote; cat /data/secret"
        var container = try TestContainer(isMapped: isMapped, ["sh", "-c", script])
        container.spec.mounts.append(
            .init(destination: "/data", source: container.scratch.path("canary"), options: ["rbind", "ro"]))
        guard chmod(container.scratch.path("canary"), 0o777) == 0 else { return }
        #expect(try container.run().output == "HOSTSECRET\n")
    }

    @Test("shows an idmapped bind with the host's ids as the container's")
    func idmappedBind() throws {
        let script = "busybox stat -c %u /data/secret && echo more > /data/made"
        var container = try TestContainer(isMapped: true, ["sh", "-c", script])
        container.spec.mounts.append(
            .init(
                destination: "/data", source: container.scratch.path("canary"), options: ["rbind"],
                uidMappings: container.spec.linux.uidMappings, gidMappings: container.spec.linux.gidMappings))
        #expect(try container.run().output == "0\n")
        #expect(try FileDescriptor.status(of: container.scratch.path("canary/made")).userID == 0)
    }

    @Test("leaves no mount on the host")
    func hostMounts() throws {
        let before = try FileDescriptor.contents(of: "/proc/self/mountinfo")
        let container = try TestContainer(isMapped: true, ["sleep", "1000"])
        _ = try container.start()
        #expect(try FileDescriptor.contents(of: "/proc/self/mountinfo").count <= before.count + 4096)
        let table = String(decoding: try FileDescriptor.contents(of: "/proc/self/mountinfo"), as: UTF8.self)
        #expect(!table.contains(container.scratch.root))
    }

    @Test("has a name that is no path", arguments: ["../x", ".x", "a/b", "", "a b", "é", String(repeating: "a", count: 256)])
    func names(id: String) throws {
        let container = try TestContainer(isMapped: false, ["true"])
        try container.write()
        let run = try container.runtime("run", "-b", container.scratch.root, id)
        #expect(run.status == 1 && run.error.contains("as container id"), "\(run)")
    }

    @Test("masks with nothing but the host's own null device, whatever the image's is", arguments: [true, false])
    func foreignNull(isMapped: Bool) throws {
        var container = try TestContainer(isMapped: isMapped, ["cat", "/proc/keys", "/proc/timer_list"])
        container.spec.mounts.removeAll { $0.destination.hasPrefix("/dev") }
        try container.scratch.add("rootfs/dev/null", .symlink("/proc/sys/kernel/core_pattern"))
        let run = try container.run()
        // Refused, as the image's /dev/null can't become a device; or, were it started, empty.
        #expect(run.output.isEmpty, "\(run)")
    }

    @Test("runs its hooks in their order, with the state on their standard input")
    func hooks() throws {
        var container = try TestContainer(isMapped: true, ["true"])
        let log = container.scratch.path("log")
        func hook(_ name: String) -> RuntimeSpec.Hook {
            .init(path: "/bin/sh", args: ["sh", "-c", "echo \(name) $(grep -c '\"pid\"') >> \(log)"], env: ["PATH=/bin:/usr/bin"])
        }
        container.spec.hooks.prestart = [hook("prestart")]
        container.spec.hooks.createRuntime = [hook("createRuntime")]
        container.spec.hooks.poststart = [hook("poststart")]
        container.spec.hooks.poststop = [hook("poststop")]
        #expect(try container.run().status == 0)
        let lines = String(decoding: try FileDescriptor.contents(of: log), as: UTF8.self).split(separator: "\n")
        #expect(lines == ["prestart 1", "createRuntime 1", "poststart 1", "poststop 1"])
    }
}
