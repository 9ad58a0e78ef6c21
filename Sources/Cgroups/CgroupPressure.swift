import Linux

/// How much of the time the processes of a cgroup could not go on for want of something (Linux 4.20). accounting/psi.rst.
public struct CgroupPressure: Hashable, Sendable {
    /// Of one resource: `some` while at least one process waited, `full` while all that had something to do did.
    public struct Resource: Hashable, Sendable {
        public var some = Share()
        public var full = Share()
        public init() {}
    }

    public struct Share: Hashable, Sendable {
        /// Percentages of the last 10 seconds, minute and five minutes.
        public var average10 = 0.0
        public var average60 = 0.0
        public var average300 = 0.0
        /// In microseconds, since the cgroup was made.
        public var total: UInt64 = 0
        public init() {}
    }

    public var cpu: Resource?
    public var memory: Resource?
    public var io: Resource?

    /// Reads the files of a cgroup of v2; nil where the kernel has none (CONFIG_PSI, `psi=0`).
    init?(_ directory: CgroupDirectory) {
        // One that isn't there, or is switched off (EOPNOTSUPP, cgroup.pressure), tells nothing.
        func resource(_ name: String) -> Resource? { (try? directory.read("\(name).pressure")).map(Resource.init(text:)) }
        cpu = resource("cpu")
        memory = resource("memory")
        io = resource("io")
        if cpu == nil, memory == nil, io == nil { return nil }
    }
}

extension CgroupPressure.Resource {
    /// `some avg10=0.12 avg60=0.00 avg300=0.00 total=4711`, and a line `full`.
    init(text: String) {
        self.init()
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            var share = CgroupPressure.Share()
            for word in words.dropFirst() {
                let pair = word.split(separator: "=", maxSplits: 1)
                guard pair.count == 2 else { continue }
                switch pair[0] {
                case "avg10": share.average10 = Double(pair[1]) ?? 0
                case "avg60": share.average60 = Double(pair[1]) ?? 0
                case "avg300": share.average300 = Double(pair[1]) ?? 0
                case "total": share.total = UInt64(pair[1]) ?? 0
                default: continue
                }
            }
            if words.first == "some" { some = share } else if words.first == "full" { full = share }
        }
    }
}
