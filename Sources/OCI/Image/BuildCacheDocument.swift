/// A cache of builds that lies outside of a store: which steps came to which layers.
///
/// By itself it is an image manifest whose layers are those of the steps, and whose config (``MediaType/buildCache``) says the rest, so
/// that every registry and every OCI layout keeps it. Inline it is a member of an image's own config (``ImageConfig/buildCache``), and
/// its layers are the image's.
public struct BuildCacheDocument: Hashable, Sendable {
    /// More steps, or more keys of one, can only be meant to hurt.
    public static let maximumSteps = 10_000
    public static let maximumKeys = 16

    public struct Layer: Hashable, Sendable {
        public var diffID: DiffID
        public var blob: Descriptor

        /// - Parameter blob: Of Docker's type or OCI's; here it has OCI's, and nothing that somebody noted beside it.
        public init(_ diffID: DiffID, blob: Descriptor) {
            self.diffID = diffID
            self.blob = Descriptor(mediaType: blob.mediaType.ofOCI, digest: blob.digest, size: blob.size)
        }
    }

    public struct Step: Hashable, Sendable {
        /// Each identifies the step: 64 lower-case hexadecimal digits.
        public var keys: [String]
        /// Which one of the layers it came to.
        public var layer: Int
        /// When it was done: what the image's history says of it.
        public var created: Timestamp
        /// `RUN make`, for people; empty inline, where the image's history tells.
        public var title: String

        public init(keys: [String], layer: Int, created: Timestamp, title: String = "") {
            self.keys = keys
            self.layer = layer
            self.created = created
            self.title = title
        }
    }

    public var layers: [Layer]
    public var steps: [Step]

    public init(layers: [Layer] = [], steps: [Step] = []) {
        self.layers = layers
        self.steps = steps
    }

    /// Adds what another one holds.
    public mutating func add(_ other: BuildCacheDocument) {
        let offset = layers.count
        layers += other.layers
        steps += other.steps.map { step in
            var step = step
            step.layer += offset
            return step
        }
    }
}

// MARK: By itself

extension BuildCacheDocument {
    /// What the config says; the manifest names the layers' blobs, in the order of ``layers``.
    public var config: JSON {
        ["layers": .array(layers.map { .string($0.diffID.description) }), "steps": .array(steps.map(\.json))]
    }

    /// - Parameter blobs: Of the manifest.
    /// - Throws: For what doesn't fit together, and for blobs that are no layers of the place itself.
    public init(config: JSON, blobs: [Descriptor]) throws(FormatError) {
        let fields = try JSONFields(config)
        let layers = try fields.list("layers", limit: ImageManifest.maximumLayers) { json, path throws(FormatError) in
            try Self.diffID(json, path)
        }
        let diffIDs = layers ?? []
        try self.init(diffIDs, blobs, try Self.steps(fields.required("steps", fields["steps"]), layerCount: diffIDs.count))
    }

    private init(_ diffIDs: [DiffID], _ blobs: [Descriptor], _ steps: [Step]) throws(FormatError) {
        guard diffIDs.count == blobs.count else {
            throw FormatError("layers", "are \(diffIDs.count), and \(blobs.count) in the manifest")
        }
        var layers: [Layer] = []
        for (diffID, blob) in zip(diffIDs, blobs) {
            // A layer that lies elsewhere would be fetched from wherever somebody says.
            guard blob.mediaType.isLayer, blob.urls.isEmpty else {
                throw FormatError("layers", "has \(blob.digest), which is no layer of this place but \(blob.mediaType)")
            }
            layers.append(Layer(diffID, blob: blob))
        }
        self.init(layers: layers, steps: steps)
    }

    private static func diffID(_ json: JSON, _ path: String) throws(FormatError) -> DiffID {
        guard let text = json.string else { throw FormatError(path, "must be a string") }
        do { return try DiffID(text) } catch { throw FormatError(path, "is no digest: \(error)") }
    }

    private static func steps(_ json: JSON, layerCount: Int) throws(FormatError) -> [Step] {
        let fields = try JSONFields(["steps": json])
        return try fields.list("steps", limit: maximumSteps) { json, path throws(FormatError) in
            let step = try Step(JSONFields(json, at: path))
            guard (0..<layerCount).contains(step.layer) else { throw FormatError("\(path).layer", "is no layer of this cache") }
            return step
        } ?? []
    }
}

extension BuildCacheDocument.Step {
    fileprivate init(_ fields: JSONFields) throws(FormatError) {
        let keys = try fields.list("keys", limit: BuildCacheDocument.maximumKeys) { json, path throws(FormatError) in
            guard let key = json.string, key.utf8.count == 64, key.utf8.allSatisfy(ASCII.isLowerHexadecimal) else {
                throw FormatError(path, "must be 64 hexadecimal digits")
            }
            return key
        }
        self.keys = try fields.required("keys", keys)
        layer = Int(clamping: try fields.required("layer", fields.integer("layer")))
        let created = try fields.required("created", fields.string("created"))
        guard let time = Timestamp(parsing: created) else { throw fields.error("created", "is no time") }
        self.created = time
        title = try fields.string("title") ?? ""
    }

    fileprivate var json: JSON {
        var object: JSONObject = [
            "keys": JSON(keys), "layer": .integer(Int64(layer)), "created": .string(created.description),
        ]
        if !title.isEmpty { object["title"] = .string(title) }
        return .object(object)
    }
}

// MARK: Inline

extension BuildCacheDocument {
    /// What an image's config says of its steps: ``layers`` are the image's, one for each.
    public var inline: JSON { .array(steps.map(\.json)) }

    /// - Returns: Nil for an image that has no cache.
    public init?(inlineOf config: ImageConfig, _ manifest: ImageManifest) throws(FormatError) {
        guard let steps = config.buildCache else { return nil }
        try self.init(config.diffIDs, manifest.layers, try Self.steps(steps, layerCount: config.diffIDs.count))
    }
}

// MARK: Between programs

extension BuildCacheDocument {
    /// All of it as one value.
    public var json: JSON { ["blobs": .array(layers.map(\.blob.json)), "cache": config] }

    public init(json: JSON) throws(FormatError) {
        let fields = try JSONFields(json)
        // Of several platforms it is more than one manifest has.
        let blobs = try fields.list("blobs") { json, path throws(FormatError) in try Descriptor(json: json, at: path) } ?? []
        try self.init(config: try fields.required("cache", fields["cache"]), blobs: blobs)
    }
}

/// Where a cache of builds lies that is in no store.
public enum BuildCachePlace: Hashable, Sendable, CustomStringConvertible {
    case registry(Reference)
    /// An OCI layout in a directory, and what is meant in it: a tag or a digest.
    case layout(directory: String, name: String)

    public static let defaultName = "latest"

    /// For people.
    public var description: String {
        switch self {
        case .registry(let reference): reference.withDefaultTag.familiar
        case .layout(let directory, let name): name == Self.defaultName ? directory : "\(directory):\(name)"
        }
    }
}
