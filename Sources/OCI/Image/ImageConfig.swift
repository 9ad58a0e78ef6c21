/// What an image says of itself: its platform, its layers by diffID, its history, and what a container starts with.
/// Its digest is the image's id.
///
/// - SeeAlso: image-spec config.md.
public struct ImageConfig: Hashable, Sendable {
    /// In bytes; far above any real one.
    public static let maximumSize = 8 << 20

    /// RFC 3339, as it was written.
    public var created: String?
    public var author: String?
    public var platform: Platform
    public var config: ExecutionConfig
    /// The uncompressed layers, the lowest first.
    public var diffIDs: [DiffID]
    public var history: [HistoryEntry]
    /// The steps that its layers came from (``BuildCacheDocument/inline``), where it carries its own cache.
    public var buildCache: JSON?
    private var source: JSONObject

    /// As BuildKit's `moby.buildkit.cache.v0`.
    private static let buildCacheName = "hako.buildcache.v1"

    public init(platform: Platform, diffIDs: [DiffID], config: ExecutionConfig = ExecutionConfig()) {
        self.platform = platform
        self.diffIDs = diffIDs
        self.config = config
        history = []
        source = [:]
    }

    public init(json: JSON) throws(FormatError) {
        let fields = try JSONFields(json)
        created = try fields.string("created")
        author = try fields.string("author")
        platform = try Platform(fields)
        config = try fields.fields("config").map { fields throws(FormatError) in try ExecutionConfig(fields) }
            ?? ExecutionConfig()
        let rootfs = try fields.required("rootfs", fields.fields("rootfs"))
        guard try rootfs.string("type") == "layers" else { throw rootfs.error("type", "must be \"layers\"") }
        let diffIDs = try rootfs.list("diff_ids", limit: ImageManifest.maximumLayers) { json, path throws(FormatError) in
            guard let text = json.string else { throw FormatError(path, "must be a string") }
            do { return try DiffID(text) } catch { throw FormatError(path, "is no digest: \(error)") }
        }
        // Go writes an image without layers as null.
        self.diffIDs = diffIDs ?? []
        history = try fields.list("history") { json, path throws(FormatError) in
            try HistoryEntry(JSONFields(json, at: path))
        } ?? []
        buildCache = fields[Self.buildCacheName]
        source = fields.object
    }

    public var json: JSON {
        guard case .object(var object) = platform.json(over: source) else { return .null }
        object.put("created", created)
        object.put("author", author)
        let config = config.json
        if source["config"] != nil || config != .object([:]) { object.put("config", config) }
        var rootfs = source["rootfs"]?.object ?? [:]
        rootfs.put("type", "layers")
        rootfs.put("diff_ids", .array(diffIDs.map { .string($0.description) }))
        object.put("rootfs", .object(rootfs))
        object.put("history", history.map(\.json))
        object.put(Self.buildCacheName, buildCache)
        return .object(object)
    }

    /// Whether the config speaks of as many layers as the manifest; each must unpack to its diffID.
    public func fits(_ manifest: ImageManifest) -> Bool { diffIDs.count == manifest.layers.count }
}

/// How one layer, or a step without a layer, came to be; shown to people, trusted for nothing.
public struct HistoryEntry: Hashable, Sendable {
    public var created: String?
    public var createdBy: String?
    public var author: String?
    public var comment: String?
    public var isEmptyLayer: Bool
    private var source: JSONObject

    public init(created: String? = nil, createdBy: String? = nil, comment: String? = nil, isEmptyLayer: Bool = false) {
        self.created = created
        self.createdBy = createdBy
        self.comment = comment
        self.isEmptyLayer = isEmptyLayer
        source = [:]
    }

    init(_ fields: JSONFields) throws(FormatError) {
        created = try fields.string("created")
        createdBy = try fields.string("created_by")
        author = try fields.string("author")
        comment = try fields.string("comment")
        isEmptyLayer = try fields.bool("empty_layer") ?? false
        source = fields.object
    }

    var json: JSON {
        var object = source
        object.put("created", created)
        object.put("created_by", createdBy)
        object.put("author", author)
        object.put("comment", comment)
        if isEmptyLayer || source["empty_layer"] != nil { object.put("empty_layer", .bool(isEmptyLayer)) }
        return .object(object)
    }
}
