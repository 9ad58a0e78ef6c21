import Linux
import Metadata
import OCI

/// An image that was entered.
public struct RegisteredImage: Hashable, Sendable {
    public var id: ImageID
    /// Whether the store didn't have it before.
    public var isNew: Bool
    /// The image that the name led to before; it may have no name now.
    public var movedFrom: ImageID?
}

extension ImageStore {
    /// Makes an image of what was ingested: from now on its name leads to it and its blobs and layers stay.
    ///
    /// - Parameters:
    ///   - manifest: Of one platform; it, its config, its layers' blobs and the layers themselves must be in the store.
    ///   - mediaType: What the manifest was announced as; nil where nothing was said.
    ///   - indexes: The digests of the indexes that led to it, which stay with it.
    ///   - reference: The name that leads to it, with a tag; nil for none.
    ///   - repoDigest: The repository and the digest by which a registry has it: of the index, else of the manifest.
    /// - Throws: ``StoreError/incomplete(_:missing:)``, ``StoreError/format(_:_:)``, ``StoreError/layerCount(manifest:config:)``.
    public func register(
        manifest: Digest, declaredAs mediaType: MediaType? = nil, indexes: [Digest] = [], reference: Reference?,
        repoDigest: Reference? = nil
    ) throws(StoreError) -> RegisteredImage {
        let bytes = try contents(of: manifest, limit: ImageManifest.maximumSize)
        let document = try parse(bytes, manifest) { json throws(FormatError) in
            try ManifestDocument(json: json, declaredAs: mediaType)
        }
        guard case .manifest(let parts) = document else {
            throw .format(manifest, FormatError("", "is an index, not a manifest"))
        }
        let config = try configuration(parts.config.digest)
        guard config.fits(parts) else { throw .layerCount(manifest: parts.layers.count, config: config.diffIDs.count) }
        let id = ImageID(parts.config.digest)
        let record = ImageRecord(
            id: id, manifest: manifest, manifestMediaType: parts.mediaType ?? .imageManifest,
            manifestSize: Int64(bytes.count), platform: config.platform.description,
            created: config.created.flatMap(Timestamp.init(parsing:))?.nanoseconds, size: try size(of: config.diffIDs, in: id),
            registered: RealTime.now)
        let registration = ImageRegistration(
            image: record, layers: config.diffIDs,
            blobs: Set([manifest, parts.config.digest] + parts.layers.map(\.digest) + indexes),
            reference: reference?.description,
            repoDigests: repoDigest.flatMap { name in name.digest.map { [RepoDigest(repository: name.name, digest: $0, image: id)] } }
                ?? [])
        return try enter(registration)
    }

    private func enter(_ registration: ImageRegistration) throws(StoreError) -> RegisteredImage {
        let id = registration.image.id
        try adoptImplicitDirectories(of: registration.layers)
        let result: Database.RegistrationResult
        do throws(MetadataError) {
            result = try database.register(registration)
        } catch .missing(let name) {
            throw .incomplete(id, missing: name)
        } catch { throw .metadata(error) }
        try writeIndex()
        return RegisteredImage(id: id, isNew: result.isNew, movedFrom: result.movedFrom)
    }

    private func size(of layers: [DiffID], in image: ImageID) throws(StoreError) -> Int64 {
        var total: Int64 = 0
        for layer in layers {
            guard let item = try stored(.layer(layer)) else { throw .incomplete(image, missing: .layer(layer)) }
            total = total.addingReportingOverflow(item.size).partialValue
        }
        return total
    }

    /// What an image says of itself, verified.
    public func configuration(of image: ImageID) throws(StoreError) -> ImageConfig { try configuration(image.digest) }

    /// The manifest by which an image is in the store, verified.
    public func manifest(of image: ImageRecord) throws(StoreError) -> ImageManifest {
        let bytes = try contents(of: image.manifest, limit: ImageManifest.maximumSize)
        return try parse(bytes, image.manifest) { json throws(FormatError) in try ImageManifest(json: json) }
    }

    private func configuration(_ digest: Digest) throws(StoreError) -> ImageConfig {
        try parse(try contents(of: digest), digest) { json throws(FormatError) in try ImageConfig(json: json) }
    }

    func parse<Document>(
        _ bytes: [UInt8], _ digest: Digest, _ make: (JSON) throws(FormatError) -> Document
    ) throws(StoreError) -> Document {
        let json: JSON
        do throws(JSONError) { json = try JSON(parsing: bytes) } catch { throw .json(digest, error) }
        do throws(FormatError) { return try make(json) } catch { throw .format(digest, error) }
    }
}
