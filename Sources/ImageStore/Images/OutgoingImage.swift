import Metadata
import OCI

/// A manifest or an index with its bytes, which are sent and saved as they are: so the digest stays.
public struct StoredManifest: Hashable, Sendable {
    public let digest: Digest
    public let mediaType: MediaType
    public let bytes: [UInt8]

    public init(digest: Digest, mediaType: MediaType, bytes: [UInt8]) {
        self.digest = digest
        self.mediaType = mediaType
        self.bytes = bytes
    }

    public var descriptor: Descriptor { Descriptor(mediaType: mediaType, digest: digest, size: Int64(bytes.count)) }
}

/// An image that is to leave the store.
public struct OutgoingImage: Sendable {
    public let id: ImageID
    /// The one that the name leads to by which it was asked for.
    public let document: StoredManifest
    public let manifest: ImageManifest
    public let config: ImageConfig
    /// Where registries have it.
    public let repoDigests: [Reference]

    /// Whether a registry has it by this manifest.
    public func isKnownElsewhere(with indexes: [StoredManifest]) -> Bool {
        let known = Set(repoDigests.compactMap(\.digest))
        return known.contains(document.digest) || indexes.contains { known.contains($0.digest) }
    }
}

extension ImageStore {
    /// The image that a name leads to, by the manifest that this name leads to.
    ///
    /// - Throws: ``StoreError/noSuchImage(_:)``.
    public func outgoingImage(named reference: Reference) throws(StoreError) -> OutgoingImage {
        let name = reference.withDefaultTag
        let record = try asStoreError { () throws(MetadataError) in try database.reference(named: name.description) }
        guard let record, let image = try image(record.image) else { throw .noSuchImage(name.familiar) }
        return try outgoingImage(image, by: record.target)
    }

    public func outgoingImage(_ record: ImageRecord) throws(StoreError) -> OutgoingImage {
        try outgoingImage(record, by: record.manifest)
    }

    private func outgoingImage(_ record: ImageRecord, by digest: Digest) throws(StoreError) -> OutgoingImage {
        let (document, parsed) = try document(digest)
        guard case .manifest(let manifest) = parsed else { throw .format(digest, FormatError("", "is an index, not a manifest")) }
        let config = try configuration(of: record.id)
        guard config.fits(manifest), manifest.config.digest == record.id.digest else {
            throw .layerCount(manifest: manifest.layers.count, config: config.diffIDs.count)
        }
        let names = try storedImage(record).repoDigests
        return OutgoingImage(id: record.id, document: document, manifest: manifest, config: config, repoDigests: names)
    }

    /// A manifest or index of the store, read by what it holds.
    public func document(_ digest: Digest) throws(StoreError) -> (StoredManifest, ManifestDocument) {
        let bytes = try contents(of: digest, limit: ImageManifest.maximumSize)
        let document = try parse(bytes, digest) { json throws(FormatError) in try ManifestDocument(json: json) }
        let fallback: MediaType = if case .index = document { .imageIndex } else { .imageManifest }
        return (StoredManifest(digest: digest, mediaType: document.mediaType ?? fallback, bytes: bytes), document)
    }

    /// The indexes that the store keeps with an image and that lead to its manifest directly, those first by which registries
    /// have it.
    public func indexes(of image: OutgoingImage) throws(StoreError) -> [(document: StoredManifest, index: ImageIndex)] {
        let blobs = try asStoreError { () throws(MetadataError) in try database.blobs(of: image.id) }
        let known = Set([image.document.digest, image.manifest.config.digest] + image.manifest.layers.map(\.digest))
        var found: [(document: StoredManifest, index: ImageIndex)] = []
        for digest in blobs where !known.contains(digest) {
            guard let item = try stored(.blob(digest)), item.size <= Int64(ImageManifest.maximumSize),
                // Another manifest's layer is none, and nothing is lost by that.
                let (document, parsed) = try? self.document(digest), case .index(let index) = parsed,
                index.manifests.contains(where: { $0.digest == image.document.digest })
            else { continue }
            found.append((document, index))
        }
        let named = Set(image.repoDigests.compactMap(\.digest))
        return found.filter { named.contains($0.document.digest) } + found.filter { !named.contains($0.document.digest) }
    }

