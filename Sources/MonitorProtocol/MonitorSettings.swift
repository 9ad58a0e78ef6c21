import OCI

/// What a monitor is told at its start: the first message on its control socket.
public struct MonitorSettings: Hashable, Sendable {
    public var id: String
    /// The OCI runtime's absolute path. The monitor's own program is run without starting it again.
    public var runtime: String
    /// What the runtime gets as `--root`.
    public var runtimeRoot: String
    /// Where the container's `state.json` is. Whoever removes the container's files holds a lock on it (flock(2)).
    public var directory: String
    public var journal: String
    /// Of the container's byte, which the monitor is handed. Nil for one that it keeps until nothing is left to do.
    public var slot: Int64?
    /// Nil where something else provides the bundle's `rootfs`.
    public var root: RootMount?
    /// Nil where the container shares the host's ids.
    public var idMap: IDMap?
    /// `user[:group]`, by name or id, as the files of the mounted root have it; empty is root. Nil leaves config.json's.
    public var user: String?
    /// Further groups, by name or id.
    public var groupAdd: [String] = []
    /// Whether a working directory that the image doesn't have is made.
    public var makesWorkingDirectory = false
    /// Whether the container has a terminal: config.json says the same.
    public var terminal = false
    /// Whether the container's stdin is kept for clients; otherwise it is `/dev/null`.
    public var openStdin = false
    /// Whether stdin ends for good when the first client that has it ends it or goes away.
    public var stdinOnce = false
    /// Nil for no log (driver `none`).
    public var log: LogDestination?
    /// A file of the runtime's own: the compiled filter of system calls, in whose stead the bundle has no `seccomp`. If the
    /// bundle has it, it is what counts, and is kept there for the next container. Nil for a policy that isn't kept.
    public var filter: String?
    /// Kept by the monitor: nobody else need be there.
    public var restart = RestartPolicy()
    /// Nil where nobody asks how the container is.
    public var health: HealthCheck?
    /// Run when all is over; empty for nothing.
    public var exitCommand: [String] = []
    /// Whether the container ends with the engine that started it, as a build's step does: nobody wants what it makes any more.
    public var endsWithEngine = false
    /// Of a container that runs already, and whose monitor was killed: it is taken over. Nil for one that is to be made.
    public var running: RunningContainer?

    /// The longest message that brings them, in bytes.
    public static let limit = 128 << 10

    public init(
        id: String, runtime: String, runtimeRoot: String, directory: String, journal: String, root: RootMount? = nil
    ) {
        self.id = id
        self.runtime = runtime
        self.runtimeRoot = runtimeRoot
        self.directory = directory
        self.journal = journal
        self.root = root
    }

    /// What a monitor can't see of a container that it takes over.
    public struct RunningContainer: Hashable, Sendable {
        /// Of its first process, of which a pidfd is handed over.
        public var pid: Int32
        public var startedAt: Timestamp
        /// How often its policy has started it since somebody did.
        public var restarts: Int64
        /// Whether it is not to be started again, whatever its policy says.
        public var isLast: Bool

        public init(pid: Int32, startedAt: Timestamp, restarts: Int64, isLast: Bool) {
            self.pid = pid
            self.startedAt = startedAt
            self.restarts = restarts
            self.isLast = isLast
        }
    }

    /// The overlay that becomes the bundle's `rootfs`.
    public struct RootMount: Hashable, Sendable {
        /// Absolute paths, the topmost layer first.
        public var lowers: [String]
        public var upper: String
        public var work: String
        /// Whether nothing of it has to outlive a crash: unmounting then does not sync the host's file system.
        public var volatile: Bool

        public init(lowers: [String], upper: String, work: String, volatile: Bool) {
            self.lowers = lowers
            self.upper = upper
            self.work = work
            self.volatile = volatile
        }
    }

    public struct IDMap: Hashable, Sendable {
        public var uid: [Range]
        public var gid: [Range]

        public init(uid: [Range], gid: [Range]) {
            self.uid = uid
            self.gid = gid
        }

        public struct Range: Hashable, Sendable {
            public var containerID: UInt32
            public var hostID: UInt32
            public var size: UInt32

            public init(containerID: UInt32, hostID: UInt32, size: UInt32) {
                self.containerID = containerID
                self.hostID = hostID
                self.size = size
            }
        }
    }
}

extension MonitorSettings.IDMap {
    /// The host's id of a container's; nil for one that the container does not have.
    public static func hostID(of id: UInt32, in ranges: [Range]) -> UInt32? {
        for range in ranges where id >= range.containerID && id - range.containerID < range.size {
            let (host, overflow) = range.hostID.addingReportingOverflow(id - range.containerID)
            return overflow ? nil : host
        }
        return nil
    }
}
