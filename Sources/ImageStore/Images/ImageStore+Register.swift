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
        return try register(
            parts, Descriptor(mediaType: parts.mediaType ?? .imageManifest, digest: manifest, size: Int64(bytes.count)),
            try configuration(parts.config.digest), indexes: indexes, reference: reference, repoDigest: repoDigest)
    }

    /// The same of a manifest and a config at hand.
    ///
    /// - Parameter manifest: The blob that the manifest is.
    func register(
        _ parts: ImageManifest, _ manifest: Descriptor, _ config: ImageConfig, indexes: [Digest] = [], reference: Reference?,
        repoDigest: Reference? = nil
    ) throws(StoreError) -> RegisteredImage {
        guard config.fits(parts) else { throw .layerCount(manifest: parts.layers.count, config: config.diffIDs.count) }
        let id = ImageID(parts.config.digest)
        let layers = try details(of: config.diffIDs, in: id)
        let record = ImageRecord(
            id: id, manifest: manifest.digest, manifestMediaType: manifest.mediaType, manifestSize: manifest.size,
            platform: config.platform.description, created: config.created.flatMap(Timestamp.init(parsing:))?.nanoseconds,
            size: layers.reduce(0) { $0.addingReportingOverflow($1.size).partialValue }, registered: RealTime.now)
        let registration = ImageRegistration(
            image: record, layers: config.diffIDs,
            blobs: Set([manifest.digest, parts.config.digest] + parts.layers.map(\.digest) + indexes),
            reference: reference?.description,
            repoDigests: repoDigest.flatMap { name in name.digest.map { [RepoDigest(repository: name.name, digest: $0, image: id)] } }
                ?? [])
        try adoptImplicitDirectories(of: config.diffIDs, layers)
        return try enter(registration)
    }

    private func details(of layers: [DiffID], in image: ImageID) throws(StoreError) -> [LayerDetails] {
        let details = try asStoreError { () throws(MetadataError) in try database.details(of: layers) }
        for (layer, details) in zip(layers, details) where details == nil { throw .incomplete(image, missing: .layer(layer)) }
        return details.compactMap { $0 }
    }

    private func enter(_ registration: ImageRegistration) throws(StoreError) -> RegisteredImage {
        let id = registration.image.id
        let result: Database.RegistrationResult
        do throws(MetadataError) {
            result = try database.register(registration)
        } catch .missing(let name) {
            throw .incomplete(id, missing: name)
        } catch { throw .metadata(error) }
        try writeIndex()
        return RegisteredImage(id: id, isNew: result.isNew, movedFrom: result.movedFrom)
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
