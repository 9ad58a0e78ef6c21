import CommandLineTables

/// The options of `run` and `create`: what the container is to be.
enum ContainerOptions {
    static var table: [Option] { common + isolation + limits + later }

    private static var common: [Option] {
        [
            .list("add-host", "Add a custom host-to-IP mapping (host:ip)"),
            .list("annotation", "Add an annotation to the container (passed through to the OCI runtime)", placeholder: "map"),
            .text("cidfile", "Write the container ID to the file"),
            .list("dns", "Set custom DNS servers"),
            .list("dns-option", "Set DNS options"),
            .list("dns-search", "Set custom DNS search domains"),
            .text("domainname", "Container NIS domain name"),
            .text("entrypoint", "Overwrite the default ENTRYPOINT of the image"),
            .list("env", short: "e", "Set environment variables"),
            .list("env-file", "Read in a file of environment variables", completion: .files),
            .list("expose", "Expose a port or a range of ports"),
            .text("hostname", short: "h", "Container host name"),
            .flag("init", "Run an init inside the container that forwards signals and reaps processes"),
            .flag("interactive", short: "i", "Keep STDIN open even if not attached"),
            .list("label", short: "l", "Set meta data on a container"),
            .list("label-file", "Read in a line delimited file of labels", completion: .files),
            .text("log-driver", "Logging driver for the container: json-file or none"),
            .list("log-opt", "Log driver options"),
            .list("mount", "Attach a filesystem mount to the container", placeholder: "mount"),
            .text("name", "Assign a name to the container"),
            .text("network", "Connect a container to a network: bridge, host, none or container:ID", placeholder: "network"),
            .text("net", "Connect a container to a network", placeholder: "network").hidden(),
            .text("platform", "Set platform if server is multi-platform capable"),
            .list("publish", short: "p", "Publish a container's port(s) to the host"),
            .flag("publish-all", short: "P", "Publish all exposed ports to random ports"),
            .text("pull", "Pull image before running (\"always\", \"missing\", \"never\")", default: "missing"),
            .flag("quiet", short: "q", "Suppress the pull output"),
            .flag("rm", "Automatically remove the container when it exits"),
            .text("runtime", "Runtime to use for this container"),
            .text("stop-signal", "Signal to stop the container"),
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
            .list("cap-add", "Add Linux capabilities"),
            .list("cap-drop", "Drop Linux capabilities"),
            .list("device", "Add a host device to the container"),
            .list("group-add", "Add additional groups to join"),
            .flag("privileged", "Give extended privileges to this container"),
            .flag("read-only", "Mount the container's root filesystem as read only"),
            .list("security-opt", "Security Options"),
            .bytes("shm-size", "Size of /dev/shm"),
            .list("sysctl", "Sysctl options", placeholder: "map"),
            .list("ulimit", "Ulimit options", placeholder: "ulimit"),
            .text("userns", "User namespace to use: auto (a range of its own, the default) or host"),
        ]
    }

    static var limits: [Option] {
        [
            .integer("blkio-weight", "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)", placeholder: "uint16"),
            .integer("cpu-period", "Limit CPU CFS (Completely Fair Scheduler) period"),
            .integer("cpu-quota", "Limit CPU CFS (Completely Fair Scheduler) quota"),
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
        let networks = "user-defined networks are not available yet"
        let health = "health checks are not run yet"
        return [
            .list("attach", short: "a", "").unsupported(because: "attaching single streams is not available yet; use -d or a foreground run"),
            .list("blkio-weight-device", "").unsupported(because: "weights of single devices are not available yet"),
            .text("cgroup-parent", "").unsupported(because: "containers have their cgroups below /hako"),
            .text("cgroupns", "").unsupported(
                because: "every container has a cgroup namespace of its own", except: ["private", ""]),
            .integer("cpu-rt-period", "").unsupported(because: "real-time limits are not available yet"),
            .integer("cpu-rt-runtime", "").unsupported(because: "real-time limits are not available yet"),
            .list("device-cgroup-rule", "").unsupported(because: "device rules are not available yet; give the device with --device"),
            .text("gpus", "").unsupported(because: "CDI devices are not available yet"),
            .text("health-cmd", "").unsupported(because: health),
            .duration("health-interval", "").unsupported(because: health),
            .integer("health-retries", "").unsupported(because: health),
            .duration("health-start-interval", "").unsupported(because: health),
            .duration("health-start-period", "").unsupported(because: health),
            .duration("health-timeout", "").unsupported(because: health),
            .flag("no-healthcheck", "").hidden(),
            .text("ip", "").unsupported(because: networks),
            .text("ip6", "").unsupported(because: networks),
            .text("ipc", "").unsupported(
                because: "every container has an IPC namespace of its own", except: ["private", ""]),
            .text("isolation", "").unsupported(because: "it is for Windows", except: ["default", ""]),
            .list("link", "").unsupported(because: "links are not there; " + networks),
            .list("link-local-ip", "").unsupported(because: networks),
            .text("mac-address", "").unsupported(because: networks),
            .list("network-alias", "").unsupported(because: networks),
            .text("pid", "").unsupported(because: "every container has a PID namespace of its own", except: [""]),
            .list("storage-opt", "").unsupported(because: "quotas are not available yet"),
            .text("uts", "").unsupported(because: "every container has a UTS namespace of its own", except: [""]),
            .flag("use-api-socket", "").unsupported(because: "there is no API server yet"),
            .flag("disable-content-trust", "Skip image verification", isOn: true).hidden(),
        ]
    }
}
