import CommandLineTables
import Engine

/// The options of `run` and `create`: what the container is to be.
enum ContainerOptions {
    static var table: [Option] { common + isolation + limits + HealthOptions.table + later }

    private static var common: [Option] {
        [
            .list("add-host", "Add a custom host-to-IP mapping (host:ip)"),
            .list("annotation", "Add an annotation to the container (passed through to the OCI runtime)", placeholder: "map"),
            .list("attach", short: "a", "Attach to STDIN, STDOUT or STDERR", completion: .words(["stdin", "stdout", "stderr"])),
            .text("cidfile", "Write the container ID to the file", completion: .files),
            .list("dns", "Set custom DNS servers"),
            .list("dns-option", "Set DNS options"),
            .list("dns-search", "Set custom DNS search domains"),
            .text("domainname", "Container NIS domain name"),
            .text("entrypoint", "Overwrite the default ENTRYPOINT of the image"),
            .list("env", short: "e", "Set environment variables"),
            .list("env-file", "Read in a file of environment variables", completion: .files),
            .list("expose", "Expose a port or a range of ports"),
            .list("gpus", "GPU devices to add to the container ('all' to pass all GPUs)", placeholder: "gpu-request"),
            .text("hostname", short: "h", "Container host name"),
            .flag("init", "Run an init inside the container that forwards signals and reaps processes"),
            .flag("interactive", short: "i", "Keep STDIN open even if not attached"),
            .text("ip", "IPv4 address (e.g., 172.30.100.104)"),
            .text("ip6", "IPv6 address (e.g., 2001:db8::33)"),
            .list("label", short: "l", "Set meta data on a container"),
            .list("label-file", "Read in a line delimited file of labels", completion: .files),
            .list("link-local-ip", "Container IPv4/IPv6 link-local addresses"),
            .text(
                "log-driver", "Logging driver for the container: json-file, local, journald, syslog or none",
                completion: .words(LogConfig.drivers)),
            .list("log-opt", "Log driver options"),
            .text("mac-address", "Container MAC address (e.g., 92:d0:c6:0a:29:33)"),
            .list("mount", "Attach a filesystem mount to the container", placeholder: "mount"),
            .text("name", "Assign a name to the container"),
            .text(
                "network", "Connect a container to a network: bridge, host, none or container:ID", placeholder: "network",
                completion: .networks),
            .text("net", "Connect a container to a network", placeholder: "network").hidden(),
            .list("network-alias", "Add network-scoped alias for the container"),
            .list("net-alias", "Add network-scoped alias for the container").hidden(),
            .text("platform", "Set platform if server is multi-platform capable", completion: .words(["linux/amd64", "linux/arm64"])),
            .list("publish", short: "p", "Publish a container's port(s) to the host"),
            .flag("publish-all", short: "P", "Publish all exposed ports to random ports"),
            .text(
                "pull", "Pull image before running (\"always\", \"missing\", \"never\")", default: "missing",
                completion: .words(["always", "missing", "never"])),
            .flag("quiet", short: "q", "Suppress the pull output"),
            .flag("rm", "Automatically remove the container when it exits"),
            .text("runtime", "Runtime to use for this container", completion: .words(["hako-runtime", "crun", "runc"])),
            .text("stop-signal", "Signal to stop the container", completion: .words(CompletionWords.signals)),
            .integer("stop-timeout", "Timeout (in seconds) to stop a container"),
            .list("tmpfs", "Mount a tmpfs directory"),
            .flag("tty", short: "t", "Allocate a pseudo-TTY"),
            .text("user", short: "u", "Username or UID (format: <name|uid>[:<group|gid>])"),
            .list("volume", short: "v", "Mount a volume, or a directory of the host", completion: .volumes),
            .text("volume-driver", "Volume driver for the container: local"),
            .list("volumes-from", "Mount volumes from the specified container(s)", completion: .containers),
            .text("workdir", short: "w", "Working directory inside the container"),
        ]
    }

