import Glibc
import Linux
import OCI
import TestSupport

/// A bundle around a static busybox, a runtime root of its own, and the container that `hako-runtime` makes of them. All of
/// it goes with this value, whatever the test did.
struct TestContainer: ~Copyable {
    static let program = Products.path("hako-runtime")
    static let busybox = "/bin/busybox"
    static var isPossible: Bool { geteuid() == 0 && access(busybox, X_OK) == 0 && access(program, X_OK) == 0 }
    /// Where the ids of a mapped container begin; ids that no other test looks at.
    static let firstID: UInt32 = 1_700_000

    let scratch: Scratch
    let id: String
    var spec: RuntimeSpec
    let isMapped: Bool

    /// - Parameter isMapped: With a user namespace of its own.
    init(isMapped: Bool, _ arguments: [String]) throws {
        let scratch = try Scratch([
            "rootfs/bin": .directory, "rootfs/proc": .directory, "rootfs/sys": .directory, "rootfs/dev": .directory,
            "rootfs/tmp": .directory, "rootfs/etc/passwd": "root:x:0:0::/:/bin/sh\n", "canary/secret": "HOSTSECRET\n",
        ])
        let shell = try FileDescriptor.contents(of: Self.busybox)
        try FileDescriptor.open(scratch.path("rootfs/bin/busybox"), flags: O_WRONLY | O_CREAT, mode: 0o755)
            .writeAll(shell)
        guard chmod(scratch.path("rootfs/bin/busybox"), 0o755) == 0, chmod(scratch.root, 0o755) == 0,
            chmod(scratch.path("rootfs"), 0o755) == 0, chmod(scratch.path("rootfs/bin"), 0o755) == 0, chmod(scratch.path("canary"), 0o755) == 0
        else { throw SystemCallError("chmod", on: scratch.root, Errno(rawValue: errno)) }
        for name in ["sh", "id", "cat", "ls", "mount", "umount", "mknod", "sleep", "hostname", "readlink", "kill", "ps", "true", "grep"] {
            try scratch.add("rootfs/bin/" + name, .symlink("busybox"))
        }
        id = "test-" + String(scratch.root.split(separator: "-").last ?? "")
        self.scratch = scratch
        self.isMapped = isMapped
        spec = Self.spec(isMapped: isMapped, arguments)
    }

    deinit {
        _ = try? ProgramRun.of(Self.program, ["--root", scratch.path("state"), "delete", "--force", id])
    }

    /// Writes the bundle's configuration.
    borrowing func write() throws { try scratch.add("config.json", .file(spec.json.bytes())) }

    /// Runs `hako-runtime` with a command on this container's root.
    borrowing func runtime(_ words: String...) throws -> ProgramRun {
        try ProgramRun.of(Self.program, ["--root", scratch.path("state")] + words)
    }

    /// Runs the container to its end.
    borrowing func run() throws -> ProgramRun {
        try write()
        return try runtime("run", "-b", scratch.root, id)
    }

    /// Creates and starts it with its streams on /dev/null; its pid.
    ///
    /// - Parameter runtime: Another copy of the runtime, with its `hako-init` beside it.
    borrowing func start(with runtime: String = Self.program) throws -> CInt {
        try write()
        let created = try ProgramRun.of(
            runtime,
            ["--root", scratch.path("state"), "create", "-b", scratch.root, "--pid-file", scratch.path("pid"), id])
        guard created.status == 0 else { throw Failure(run: created) }
        let started = try ProgramRun.of(runtime, ["--root", scratch.path("state"), "start", id])
        guard started.status == 0 else { throw Failure(run: started) }
        return CInt(String(decoding: try FileDescriptor.contents(of: scratch.path("pid")), as: UTF8.self)) ?? -1
    }

    /// Puts the hostile program into its root.
    borrowing func addProbe() throws {
        // By a process of its own: a child that another test starts just now would hold what is written to here for a moment, and
        // a program that is open for writing can't be executed (ETXTBSY).
        let path = scratch.path("rootfs/bin/container-probe")
        let run = try ProgramRun.of("/bin/sh", ["-c", "cp '\(Attacker.program)' '\(path)' && chmod 755 '\(path)'"])
        guard run.status == 0 else { throw Failure(run: run) }
    }

    struct Failure: Error { let run: ProgramRun }

    static let defaultCapabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
        "CAP_AUDIT_WRITE",
    ]

    mutating func allow(_ capabilities: [String]) {
        spec.process?.capabilities = RuntimeSpec.Capabilities(
            bounding: capabilities, effective: capabilities, permitted: capabilities)
    }

    private static func spec(isMapped: Bool, _ arguments: [String]) -> RuntimeSpec {
        var process = RuntimeSpec.Process(args: arguments, env: ["PATH=/bin"])
        process.capabilities = RuntimeSpec.Capabilities(
            bounding: defaultCapabilities, effective: defaultCapabilities, permitted: defaultCapabilities)
        var spec = RuntimeSpec(process: process, root: RuntimeSpec.Root())
        spec.hostname = "box"
        spec.mounts = [
            .init(destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "nodev", "noexec"]),
            .init(destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755", "size=64k"]),
            .init(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            .init(destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "nodev", "noexec"]),
            .init(destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "nodev", "noexec", "ro"]),
            .init(
                destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
                options: ["nosuid", "nodev", "noexec", "ro"]),
        ]
        spec.linux.namespaces = [.init(.pid), .init(.network), .init(.ipc), .init(.uts), .init(.mount), .init(.cgroup)]
        spec.linux.maskedPaths = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/acpi", "/sys/firmware", "/proc/no"]
        spec.linux.readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
        if isMapped {
            spec.linux.namespaces.append(.init(.user))
            spec.linux.uidMappings = [.init(containerID: 0, hostID: firstID, size: 65536)]
            spec.linux.gidMappings = spec.linux.uidMappings
        }
        return spec
    }
}
