import OCI
import SQLite

/// A step of a build that was done, and what it made.
public struct CachedStepRecord: Hashable, Sendable {
    /// What identifies the step: the same key, the same result.
    public var key: [UInt8]
    /// `RUN`, `COPY`.
    public var kind: String
    /// The instruction, for people.
    public var title: String
    /// Nil for a step that makes no layer.
    public var layer: DiffID?
    /// The layer as a blob; nil where there is none.
    public var blob: Descriptor?
    /// When it was done, in nanoseconds since 1970.
    public var created: Int64
    /// In nanoseconds since 1970; a use soon after another one may not be noted.
    public var lastUsed: Int64
    /// How often it was used since it was done, as far as that was noted.
    public var uses: Int64

    public init(
        key: [UInt8], kind: String, title: String, layer: DiffID?, blob: Descriptor?, created: Int64, lastUsed: Int64, uses: Int64 = 0
    ) {
        self.key = key
        self.kind = kind
        self.title = title
        self.layer = layer
        self.blob = blob
        self.created = created
        self.lastUsed = lastUsed
        self.uses = uses
    }

    static let columns = "key, kind, title, diffID, blob, blobMediaType, blobSize, created, lastUsed, uses"

    init(_ row: Row) throws(MetadataError) {
        key = row.blob(0)
        kind = row.text(1)
        title = row.text(2)
        layer = row.isNull(3) ? nil : try row.diffID(3, "build_cache.diffID")
        blob = row.isNull(4)
            ? nil
            : Descriptor(
                mediaType: MediaType(row.text(5)), digest: try row.digest(4, "build_cache.blob"), size: row.integer(6))
        created = row.integer(7)
        lastUsed = row.integer(8)
        uses = row.integer(9)
    }

    var values: [Value] {
        [
            .blob(key), .text(kind), .text(title), Value(layer?.description), Value(blob?.digest.description),
            .text(blob?.mediaType.description ?? ""), .integer(blob?.size ?? 0), .integer(created), .integer(lastUsed), .integer(uses),
        ]
    }
}

/// Where in which Dockerfile a step stands.
public struct BuildPlace: Hashable, Sendable {
    /// What names the Dockerfile, its context and the platform, in a few bytes.
    public var build: [UInt8]
    public var stage: String
    /// The how manyth step of its stage, from 0.
    public var position: Int
    /// The instruction as it is written.
    public var title: String

    public init(build: [UInt8], stage: String, position: Int, title: String) {
        self.build = build
        self.stage = stage
        self.position = position
        self.title = title
    }
}

/// What the key of a step was made of, in the form of who made it.
public struct BuildInputs: Hashable, Sendable {
    public var place: BuildPlace
    public var bytes: [UInt8]

    public init(place: BuildPlace, bytes: [UInt8]) {
        self.place = place
        self.bytes = bytes
    }
}
