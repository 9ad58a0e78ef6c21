extension RuntimeSpec {
    /// What only Linux has. config-linux.md.
    public struct Linux: Hashable, Sendable {
        public var uidMappings: [IDMapping] = []
        public var gidMappings: [IDMapping] = []
        /// Names with dots: `net.ipv4.ip_forward`.
        public var sysctl: [String: String] = [:]
        public var resources: Resources?
        public var cgroupsPath: String?
        /// A kind that isn't listed stays the runtime's own.
        public var namespaces: [Namespace] = []
        public var devices: [Device] = []
        public var seccomp: Seccomp?
        /// `private`, `slave`, `shared`, `unbindable`, each also with an `r` before it.
        public var rootfsPropagation: String?
        public var maskedPaths: [String] = []
        public var readonlyPaths: [String] = []
        public var mountLabel: String?
        public var personality: Personality?
        public var other = JSONObject()

        public init() {}

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            uidMappings = try reader.list("uidMappings", IDMapping.init(json:)) ?? []
            gidMappings = try reader.list("gidMappings", IDMapping.init(json:)) ?? []
            sysctl = try reader.map("sysctl") ?? [:]
            resources = try reader.value("resources", Resources.init(json:))
            cgroupsPath = try reader.string("cgroupsPath")
            namespaces = try reader.list("namespaces", Namespace.init(json:)) ?? []
            devices = try reader.list("devices", Device.init(json:)) ?? []
            seccomp = try reader.value("seccomp", Seccomp.init(json:))
            rootfsPropagation = try reader.string("rootfsPropagation")
            maskedPaths = try reader.strings("maskedPaths") ?? []
            readonlyPaths = try reader.strings("readonlyPaths") ?? []
            mountLabel = try reader.string("mountLabel")
            personality = try reader.value("personality", Personality.init(json:))
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("uidMappings", uidMappings, \.json)
            writer.add("gidMappings", gidMappings, \.json)
            writer.add("sysctl", sysctl)
            writer.add("resources", resources?.json)
            writer.add("cgroupsPath", cgroupsPath)
            writer.add("namespaces", namespaces, \.json)
            writer.add("devices", devices, \.json)
            writer.add("seccomp", seccomp?.json)
            writer.add("rootfsPropagation", rootfsPropagation)
            writer.add("maskedPaths", maskedPaths)
            writer.add("readonlyPaths", readonlyPaths)
            writer.add("mountLabel", mountLabel)
            writer.add("personality", personality?.json)
            return writer.object(and: other)
        }
    }

    /// A namespace of the container's own, or one to join.
    public struct Namespace: Hashable, Sendable {
        public enum Kind: String, Hashable, Sendable, CaseIterable {
            case pid, network, mount, ipc, uts, user, cgroup, time
        }

        public var kind: Kind
        /// A namespace's file, `/proc/PID/ns/net`; nil makes a new one.
        public var path: String?
        public var other = JSONObject()

        public init(_ kind: Kind, path: String? = nil) {
            self.kind = kind
            self.path = path
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            kind = try reader.required("type", try reader.value("type", FieldReader.word))
            path = try reader.string("path")
            // Go's writers leave an empty string where they mean none.
            if path?.isEmpty == true { path = nil }
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("type", kind.rawValue)
            writer.add("path", path)
            return writer.object(and: other)
        }
    }

    /// A device node to make.
    public struct Device: Hashable, Sendable {
        public enum Kind: String, Hashable, Sendable { case character = "c", unbuffered = "u", block = "b", fifo = "p" }

        public var kind: Kind
        public var path: String
        public var major: UInt32
        public var minor: UInt32
        /// Permission bits; nil: 0666.
        public var fileMode: UInt32?
        /// As the container sees them; nil: 0.
        public var uid: UInt32?
        public var gid: UInt32?
        public var other = JSONObject()

        public init(_ kind: Kind, _ path: String, major: UInt32, minor: UInt32, fileMode: UInt32? = nil) {
            self.kind = kind
            self.path = path
            self.major = major
            self.minor = minor
            self.fileMode = fileMode
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            kind = try reader.required("type", try reader.value("type", FieldReader.word))
            path = try reader.required("path", try reader.string("path"))
            major = try reader.integer("major") ?? 0
            minor = try reader.integer("minor") ?? 0
            fileMode = try reader.integer("fileMode")
            uid = try reader.integer("uid")
            gid = try reader.integer("gid")
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("path", path)
            writer.add("type", kind.rawValue)
            writer.add("major", major)
            writer.add("minor", minor)
            writer.add("fileMode", fileMode)
            writer.add("uid", uid)
            writer.add("gid", gid)
            return writer.object(and: other)
        }
    }

    /// The execution domain. personality(2).
    public struct Personality: Hashable, Sendable {
        public enum Domain: String, Hashable, Sendable { case linux = "LINUX", linux32 = "LINUX32" }

        public var domain: Domain
        public var other = JSONObject()

        public init(domain: Domain) { self.domain = domain }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            domain = try reader.required("domain", try reader.value("domain", FieldReader.word))
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("domain", domain.rawValue)
            return writer.object(and: other)
        }
    }
}
