import OCI

/// What every container gets: Docker's defaults, as `inspect` of one shows them.
enum SpecDefaults {
    static let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Where `--init` puts `hako-init`: Docker's place for its own.
    static let initPath = "/sbin/docker-init"

    /// `/dev` is a tmpfs of the runtime's with nodes of its own: an image's device nodes are never reached.
    static func mounts(shmSize: Int64, isPrivileged: Bool) -> [RuntimeSpec.Mount] {
        let access = isPrivileged ? "rw" : "ro"
        return [
            .init(destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"]),
            .init(
                destination: "/dev", type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            .init(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            .init(
                destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", access]),
            .init(
                destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
                options: ["nosuid", "noexec", "nodev", "relatime", access]),
            .init(
                destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"]),
            .init(
                destination: "/dev/shm", type: "tmpfs", source: "shm",
                options: ["nosuid", "noexec", "nodev", "mode=1777", "size=\(shmSize)"]),
        ]
    }

    /// In the layer below every image, as in Docker's. Programs look for `/.dockerenv` to know that they are in a container.
    static let initDirectories = ["dev", "etc", "proc", "sys"]
    static let initFiles = [".dockerenv", "etc/hostname", "etc/hosts", "etc/resolv.conf"]

    static let stepFiles = ["etc/hosts", "etc/resolv.conf"]

    static let maskedPaths = [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
        "/sys/devices/virtual/powercap",
    ]

    static let readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    /// No device but those that the runtime makes: denied first, then allowed one by one.
    static let deviceRules: [RuntimeSpec.DeviceRule] = [
        .init(allow: false, access: "rwm"),
        .init(allow: true, .character, access: "m"),
        .init(allow: true, .block, access: "m"),
        .init(allow: true, .character, major: 1, minor: 3, access: "rwm"),  // null
        .init(allow: true, .character, major: 1, minor: 5, access: "rwm"),  // zero
        .init(allow: true, .character, major: 1, minor: 7, access: "rwm"),  // full
        .init(allow: true, .character, major: 1, minor: 8, access: "rwm"),  // random
        .init(allow: true, .character, major: 1, minor: 9, access: "rwm"),  // urandom
        .init(allow: true, .character, major: 5, minor: 0, access: "rwm"),  // tty
        .init(allow: true, .character, major: 5, minor: 1, access: "rwm"),  // console
        .init(allow: true, .character, major: 5, minor: 2, access: "rwm"),  // ptmx
        .init(allow: true, .character, major: 136, access: "rwm"),  // pts
    ]
}
