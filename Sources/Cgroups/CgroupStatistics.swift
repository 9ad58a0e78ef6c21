/// What a cgroup's processes have used. What the controllers that are there don't tell is nil.
public struct CgroupStatistics: Hashable, Sendable {
    public struct CPU: Hashable, Sendable {
        /// In nanoseconds, of all processes together.
        public var total: UInt64 = 0
        public var user: UInt64 = 0
        public var system: UInt64 = 0
        /// Periods of the quota that began, and in how many of them the quota was used up.
        public var periods: UInt64 = 0
        public var throttledPeriods: UInt64 = 0
        /// In nanoseconds.
        public var throttledTime: UInt64 = 0
    }

    public struct Memory: Hashable, Sendable {
        /// In bytes, with caches.
        public var usage: UInt64 = 0
        public var peak: UInt64?
        /// Nil: no limit.
        public var limit: UInt64?
        /// File pages that can be dropped first; Docker's `stats` takes them off the usage.
        public var inactiveFile: UInt64 = 0
        public var oomKills: UInt64 = 0
    }

    public struct Pids: Hashable, Sendable {
        public var current: UInt64 = 0
        /// Nil: no limit.
        public var limit: UInt64?
    }

    /// Of one disk, since the cgroup was made.
    public struct Device: Hashable, Sendable {
        /// `254:0`.
        public var device: String
        public var readBytes: UInt64 = 0
        public var writtenBytes: UInt64 = 0
        public var reads: UInt64 = 0
        public var writes: UInt64 = 0
    }

    public var cpu: CPU?
    public var memory: Memory?
    public var pids: Pids?
    public var devices: [Device]?

    public init() {}
}
