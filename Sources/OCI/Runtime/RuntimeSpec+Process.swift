extension RuntimeSpec {
    /// A process of a container: its first one, or one that `exec` adds. config.md, "Process".
    public struct Process: Hashable, Sendable {
        public var terminal: Bool
        /// The terminal's first size; nil leaves it 0 by 0.
        public var consoleSize: ConsoleSize?
        public var user: User
        /// The program, looked up in `PATH` of ``env`` unless it holds a slash, and its arguments.
        public var args: [String]
        /// `NAME=value`.
        public var env: [String]
        /// Absolute, in the container.
        public var cwd: String
        /// Nil: no capability at all.
        public var capabilities: Capabilities?
        public var rlimits: [Rlimit]
        public var noNewPrivileges: Bool
        public var apparmorProfile: String?
        public var selinuxLabel: String?
        /// -1000 to 1000; nil leaves what the caller has.
        public var oomScoreAdj: Int32?
        public var other = JSONObject()

        public init(args: [String] = [], env: [String] = [], cwd: String = "/", user: User = User()) {
            terminal = false
            self.user = user
            self.args = args
            self.env = env
            self.cwd = cwd
            rlimits = []
            noNewPrivileges = false
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            terminal = try reader.bool("terminal") ?? false
            consoleSize = try reader.value("consoleSize", ConsoleSize.init(json:))
            user = try reader.value("user", User.init(json:)) ?? User()
            args = try reader.strings("args") ?? []
            env = try reader.strings("env") ?? []
            cwd = try reader.required("cwd", try reader.string("cwd"))
            capabilities = try reader.value("capabilities", Capabilities.init(json:))
            rlimits = try reader.list("rlimits", Rlimit.init(json:)) ?? []
            noNewPrivileges = try reader.bool("noNewPrivileges") ?? false
            apparmorProfile = try reader.string("apparmorProfile")
            selinuxLabel = try reader.string("selinuxLabel")
            oomScoreAdj = try reader.integer("oomScoreAdj")
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("terminal", terminal)
            writer.add("consoleSize", consoleSize?.json)
            writer.add("user", user.json)
            writer.add("args", args)
            writer.add("env", env)
            writer.add("cwd", cwd)
            writer.add("capabilities", capabilities?.json)
            writer.add("rlimits", rlimits, \.json)
            writer.add("noNewPrivileges", noNewPrivileges)
            writer.add("apparmorProfile", apparmorProfile)
            writer.add("selinuxLabel", selinuxLabel)
            writer.add("oomScoreAdj", oomScoreAdj)
            return writer.object(and: other)
        }
    }

    /// In characters.
    public struct ConsoleSize: Hashable, Sendable {
        public var height: UInt16
        public var width: UInt16

        public init(height: UInt16, width: UInt16) {
            self.height = height
            self.width = width
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            height = try reader.required("height", try reader.integer("height"))
            width = try reader.required("width", try reader.integer("width"))
        }

        public var json: JSON { ["height": .integer(Int64(height)), "width": .integer(Int64(width))] }
    }

    /// Ids as the container sees them.
    public struct User: Hashable, Sendable {
        public var uid: UInt32
        public var gid: UInt32
        /// Nil leaves the umask as it is.
        public var umask: UInt32?
        public var additionalGids: [UInt32]
        public var other = JSONObject()

        public init(uid: UInt32 = 0, gid: UInt32 = 0, umask: UInt32? = nil, additionalGids: [UInt32] = []) {
            self.uid = uid
            self.gid = gid
            self.umask = umask
            self.additionalGids = additionalGids
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            uid = try reader.integer("uid") ?? 0
            gid = try reader.integer("gid") ?? 0
            umask = try reader.integer("umask")
            additionalGids = try reader.list("additionalGids", FieldReader.integer) ?? []
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("uid", uid)
            writer.add("gid", gid)
            writer.add("umask", umask)
            writer.add("additionalGids", additionalGids)
            return writer.object(and: other)
        }
    }

    /// The five sets, as names like `CAP_CHOWN`. capabilities(7).
    public struct Capabilities: Hashable, Sendable {
        public var bounding: [String]
        public var effective: [String]
        public var permitted: [String]
        public var inheritable: [String]
        public var ambient: [String]
        public var other = JSONObject()

        public init(
            bounding: [String] = [], effective: [String] = [], permitted: [String] = [], inheritable: [String] = [],
            ambient: [String] = []
        ) {
            self.bounding = bounding
            self.effective = effective
            self.permitted = permitted
            self.inheritable = inheritable
            self.ambient = ambient
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            bounding = try reader.strings("bounding") ?? []
            effective = try reader.strings("effective") ?? []
            permitted = try reader.strings("permitted") ?? []
            inheritable = try reader.strings("inheritable") ?? []
            ambient = try reader.strings("ambient") ?? []
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("bounding", bounding)
            writer.add("effective", effective)
            writer.add("permitted", permitted)
            writer.add("inheritable", inheritable)
            writer.add("ambient", ambient)
            return writer.object(and: other)
        }
    }

    /// A resource limit. getrlimit(2); `UInt64.max` is RLIM_INFINITY.
    public struct Rlimit: Hashable, Sendable {
        /// `RLIMIT_NOFILE`.
        public var type: String
        public var soft: UInt64
        public var hard: UInt64
        public var other = JSONObject()

        public init(type: String, soft: UInt64, hard: UInt64) {
            self.type = type
            self.soft = soft
            self.hard = hard
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            type = try reader.required("type", try reader.string("type"))
            soft = try reader.required("soft", try reader.integer("soft"))
            hard = try reader.required("hard", try reader.integer("hard"))
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("type", type)
            writer.add("soft", soft)
            writer.add("hard", hard)
            return writer.object(and: other)
        }
    }
}
