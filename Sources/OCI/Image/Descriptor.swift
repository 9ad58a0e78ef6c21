/// Names a blob: what it is, its digest, its size.
///
/// - SeeAlso: image-spec descriptor.md.
public struct Descriptor: Hashable, Sendable {
    public var mediaType: MediaType
    public var digest: Digest
    /// In bytes, of the blob as it is stored; never negative.
    public var size: Int64
    public var urls: [String]
    public var annotations: StringMap
    public var platform: Platform?
    public var artifactType: String?
    /// The document that this was read from: fields unknown here survive in it.
    private var source: JSONObject

    public init(
        mediaType: MediaType, digest: Digest, size: Int64, annotations: StringMap = [:], platform: Platform? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.annotations = annotations
        self.platform = platform
        urls = []
        source = [:]
    }

    public init(json: JSON, at path: String = "") throws(FormatError) {
        let fields = try JSONFields(json, at: path)
        mediaType = MediaType(try fields.required("mediaType", fields.string("mediaType")))
        digest = try fields.required("digest", fields.digest("digest"))
        size = try fields.required("size", fields.size("size"))
        urls = try fields.texts("urls") ?? []
        annotations = try fields.map("annotations") ?? [:]
        platform = try fields.fields("platform").map { fields throws(FormatError) in try Platform(fields) }
        artifactType = try fields.string("artifactType")
        source = fields.object
    }

    public var json: JSON {
        var object = source
        object.put("mediaType", mediaType.description)
        object.put("digest", digest.description)
        object.put("size", .integer(size))
        object.put("urls", urls.map(JSON.string))
        object.put("annotations", annotations, over: source)
        object.put("platform", platform?.json(over: source["platform"]?.object ?? [:]))
        object.put("artifactType", artifactType)
        return .object(object)
    }
}

extension JSONObject {
    /// Writes a map; an empty one stays as it was written and isn't added.
    mutating func put(_ name: String, _ map: StringMap, over source: JSONObject) {
        if map.isEmpty, source[name] == nil || source[name]?.isNull == true { return }
        put(name, map.json)
    }
}

extension Platform {
    /// The `platform` of a descriptor.
    init(_ fields: JSONFields) throws(FormatError) {
        os = try fields.required("os", fields.string("os"))
        architecture = try fields.required("architecture", fields.string("architecture"))
        variant = try fields.string("variant")
        osVersion = try fields.string("os.version")
        osFeatures = try fields.texts("os.features") ?? []
    }

    /// As the `platform` of a descriptor.
    public var json: JSON { json(over: [:]) }

    func json(over source: JSONObject) -> JSON {
        var object = source
        object.put("architecture", architecture)
        object.put("os", os)
        object.put("os.version", osVersion)
        object.put("os.features", osFeatures.map(JSON.string))
        object.put("variant", variant)
        return .object(object)
    }
}