    /// Keeps blobs from being collected as long as the lease lasts.
    ///
    /// - Throws: ``MetadataError/missing(_:)`` for one that isn't there.
    public func keep(_ blobs: [Digest], under lease: Lease) throws(StoreError) {
        try keep(blobs.map(StoredName.blob), under: lease)
    }

    /// Whether the store has a blob.
    public func hasBlob(_ digest: Digest) throws(StoreError) -> Bool { try stored(.blob(digest)) != nil }

    /// Whole names of repositories that have, or had, an image which a blob is part of.
    public func repositories(holding blob: Digest) throws(StoreError) -> [Reference] {
        let names = try asStoreError { () throws(MetadataError) in try database.repositories(holding: blob) }
        return names.compactMap { try? Reference($0) }
    }

    /// Notes that a registry has an image.
    ///
    /// - Parameter pinned: The repository and the digest of the index, else of the manifest.
    public func note(_ pinned: Reference, of image: ImageID) throws(StoreError) {
        guard let digest = pinned.digest else { return }
        try asStoreError { () throws(MetadataError) in
            try database.insert(RepoDigest(repository: pinned.name, digest: digest, image: image))
        }
    }
}

extension ImageStore {
    /// A compressed blob that is known to unpack to this layer: of another image with it, that was pulled, or pushed before; of a
    /// step of the build cache.
    public func compressedLayer(_ diffID: DiffID) throws(StoreError) -> Descriptor? {
        for record in try asStoreError({ () throws(MetadataError) in try database.images(with: diffID) }) {
            // One that can't be read is of no help.
            guard let image = try? outgoingImage(record) else { continue }
            for (own, blob) in zip(image.config.diffIDs, image.manifest.layers) where own == diffID {
                guard let compression = blob.mediaType.layerCompression, compression != .none,
                    try stored(.blob(blob.digest)) != nil
                else { continue }
                return blob
            }
        }
        let cached = try asStoreError { () throws(MetadataError) in try database.blobs(ofCachedStepsWith: diffID) }
        return cached.first { blob in blob.mediaType.layerCompression.map { $0 != .none } ?? false }
    }

    /// Has the steps of the build cache that came to these layers name other blobs of them.
    public func replaceBlobs(ofCachedSteps blobs: [DiffID: Descriptor]) throws(StoreError) {
        try asStoreError { () throws(MetadataError) in try database.replaceBlobs(ofCachedSteps: blobs) }
    }

    /// Has an image, and its names that led to this manifest, lead to another one of the same configuration: its layers as other
    /// blobs of the same content, annotations.
    public func replaceManifest(
        of image: OutgoingImage, lease: Lease, _ change: (inout ImageManifest) -> Void
    ) throws(StoreError) -> OutgoingImage {
        var manifest = image.manifest
        change(&manifest)
        let bytes = manifest.json.bytes()
        let digest = try ingest(bytes, lease: lease)
        guard digest != image.document.digest else { return image }
        let document = StoredManifest(digest: digest, mediaType: manifest.mediaType ?? image.document.mediaType, bytes: bytes)
        let blobs = Set([digest, manifest.config.digest] + manifest.layers.map(\.digest))
        let before = Set([image.document.digest, image.manifest.config.digest] + image.manifest.layers.map(\.digest))
        try asStoreError { () throws(MetadataError) in
            try database.replaceManifest(
                of: image.id, image.document.digest, blobs: before,
                with: ReplacementManifest(
                    digest: digest, mediaType: document.mediaType, size: Int64(bytes.count), blobs: blobs))
        }
        try writeIndex()
        return OutgoingImage(
            id: image.id, document: document, manifest: manifest, config: image.config, repoDigests: image.repoDigests)
    }

    /// Lets go of all that the store keeps with an image beside its own blobs: indexes that led to it, and what these name.
    public func forgetIndexes(of image: OutgoingImage) throws(StoreError) {
        let own = Set([image.document.digest, image.manifest.config.digest] + image.manifest.layers.map(\.digest))
        try asStoreError { () throws(MetadataError) in
            let all = Set(try database.blobs(of: image.id))
            guard all != own else { return }
            try database.replaceManifest(
                of: image.id, image.document.digest, blobs: all,
                with: ReplacementManifest(
                    digest: image.document.digest, mediaType: image.document.mediaType, size: Int64(image.document.bytes.count), blobs: own))
        }
    }
}
