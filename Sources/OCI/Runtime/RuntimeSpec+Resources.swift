extension RuntimeSpec {
    /// Limits, which a cgroup keeps. config-linux.md, "Control groups"; what is nil or empty is not limited.
    public struct Resources: Hashable, Sendable {
        /// Later rules override earlier ones.
        public var devices: [DeviceRule] = []
        public var memory: Memory?
        public var cpu: CPU?
        public var pids: Pids?
        public var blockIO: BlockIO?
        public var hugepageLimits: [HugepageLimit] = []
        /// Files of cgroup v2 and what is written to them.
        public var unified: [String: String] = [:]
        public var other = JSONObject()

        public init() {}

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            devices = try reader.list("devices", DeviceRule.init(json:)) ?? []
            memory = try reader.value("memory", Memory.init(json:))
            cpu = try reader.value("cpu", CPU.init(json:))
            pids = try reader.value("pids", Pids.init(json:))
            blockIO = try reader.value("blockIO", BlockIO.init(json:))
            hugepageLimits = try reader.list("hugepageLimits", HugepageLimit.init(json:)) ?? []
            unified = try reader.map("unified") ?? [:]
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("devices", devices, \.json)
            writer.add("memory", memory?.json)
            writer.add("cpu", cpu?.json)
            writer.add("pids", pids?.json)
            writer.add("blockIO", blockIO?.json)
            writer.add("hugepageLimits", hugepageLimits, \.json)
            writer.add("unified", unified)
            return writer.object(and: other)
        }
    }

    /// What the container may do with a device, or with all that match.
    public struct DeviceRule: Hashable, Sendable {
        public enum Kind: String, Hashable, Sendable { case all = "a", character = "c", block = "b" }

        public var allow: Bool
        public var kind: Kind
        /// Nil: every number.
        public var major: UInt32?
        public var minor: UInt32?
        /// Of `r`, `w` and `m`.
        public var access: String
        public var other = JSONObject()

        public init(
            allow: Bool, _ kind: Kind = .all, major: UInt32? = nil, minor: UInt32? = nil, access: String = "rwm"
        ) {
            self.allow = allow
            self.kind = kind
            self.major = major
            self.minor = minor
            self.access = access
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            allow = try reader.required("allow", try reader.bool("allow"))
            kind = try reader.value("type", FieldReader.word) ?? .all
            major = try Self.number(try reader.integer("major"), "major")
            minor = try Self.number(try reader.integer("minor"), "minor")
            access = try reader.string("access") ?? "rwm"
            other = reader.rest
            if access.isEmpty { access = "rwm" }
            guard access.utf8.allSatisfy({ "rwm".utf8.contains($0) }) else {
                throw FieldError("access", "must be of r, w and m")
            }
        }

        /// Go's writers say -1 where they mean every number.
        private static func number(_ value: Int64?, _ name: String) throws(FieldError) -> UInt32? {
            guard let value, value != -1 else { return nil }
            guard let number = UInt32(exactly: value) else { throw FieldError(name, "is no device number") }
            return number
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("allow", .bool(allow) as JSON)
            writer.add("type", kind.rawValue)
            writer.add("major", major)
            writer.add("minor", minor)
            writer.add("access", access)
            return writer.object(and: other)
        }
    }

    /// In bytes; -1 is no limit.
    public struct Memory: Hashable, Sendable {
        public var limit: Int64?
        public var reservation: Int64?
        /// Memory and swap together.
        public var swap: Int64?
        /// 0 to 100.
        public var swappiness: UInt64?
        public var disableOOMKiller: Bool = false
        public var other = JSONObject()

        public init(limit: Int64? = nil, reservation: Int64? = nil, swap: Int64? = nil) {
            self.limit = limit
            self.reservation = reservation
            self.swap = swap
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            limit = try reader.integer("limit")
            reservation = try reader.integer("reservation")
            swap = try reader.integer("swap")
            swappiness = try reader.integer("swappiness")
            disableOOMKiller = try reader.bool("disableOOMKiller") ?? false
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("limit", limit)
            writer.add("reservation", reservation)
            writer.add("swap", swap)
            writer.add("swappiness", swappiness)
            writer.add("disableOOMKiller", disableOOMKiller)
            return writer.object(and: other)
        }
    }

    /// Times in microseconds.
    public struct CPU: Hashable, Sendable {
        /// Relative to other cgroups, 2 to 262,144.
        public var shares: UInt64?
        public var quota: Int64?
        public var burst: UInt64?
        public var period: UInt64?
        public var realtimeRuntime: Int64?
        public var realtimePeriod: UInt64?
        /// Lists as cpuset(7) has them: `0-2,7`.
        public var cpus: String?
        public var mems: String?
        public var idle: Int64?
        public var other = JSONObject()

        public init() {}

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            shares = try reader.integer("shares")
            quota = try reader.integer("quota")
            burst = try reader.integer("burst")
            period = try reader.integer("period")
            realtimeRuntime = try reader.integer("realtimeRuntime")
            realtimePeriod = try reader.integer("realtimePeriod")
            cpus = try reader.string("cpus")
            mems = try reader.string("mems")
            idle = try reader.integer("idle")
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("shares", shares)
            writer.add("quota", quota)
            writer.add("burst", burst)
            writer.add("period", period)
            writer.add("realtimeRuntime", realtimeRuntime)
            writer.add("realtimePeriod", realtimePeriod)
            writer.add("cpus", cpus)
            writer.add("mems", mems)
            writer.add("idle", idle)
            return writer.object(and: other)
        }
    }

    public struct Pids: Hashable, Sendable {
        /// -1 (and, from Docker, 0) is no limit.
        public var limit: Int64
        public var other = JSONObject()

        public init(limit: Int64) { self.limit = limit }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            limit = try reader.required("limit", try reader.integer("limit"))
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("limit", limit)
            return writer.object(and: other)
        }
    }

    /// Huge pages of one size.
    public struct HugepageLimit: Hashable, Sendable {
        /// `2MB`, as the kernel names the size.
        public var pageSize: String
        /// In bytes.
        public var limit: UInt64
        public var other = JSONObject()

        public init(pageSize: String, limit: UInt64) {
            self.pageSize = pageSize
            self.limit = limit
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            pageSize = try reader.required("pageSize", try reader.string("pageSize"))
            limit = try reader.required("limit", try reader.integer("limit"))
            other = reader.rest
            // It becomes a part of a file's name.
            guard !pageSize.isEmpty, pageSize.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "Z") ~= $0 }) else {
                throw FieldError("pageSize", "must be a number with KB, MB or GB")
            }
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("pageSize", pageSize)
            writer.add("limit", limit)
            return writer.object(and: other)
        }
    }
}
