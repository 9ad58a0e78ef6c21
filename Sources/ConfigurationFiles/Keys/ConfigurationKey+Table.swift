import Linux
import OCI

extension ConfigurationKey {
    /// Every key. The names are those of Docker's `daemon.json` where they mean the same.
    public static let all: [ConfigurationKey] = containers + logs + network + runtimes + registries + store

    static func named(_ name: String) -> ConfigurationKey? { all.first { $0.name == name } }

    /// What a key is called elsewhere: by an option of dockerd's or of ours, or before.
    static let otherNames = [
        "insecure-registry": "insecure-registries", "mirrors": "registry-mirrors", "add-runtime": "runtimes", "runtime": "default-runtime",
        "dns-option": "dns-opts", "dns-options": "dns-opts", "log-options": "log-opts", "ulimits": "default-ulimits", "ulimit": "default-ulimits",
        "shm-size": "default-shm-size", "cgroupns": "default-cgroupns-mode", "ipc": "default-ipc-mode", "graph": "data-root", "root": "data-root",
        "run-root": "exec-root",
    ]

    private static let containers: [ConfigurationKey] = [
        ConfigurationKey(
            "default-ulimits",
            .map(
                .object([
                    ObjectMember("Name", .text(.anything)), ObjectMember("Soft", .integer(-1...Int64.max, "units"), isRequired: true),
                    ObjectMember("Hard", .integer(-1...Int64.max, "units"), isRequired: true),
                ]), names: "limits"),
            in: .containers, default: "those of whoever starts the container",
            "Limits that each container has which names none of its own with --ulimit, by the names of setrlimit(2) in lower case: {\"nofile\": {\"Soft\": 1024, \"Hard\": 65536}}. -1 is unlimited. They hold from the next start on."
        ) { configuration, value in
            configuration.ulimits = (value.object?.members ?? []).map { name, limit in
                DefaultUlimit(name: name, soft: limit["Soft"]?.integer ?? -1, hard: limit["Hard"]?.integer ?? -1)
            }
        },
        ConfigurationKey(
            "default-shm-size", .size, in: .containers, default: "64m", "Size of /dev/shm of containers that are made without --shm-size."
        ) { $0.shmSize = $1.sizeInBytes ?? $0.shmSize },
        ConfigurationKey(
            "init", .flag, in: .containers, default: "false",
            "Whether containers have an init process that forwards signals and reaps, where --init says nothing else."
        ) { $0.usesInit = $1.bool ?? false },
        ConfigurationKey(
            "no-new-privileges", .flag, in: .containers, default: "false",
            "Whether programs in containers can gain no privileges by set-user-ID files, where --security-opt no-new-privileges says nothing else."
        ) { $0.noNewPrivileges = $1.bool ?? false },
        ConfigurationKey(
            "seccomp-profile", .text(.anything), in: .containers, default: "builtin",
            "The filter of system calls where --security-opt seccomp names none: the path of a profile in Docker's form, builtin or unconfined."
        ) { $0.seccompProfile = $1.string ?? "" },
        ConfigurationKey(
            "cgroup-parent", .text(.anything), in: .containers, default: "/hako",
            "Where the cgroups of containers are made that are made without --cgroup-parent."
        ) { $0.cgroupParent = $1.string ?? "" },
        ConfigurationKey(
            "default-cgroupns-mode", .text(.word(of: ["private", "host"])), in: .containers, default: "private",
            "The cgroup namespace of containers that are made without --cgroupns."
        ) { $0.cgroupnsMode = $1.string ?? $0.cgroupnsMode },
        ConfigurationKey(
            "default-ipc-mode", .text(.word(of: ["private", "shareable"])), in: .containers, default: "private",
            "The IPC namespace of containers that are made without --ipc: shareable ones can be joined by others."
        ) { $0.ipcMode = $1.string ?? $0.ipcMode },
    ]

    private static let logs: [ConfigurationKey] = [
        ConfigurationKey(
            "log-driver", .text(.anything), in: .logs, default: "json-file", "Where the output of containers goes that are made without --log-driver."
        ) { $0.logDriver = $1.string ?? $0.logDriver },
        ConfigurationKey(
            "log-opts", .map(.text(.anything), names: "options"), in: .logs, default: "those of the driver",
            "Options of that driver, for containers that are made with it: {\"max-size\": \"50m\", \"max-file\": \"5\"}. An option that the container names itself goes first."
        ) { $0.logOptions = $1.namedTexts },
    ]

