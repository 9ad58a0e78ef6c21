import MonitorProtocol
import OCI

/// How a container runs on this host: Docker's "HostConfig".
public struct HostConfig: Hashable, Sendable {
    /// `source:destination[:options]`, as `-v` takes them.
    public var binds: [String] = []
    public var mounts: [MountRequest] = []
    /// Destination → options (`size=64m,mode=1777`).
    public var tmpfs: [String: String] = [:]
    /// Containers whose volumes and binds this one has too: `container[:ro|rw]`.
    public var volumesFrom: [String] = []
    /// Of volumes that are made for the container; empty is `local`, the only one.
    public var volumeDriver = ""
    public var containerIDFile = ""
    public var logConfig = LogConfig()
    /// `bridge`, `host`, `none` or `container:ID`.
    public var networkMode = "bridge"
    /// Container port (`80/tcp`) → where on the host; a host port of "" is any free one.
    public var portBindings: [PortBindingRequest] = []
    public var publishAllPorts = false
    public var autoRemove = false
    public var capAdd: [String] = []
    public var capDrop: [String] = []
    public var dns: [String] = []
    public var dnsOptions: [String] = []
    public var dnsSearch: [String] = []
    /// `name:address`, or `name:host-gateway`.
    public var extraHosts: [String] = []
    public var groupAdd: [String] = []
    /// `private`, `shareable` (others may join it), `none` (no `/dev/shm`), `host` or `container:ID`.
    public var ipcMode = "private"
    /// Empty (one of its own), `host` or `container:ID`.
    public var pidMode = ""
    /// Empty (one of its own) or `host`.
    public var utsMode = ""
    /// `` and `auto` are a range of the container's own, `host` none.
    public var usernsMode = ""
    /// `private` or `host`.
    public var cgroupnsMode = "private"
    public var privileged = false
    public var readonlyRootfs = false
    public var securityOptions: [String] = []
    /// In bytes.
    public var shmSize: Int64 = 64 << 20
    public var sysctls: [String: String] = [:]
    /// A name or path of an OCI runtime; empty is Hako's own.
    public var runtime = ""
    public var initProcess: Bool?
    public var restartPolicy = RestartPolicy()
    public var annotations: [String: String] = [:]
    public var resources = Resources()
    /// Nil has the defaults, an empty list none.
    public var maskedPaths: [String]?
    public var readonlyPaths: [String]?

    public init() {}
}

/// Where a container's output goes.
public struct LogConfig: Hashable, Sendable {
    public var type = "json-file"
    public var options: [String: String] = [:]
    public init() {}
}

/// One `-p`: a port of the container and where it is wanted on the host.
public struct PortBindingRequest: Hashable, Sendable {
    /// `80/tcp`.
    public var containerPort: String
    /// Empty is every address.
    public var hostIP: String
    /// Empty or "0" is any free one; a range `8000-8010` is the first free one of it.
    public var hostPort: String

    public init(containerPort: String, hostIP: String = "", hostPort: String = "") {
        self.containerPort = containerPort
        self.hostIP = hostIP
        self.hostPort = hostPort
    }
}

/// One `--mount`.
public struct MountRequest: Hashable, Sendable {
    public enum Kind: String, Sendable { case bind, image, tmpfs, volume }
    public var kind: Kind
    public var source: String
    public var target: String
    public var isReadOnly = false
    /// Of a bind: `rprivate` where empty.
    public var propagation = ""
    /// Of a bind: make a missing source, as `-v` does.
    public var createsSource = false
    public var isRecursive = true
    /// Of a volume: don't fill an empty one with what the image has there.
    public var noCopy = false
    /// Of a volume or an image: a path in it that is mounted instead of the whole.
    public var subpath = ""
    /// What the subpath was said to be of; nil without one.
    public var subpathKind: Kind?
    /// Of a volume that is made for the container.
    public var volumeLabels: [String: String] = [:]
    public var volumeDriver = ""
    public var volumeOptions: [String: String] = [:]
    /// Of a tmpfs, in bytes; 0 has no limit of its own.
    public var tmpfsSize: Int64 = 0
    /// Of a tmpfs: permission bits; nil is 1777.
    public var tmpfsMode: Int64?

    public var isNonRecursive: Bool {
        get { !isRecursive }
        set { isRecursive = !newValue }
    }

    public init(_ kind: Kind, source: String = "", target: String) {
        self.kind = kind
        self.source = source
        self.target = target
    }
}

/// Limits; 0, empty and nil are none.
public struct Resources: Hashable, Sendable {
    public var memory: Int64 = 0
    public var memoryReservation: Int64 = 0
    /// Memory and swap together; -1 is unlimited, 0 twice the memory.
    public var memorySwap: Int64 = 0
    public var memorySwappiness: Int64?
    public var oomKillDisable: Bool?
    public var oomScoreAdjust: Int64 = 0
    /// Billionths of a CPU.
    public var nanoCPUs: Int64 = 0
    public var cpuShares: Int64 = 0
    /// In microseconds.
    public var cpuPeriod: Int64 = 0
    public var cpuQuota: Int64 = 0
    /// In microseconds.
    public var cpuRealtimePeriod: Int64 = 0
    public var cpuRealtimeRuntime: Int64 = 0
    public var cpusetCPUs = ""
    public var cpusetMems = ""
    /// 0 and below are unlimited.
    public var pidsLimit: Int64?
    public var blkioWeight: Int64 = 0
    public var blkioWeightDevice: [DeviceWeight] = []
    public var readBps: [DeviceRate] = []
    public var writeBps: [DeviceRate] = []
    public var readIOps: [DeviceRate] = []
    public var writeIOps: [DeviceRate] = []
    public var devices: [DeviceRequest] = []
    /// Those that their makers' specifications describe.
    public var deviceSets: [DeviceSetRequest] = []
    /// `c 1:3 rwm`
    public var deviceCgroupRules: [String] = []
    /// Where the container's cgroup is made; empty is Hako's own place.
    public var cgroupParent = ""
    public var ulimits: [Ulimit] = []

    public init() {}
}

/// A rate of one block device, in bytes or operations per second.
public struct DeviceRate: Hashable, Sendable {
    public var path: String
    public var rate: Int64
    public init(path: String, rate: Int64) {
        self.path = path
        self.rate = rate
    }
}

/// The share that one block device gives, 10 to 1000; 0 is the default.
public struct DeviceWeight: Hashable, Sendable {
    public var path: String
    public var weight: Int64
    public init(path: String, weight: Int64) {
        self.path = path
        self.weight = weight
    }
}

public struct DeviceRequest: Hashable, Sendable {
    public var pathOnHost: String
    public var pathInContainer: String
    /// Of `r`, `w` and `m`.
    public var permissions: String
    public init(pathOnHost: String, pathInContainer: String, permissions: String) {
        self.pathOnHost = pathOnHost
        self.pathInContainer = pathInContainer
        self.permissions = permissions
    }
}

/// A resource limit by setrlimit(2)'s name in lower case: `nofile`. -1 is unlimited.
public struct Ulimit: Hashable, Sendable {
    public var name: String
    public var soft: Int64
    public var hard: Int64
    public init(name: String, soft: Int64, hard: Int64) {
        self.name = name
        self.soft = soft
        self.hard = hard
    }
}