    private static var isolation: [Option] {
        [
            .list("cap-add", "Add Linux capabilities", completion: .words(CompletionWords.capabilities)),
            .list("cap-drop", "Drop Linux capabilities", completion: .words(CompletionWords.capabilities)),
            .text("cgroup-parent", "Optional parent cgroup for the container"),
            .text("cgroupns", "Cgroup namespace to use: private (the default) or host", completion: .words(["host", "private"])),
            .list("device", "Add a host device to the container", completion: .files),
            .list("device-cgroup-rule", "Add a rule to the cgroup allowed devices list"),
            .list("group-add", "Add additional groups to join"),
            .text(
                "ipc", "IPC mode to use: private (the default), shareable, none, host or container:ID",
                completion: .words(["host", "none", "private", "shareable"])),
            .text("pid", "PID namespace to use: host or container:ID", completion: .words(["host"])),
            .flag("privileged", "Give extended privileges to this container"),
            .flag("read-only", "Mount the container's root filesystem as read only"),
            .list("security-opt", "Security Options", completion: .words(["no-new-privileges", "seccomp=", "systempaths=unconfined"])),
            .bytes("shm-size", "Size of /dev/shm"),
            .list("sysctl", "Sysctl options", placeholder: "map"),
            .list("ulimit", "Ulimit options", placeholder: "ulimit"),
            .text("userns", "User namespace to use: auto (a range of its own, the default) or host", completion: .words(["auto", "host"])),
            .text("uts", "UTS namespace to use: host", completion: .words(["host"])),
        ]
    }

    static var limits: [Option] {
        [
            .integer("blkio-weight", "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)", placeholder: "uint16"),
            .list("blkio-weight-device", "Block IO weight (relative device weight)"),
            .integer("cpu-period", "Limit CPU CFS (Completely Fair Scheduler) period"),
            .integer("cpu-quota", "Limit CPU CFS (Completely Fair Scheduler) quota"),
            .integer("cpu-rt-period", "Limit CPU real-time period in microseconds"),
            .integer("cpu-rt-runtime", "Limit CPU real-time runtime in microseconds"),
            .integer("cpu-shares", short: "c", "CPU shares (relative weight)"),
            .decimal("cpus", "Number of CPUs"),
            .text("cpuset-cpus", "CPUs in which to allow execution (0-3, 0,1)"),
            .text("cpuset-mems", "MEMs in which to allow execution (0-3, 0,1)"),
            .list("device-read-bps", "Limit read rate (bytes per second) from a device"),
            .list("device-read-iops", "Limit read rate (IO per second) from a device"),
            .list("device-write-bps", "Limit write rate (bytes per second) to a device"),
            .list("device-write-iops", "Limit write rate (IO per second) to a device"),
            .bytes("memory", short: "m", "Memory limit"),
            .bytes("memory-reservation", "Memory soft limit"),
            .text("memory-swap", "Swap limit equal to memory plus swap: '-1' to enable unlimited swap", placeholder: "bytes"),
            .integer("memory-swappiness", "Tune container memory swappiness (0 to 100)", default: "-1"),
            .flag("oom-kill-disable", "Disable OOM Killer"),
            .integer("oom-score-adj", "Tune host's OOM preferences (-1000 to 1000)"),
            .integer("pids-limit", "Tune container pids limit (set -1 for unlimited)"),
            RestartOption.option,
        ]
    }

    /// What Docker's client has and Hako hasn't: an error that says so, never ignored.
    private static var later: [Option] {
        [
            .text("isolation", "").unsupported(because: "it is for Windows", except: ["default", ""]),
            kernelMemory,
            .list("link", "").unsupported(
                because: "links are not there; use a network instead: --network container:NAME shares that of another container"),
            .list("storage-opt", "").unsupported(
                because: "the size of what a container writes can only be limited by project quotas (pquota of XFS, prjquota of ext4), which the store does not use"),
            .flag("use-api-socket", "").unsupported(because: "there is no API server yet"),
            .flag("disable-content-trust", "Skip image verification", isOn: true).unsupported(
                because: "signatures of images are not verified"),
        ] + windows
    }

    static let kernelMemory = Option.list("kernel-memory", "").unsupported(
        because: "Linux has had no limit for it since 5.16; --memory counts the kernel's memory too", except: ["0"])

    /// As Docker takes them on Linux, where they mean nothing; but a limit that would not hold is refused.
    private static var windows: [Option] {
        ["cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops"].map {
            .text($0, "").unsupported(because: "it is for Windows", except: ["0"])
        }
    }
}
