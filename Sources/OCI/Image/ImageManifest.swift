/// The parts of one image: its config and its layers, the lowest first. OCI's and Docker's (schema 2) are the same.
///
/// - SeeAlso: image-spec manifest.md; distribution's manifest-v2-2.md.
public struct ImageManifest: Hashable, Sendable {
    /// An overlay takes 500 lower layers; what has more than this can only be meant to hurt.
    public static let maximumLayers = 1_000
    /// In bytes: registries take no bigger manifests or indexes.
    public static let maximumSize = 4 << 20

    /// Nil where the document doesn't say; then it is OCI's.
    public var mediaType: MediaType?
    public var config: Descriptor
    public var layers: [Descriptor]
    public var artifactType: String?
    public var subject: Descriptor?
    public var annotations: StringMap
    private var source: JSONObject

    public init(mediaType: MediaType = .imageManifest, config: Descriptor, layers: [Descriptor]) {
        self.mediaType = mediaType
        self.config = config
        self.layers = layers
        annotations = [:]
        source = ["schemaVersion": 2]
    }

    public init(json: JSON) throws(FormatError) {
        let fields = try JSONFields(json)
        let kind = try ManifestKind(fields)
        guard kind == .manifest else { throw FormatError("", "is an index, not a manifest") }
        mediaType = try fields.string("mediaType").map { MediaType($0) }
        config = try Descriptor(json: fields.required("config", fields["config"]), at: "config")
        let layers = try fields.list("layers", limit: Self.maximumLayers) { json, path throws(FormatError) in
            try Descriptor(json: json, at: path)
        }
        self.layers = try fields.required("layers", layers)
        artifactType = try fields.string("artifactType")
        subject = try fields["subject"].map { json throws(FormatError) in try Descriptor(json: json, at: "subject") }
        annotations = try fields.map("annotations") ?? [:]
        source = fields.object
    }

    public var json: JSON {
        var object = source
        object.put("schemaVersion", 2)
        object.put("mediaType", mediaType?.description)
        object.put("artifactType", artifactType)
        object.put("config", config.json)
        object.put("layers", .array(layers.map(\.json)))
        object.put("subject", subject?.json)
        object.put("annotations", annotations, over: source)
        return .object(object)
    }
}

/// One name for several images, as a rule one for each platform. OCI's index and Docker's manifest list are the same.
///
/// - SeeAlso: image-spec image-index.md.
public struct ImageIndex: Hashable, Sendable {
    public static let maximumManifests = 10_000
    /// How deep indexes in indexes are followed, the first one counted.
    public static let maximumDepth = 3

    /// Nil where the document doesn't say; then it is OCI's.
    public var mediaType: MediaType?
    /// Manifests, or further indexes.
    public var manifests: [Descriptor]
    public var artifactType: String?
    public var subject: Descriptor?
    public var annotations: StringMap
    private var source: JSONObject

    public init(mediaType: MediaType? = .imageIndex, manifests: [Descriptor], annotations: StringMap = [:]) {
        self.mediaType = mediaType
        self.manifests = manifests
        self.annotations = annotations
        source = ["schemaVersion": 2]
    }

    public init(json: JSON) throws(FormatError) {
        let fields = try JSONFields(json)
        let kind = try ManifestKind(fields)
        guard kind == .index else { throw FormatError("", "is a manifest, not an index") }
        mediaType = try fields.string("mediaType").map { MediaType($0) }
        let manifests = try fields.list("manifests", limit: Self.maximumManifests) { json, path throws(FormatError) in
            try Descriptor(json: json, at: path)
        }
        self.manifests = try fields.required("manifests", manifests)
        artifactType = try fields.string("artifactType")
        subject = try fields["subject"].map { json throws(FormatError) in try Descriptor(json: json, at: "subject") }
        annotations = try fields.map("annotations") ?? [:]
        source = fields.object
    }

    public var json: JSON {
        var object = source
        object.put("schemaVersion", 2)
        object.put("mediaType", mediaType?.description)
        object.put("artifactType", artifactType)
        object.put("manifests", .array(manifests.map(\.json)))
        object.put("subject", subject?.json)
        object.put("annotations", annotations, over: source)
        return .object(object)
    }

    /// The entries that a machine of this platform runs, the best first; equally good ones in the index's order.
    ///
    /// An entry without a platform comes last, as only its config can tell. Build attestations (`unknown/unknown`)
    /// are never among them.
    public func candidates(for platform: Platform) -> [Descriptor] {
        let last = Int.max
        return manifests.enumerated()
            .compactMap { index, entry -> (rank: Int, index: Int, entry: Descriptor)? in
                guard let own = entry.platform else { return (last, index, entry) }
                return platform.rank(of: own).map { ($0, index, entry) }
            }
            .sorted { ($0.rank, $0.index) < ($1.rank, $1.index) }
            .map(\.entry)
    }
}

/// What a document under a manifest's name is, by its own bytes.
public enum ManifestDocument: Hashable, Sendable {
    case manifest(ImageManifest)
    case index(ImageIndex)

    /// Decides by what the document holds, never by what came beside it.
    ///
    /// - Parameter mediaType: What a descriptor or a Content-Type says that it is: another kind than the document's
    ///   own is an error, as two readers could see two images (CVE-2021-41190). Nil where nothing was said.
    public init(json: JSON, declaredAs mediaType: MediaType? = nil) throws(FormatError) {
        let kind = try ManifestKind(JSONFields(json))
        switch kind {
        case .manifest: self = .manifest(try ImageManifest(json: json))
        case .index: self = .index(try ImageIndex(json: json))
        }
        guard let mediaType else { return }
        let agrees = kind == .manifest ? mediaType.isManifest : mediaType.isIndex
        guard agrees, self.mediaType.map({ $0 == mediaType }) ?? true else {
            throw FormatError("mediaType", "is not the declared \(mediaType)")
        }
    }

    public var mediaType: MediaType? {
        switch self {
        case .manifest(let manifest): manifest.mediaType
        case .index(let index): index.mediaType
        }
    }

    public var json: JSON {
        switch self {
        case .manifest(let manifest): manifest.json
        case .index(let index): index.json
        }
    }
}

/// The one reading of a document that both types go through.
private enum ManifestKind {
    case manifest, index

    init(_ fields: JSONFields) throws(FormatError) {
        guard try fields.integer("schemaVersion") == 2 else {
            throw fields.error(
                "schemaVersion", fields["schemaVersion"] == 1 ? "1 is no longer supported" : "must be 2")
        }
        // A document with both could be read as two different images (CVE-2021-41190), and so could one that a
        // reader of schema 1 understands. Present counts, even as null.
        let isManifest = fields.object["layers"] != nil || fields.object["config"] != nil
        let isIndex = fields.object["manifests"] != nil
        guard !(isManifest && isIndex) else { throw FormatError("", "has both layers and manifests") }
        guard fields.object["fsLayers"] == nil else { throw fields.error("fsLayers", "belongs to another schema") }
        guard isManifest || isIndex else { throw FormatError("", "has neither layers nor manifests") }
        self = isManifest ? .manifest : .index
        if let mediaType = try fields.string("mediaType").map({ MediaType($0) }) {
            guard isManifest ? mediaType.isManifest : mediaType.isIndex else {
                throw fields.error("mediaType", "\(mediaType) does not fit what the document holds")
            }
        }
    }
}