    private static let network: [ConfigurationKey] = [
        ConfigurationKey(
            "bip", .text(.bridgeAddress), in: .network, default: "the first private network that is free on this host",
            "The address of the bridge on the default network, and the length of its prefix: 10.9.0.1/24. A change is taken over when no container is on the network."
        ) { $0.bridgeSubnet = $1.string.flatMap(IPPrefix.init) },
        ConfigurationKey(
            "default-address-pools",
            .list(.object([
                ObjectMember("base", .text(.ipv4Network), isRequired: true),
                ObjectMember("size", .integer(8...30, "bits"), isRequired: true),
            ])),
            in: .network, default: "172.17.0.0/12 in pieces of /16, 192.168.0.0/16 of /20, 10.201.0.0 to 10.254.0.0 of /16",
            "Networks of which a new network has a piece of that size, where bip names none: [{\"base\": \"10.64.0.0/12\", \"size\": 24}]. The first piece that is free on this host is taken."
        ) { configuration, value in
            configuration.addressPools = (value.array ?? []).compactMap { pool in
                guard let base = pool["base"]?.string.flatMap(IPPrefix.init), let size = pool["size"]?.integer else { return nil }
                return AddressPool(base: base, prefixLength: Int(size))
            }
        },
        ConfigurationKey(
            "ipv6", .flag, in: .network, default: "true where the host has an IPv6 address itself",
            "Whether containers on the default network have IPv6 addresses. It is for a network that is made anew."
        ) { $0.ipv6 = $1.bool },
        ConfigurationKey(
            "fixed-cidr-v6", .text(.ipv6Network), in: .network, default: "a random unique local network",
            "The IPv6 network of the default network, where ipv6 is not false."
        ) { $0.ipv6Subnet = $1.string.flatMap(IPPrefix.init) },
        ConfigurationKey(
            "mtu", .integer(1280...65535, "bytes"), in: .network, default: "that of the host's default route",
            "The largest packet on a bridge that is made anew."
        ) { $0.mtu = $1.integer.map(UInt32.init(clamping:)) },
        ConfigurationKey(
            "ip", .text(.address), in: .network, default: "every address", "The host's address on which ports are published where -p names none."
        ) { $0.publishAddress = $1.string ?? "" },
        ConfigurationKey(
            "dns", .list(.text(.address)), in: .network, default: "those of the host", "Name servers of containers without --dns."
        ) { $0.dns = $1.texts },
        ConfigurationKey(
            "dns-search", .list(.text(.anything)), in: .network, default: "those of the host", "Search domains of containers without --dns-search."
        ) { $0.dnsSearch = $1.texts },
        ConfigurationKey(
            "dns-opts", .list(.text(.anything)), in: .network, default: "those of the host",
            "Options of resolv.conf(5) of containers without --dns-option."
        ) { $0.dnsOptions = $1.texts },
    ]

    private static let runtimes: [ConfigurationKey] = [
        ConfigurationKey(
            "runtimes", .map(.object([ObjectMember("path", .text(.absolutePath), isRequired: true)]), names: "runtimes"),
            in: .runtimes, default: "hako-runtime, and crun and runc where they are installed",
            "OCI runtimes for --runtime, by name: {\"crun-debug\": {\"path\": \"/opt/crun/bin/crun\"}}. One that needs arguments needs a script that adds them."
        ) { configuration, value in
            for (name, runtime) in value.object?.members ?? [] { configuration.runtimes[name] = runtime["path"]?.string }
        },
        ConfigurationKey(
            "default-runtime", .text(.anything), in: .runtimes, default: "hako-runtime", "The runtime of containers that are made without --runtime."
        ) { $0.defaultRuntime = $1.string ?? "" },
    ]

    private static let registries: [ConfigurationKey] = [
        ConfigurationKey(
            "registry-mirrors", .list(.text(.registryAddress)), in: .registries, default: "none",
            "Mirrors of docker.io, asked in this order before it."
        ) { $0.registryMirrors = $1.texts },
        ConfigurationKey(
            "insecure-registries", .list(.text(.registryOrNetwork)), in: .registries, default: "none",
            "Registries that may speak plain HTTP, or HTTPS with a certificate that nobody vouches for."
        ) { $0.insecureRegistries = $1.texts },
        ConfigurationKey(
            "registries",
            .map(
                .object([
                    ObjectMember("mirrors", .list(.text(.registryAddress))), ObjectMember("insecure", .flag),
                    ObjectMember("tokenServers", .list(.text(.registryAddress))),
                ]), names: "registries"),
            in: .registries, default: "none",
            "What holds for single registries: {\"registry.example.com\": {\"mirrors\": [\"https://near.example.com\"]}}. tokenServers are those which may see the login, beyond the registry's own host. Docker has no such key."),
    ]

    private static let store: [ConfigurationKey] = [
        ConfigurationKey(
            "data-root", .text(.absolutePath), in: .store, default: "/var/lib/hako", "Directory of the store, where neither --root nor HAKO_ROOT names one.",
            isNotImported: "Docker's directory is no store of Hako's; name one of Hako's own"
        ) { $0.dataRoot = $1.string },
        ConfigurationKey(
            "exec-root", .text(.absolutePath), in: .store, default: "/run/hako",
            "Directory of what is gone after a reboot, for the store that data-root names, where neither --run-root nor HAKO_RUN_ROOT names one.",
            isNotImported: "it is Docker's directory"
        ) { $0.execRoot = $1.string },
        ConfigurationKey(
            "labels", .list(.text(.label)), in: .store, default: "none", "Labels of this host, which info shows."
        ) { $0.labels = $1.texts },
    ]
}

extension JSON {
    fileprivate var texts: [String] { array?.compactMap(\.string) ?? [] }
    fileprivate var namedTexts: [String: String] {
        (object?.members ?? []).reduce(into: [:]) { $0[$1.name] = $1.value.string }
    }
}
