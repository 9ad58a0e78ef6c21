extension RuntimeSpec {
    /// Programs that run at points of a container's life. config.md, "POSIX-platform Hooks".
    public struct Hooks: Hashable, Sendable {
        public var prestart: [Hook] = []
        public var createRuntime: [Hook] = []
        public var createContainer: [Hook] = []
        public var startContainer: [Hook] = []
        public var poststart: [Hook] = []
        public var poststop: [Hook] = []
        public var other = JSONObject()

        public init() {}

        public var isEmpty: Bool { self == Hooks() }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            prestart = try reader.list("prestart", Hook.init(json:)) ?? []
            createRuntime = try reader.list("createRuntime", Hook.init(json:)) ?? []
            createContainer = try reader.list("createContainer", Hook.init(json:)) ?? []
            startContainer = try reader.list("startContainer", Hook.init(json:)) ?? []
            poststart = try reader.list("poststart", Hook.init(json:)) ?? []
            poststop = try reader.list("poststop", Hook.init(json:)) ?? []
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("prestart", prestart, \.json)
            writer.add("createRuntime", createRuntime, \.json)
            writer.add("createContainer", createContainer, \.json)
            writer.add("startContainer", startContainer, \.json)
            writer.add("poststart", poststart, \.json)
            writer.add("poststop", poststop, \.json)
            return writer.object(and: other)
        }
    }

    /// One program; it gets the container's state on its standard input.
    public struct Hook: Hashable, Sendable {
        /// Absolute; on the host but for `createContainer` (host's program, container's mounts) and `startContainer`.
        public var path: String
        /// With the program's name as first, as execv(3) takes them; empty: the path alone.
        public var args: [String]
        public var env: [String]
        /// In seconds; nil waits for ever.
        public var timeout: Int32?
        public var other = JSONObject()

        public init(path: String, args: [String] = [], env: [String] = [], timeout: Int32? = nil) {
            self.path = path
            self.args = args
            self.env = env
            self.timeout = timeout
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            path = try reader.required("path", try reader.string("path"))
            args = try reader.strings("args") ?? []
            env = try reader.strings("env") ?? []
            timeout = try reader.integer("timeout")
            other = reader.rest
            guard path.utf8.first == UInt8(ascii: "/") else { throw FieldError("path", "must be absolute") }
            if let timeout, timeout <= 0 { throw FieldError("timeout", "must be greater than zero") }
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("path", path)
            writer.add("args", args)
            writer.add("env", env)
            writer.add("timeout", timeout)
            return writer.object(and: other)
        }
    }
}
