/// What a bundle's `config.json` says: how to run one container.
///
/// Members that Hako doesn't know are kept in `other` of the object they stand in and written out again.
/// runtime-spec v1.2 config.md.
public struct RuntimeSpec: Hashable, Sendable {
    /// The version that Hako writes.
    public static let version = "1.2.0"

    public var ociVersion: String
    /// Nil only in a bundle that is created and never started.
    public var process: Process?
    public var root: Root?
    public var hostname: String?
    public var domainname: String?
    /// In the order in which they are mounted.
    public var mounts: [Mount]
    public var hooks: Hooks
    public var annotations: [String: String]
    public var linux: Linux
    public var other: JSONObject

    public init(process: Process? = nil, root: Root? = nil) {
        ociVersion = Self.version
        self.process = process
        self.root = root
        (hostname, domainname) = (nil, nil)
        mounts = []
        hooks = Hooks()
        annotations = [:]
        linux = Linux()
        other = JSONObject()
    }

    public init(json: JSON) throws(FieldError) {
        var reader = try FieldReader(json)
        ociVersion = try reader.required("ociVersion", try reader.string("ociVersion"))
        process = try reader.value("process", Process.init(json:))
        root = try reader.value("root", Root.init(json:))
        hostname = try reader.string("hostname")
        domainname = try reader.string("domainname")
        mounts = try reader.list("mounts", Mount.init(json:)) ?? []
        hooks = try reader.value("hooks", Hooks.init(json:)) ?? Hooks()
        annotations = try reader.map("annotations") ?? [:]
        linux = try reader.value("linux", Linux.init(json:)) ?? Linux()
        other = reader.rest
    }

    public var json: JSON {
        var writer = FieldWriter()
        writer.add("ociVersion", ociVersion)
        writer.add("process", process?.json)
        writer.add("root", root?.json)
        writer.add("hostname", hostname)
        writer.add("domainname", domainname)
        writer.add("mounts", mounts, \.json)
        if !hooks.isEmpty { writer.add("hooks", hooks.json) }
        writer.add("annotations", annotations)
        writer.add("linux", linux.json)
        return writer.object(and: other)
    }
}

extension RuntimeSpec {
    /// The container's root file system.
    public struct Root: Hashable, Sendable {
        /// Absolute, or relative to the bundle.
        public var path: String
        public var isReadOnly: Bool
        public var other = JSONObject()

        public init(path: String = "rootfs", isReadOnly: Bool = false) {
            self.path = path
            self.isReadOnly = isReadOnly
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            path = try reader.required("path", try reader.string("path"))
            isReadOnly = try reader.bool("readonly") ?? false
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("path", path)
            writer.add("readonly", isReadOnly)
            return writer.object(and: other)
        }
    }

    /// A line of an id map: `size` ids from `containerID` on inside are those from `hostID` on outside.
    public struct IDMapping: Hashable, Sendable {
        public var containerID: UInt32
        public var hostID: UInt32
        public var size: UInt32
        public var other = JSONObject()

        public init(containerID: UInt32, hostID: UInt32, size: UInt32) {
            self.containerID = containerID
            self.hostID = hostID
            self.size = size
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            containerID = try reader.required("containerID", try reader.integer("containerID"))
            hostID = try reader.required("hostID", try reader.integer("hostID"))
            size = try reader.required("size", try reader.integer("size"))
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("containerID", containerID)
            writer.add("hostID", hostID)
            writer.add("size", size)
            return writer.object(and: other)
        }
    }

    /// A mount inside the container. config.md, "Mounts".
    public struct Mount: Hashable, Sendable {
        /// A path in the container; a relative one is taken from its root.
        public var destination: String
        /// A file system's name; nil or anything at all for a bind mount, which `bind` or `rbind` in ``options`` makes it.
        public var type: String?
        public var source: String?
        public var options: [String]
        /// For an idmapped mount; both or neither.
        public var uidMappings: [IDMapping]
        public var gidMappings: [IDMapping]
        public var other = JSONObject()

        public init(
            destination: String, type: String? = nil, source: String? = nil, options: [String] = [],
            uidMappings: [IDMapping] = [], gidMappings: [IDMapping] = []
        ) {
            self.destination = destination
            self.type = type
            self.source = source
            self.options = options
            self.uidMappings = uidMappings
            self.gidMappings = gidMappings
        }

        public init(json: JSON) throws(FieldError) {
            var reader = try FieldReader(json)
            destination = try reader.required("destination", try reader.string("destination"))
            type = try reader.string("type")
            source = try reader.string("source")
            options = try reader.strings("options") ?? []
            uidMappings = try reader.list("uidMappings", IDMapping.init(json:)) ?? []
            gidMappings = try reader.list("gidMappings", IDMapping.init(json:)) ?? []
            other = reader.rest
        }

        public var json: JSON {
            var writer = FieldWriter()
            writer.add("destination", destination)
            writer.add("type", type)
            writer.add("source", source)
            writer.add("options", options)
            writer.add("uidMappings", uidMappings, \.json)
            writer.add("gidMappings", gidMappings, \.json)
            return writer.object(and: other)
        }
    }
}
