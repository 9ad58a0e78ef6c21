import OCI
import SQLite

/// What the store knows of an image; the rest stands in its config blob.
public struct ImageRecord: Hashable, Sendable {
    /// The digest of its config.
    public var id: ImageID
    /// The manifest that it was last pulled or loaded by: two may lead to one config, with differently compressed layers.
    public var manifest: Digest
    public var manifestMediaType: MediaType
    /// In bytes.
    public var manifestSize: Int64
    /// `linux/amd64`
    public var platform: String
    /// Nanoseconds since 1970; nil where the config does not say.
    public var created: Int64?
    /// Of its unpacked layers together, in bytes.
    public var size: Int64
    /// Nanoseconds since 1970.
    public var registered: Int64

    public init(
        id: ImageID, manifest: Digest, manifestMediaType: MediaType, manifestSize: Int64, platform: String, created: Int64?,
        size: Int64, registered: Int64
    ) {
        self.id = id
        self.manifest = manifest
        self.manifestMediaType = manifestMediaType
        self.manifestSize = manifestSize
        self.platform = platform
        self.created = created
        self.size = size
        self.registered = registered
    }

    static let columns = "id, manifest, manifestMediaType, manifestSize, platform, created, size, registered"

    init(_ row: Row) throws(MetadataError) {
        id = try row.imageID(0, "images.id")
        manifest = try row.digest(1, "images.manifest")
        manifestMediaType = MediaType(row.text(2))
        manifestSize = row.integer(3)
        platform = row.text(4)
        created = row.optionalInteger(5)
        size = row.integer(6)
        registered = row.integer(7)
    }

    var values: [Value] {
        [
            .text(id.description), .text(manifest.description), .text(manifestMediaType.description), .integer(manifestSize),
            .text(platform), Value(created), .integer(size), .integer(registered),
        ]
    }
}

/// A name that leads to an image.
public struct ReferenceRecord: Hashable, Sendable {
    /// The full name: `docker.io/library/nginx:latest`.
    public var name: String
    public var image: ImageID
    /// The manifest that `index.json` lists for it.
    public var target: Digest
    public var targetMediaType: MediaType
    /// In bytes.
    public var targetSize: Int64
    /// When it last moved, in nanoseconds since 1970.
    public var updated: Int64

    public init(
        name: String, image: ImageID, target: Digest, targetMediaType: MediaType, targetSize: Int64, updated: Int64
    ) {
        self.name = name
        self.image = image
        self.target = target
        self.targetMediaType = targetMediaType
        self.targetSize = targetSize
        self.updated = updated
    }

    static let columns = "name, image, target, targetMediaType, targetSize, updated"

    init(_ row: Row) throws(MetadataError) {
        name = row.text(0)
        image = try row.imageID(1, "image_references.image")
        target = try row.digest(2, "image_references.target")
        targetMediaType = MediaType(row.text(3))
        targetSize = row.integer(4)
        updated = row.integer(5)
    }

    var values: [Value] {
        [
            .text(name), .text(image.description), .text(target.description), .text(targetMediaType.description),
            .integer(targetSize), .integer(updated),
        ]
    }
}

/// The digest by which a repository of a registry has an image: of its index, where it has one, else of its manifest.
public struct RepoDigest: Hashable, Sendable {
    /// `docker.io/library/nginx`
    public var repository: String
    public var digest: Digest
    public var image: ImageID

    public init(repository: String, digest: Digest, image: ImageID) {
        self.repository = repository
        self.digest = digest
        self.image = image
    }

    init(_ row: Row) throws(MetadataError) {
        repository = row.text(0)
        digest = try row.digest(1, "repo_digests.digest")
        image = try row.imageID(2, "repo_digests.image")
    }
}

/// An image whose blobs and layers are all there, ready to be entered.
public struct ImageRegistration: Hashable, Sendable {
    public var image: ImageRecord
    /// The layers' diffIDs, the bottom one first; one may occur twice.
    public var layers: [DiffID]
    /// All that must stay as long as the image does: index, manifest, config, compressed layers.
    public var blobs: Set<Digest>
    /// The full name that leads to it from now on.
    public var reference: String?
    public var repoDigests: [RepoDigest]

    public init(
        image: ImageRecord, layers: [DiffID], blobs: Set<Digest>, reference: String?, repoDigests: [RepoDigest] = []
    ) {
        self.image = image
        self.layers = layers
        self.blobs = blobs
        self.reference = reference
        self.repoDigests = repoDigests
    }
}
