import Archive
import Compression
import ImageStore
import Linux
import OCI

/// Loads images from an archive: what `docker save`, skopeo and others write, as Docker's format or as an OCI layout.
public final class Loader: Sendable {
    private let store: ImageStore
    private let progress: Progress
    private let interruption: Interruption
    private let platform: Platform?

    /// - Parameter platform: Images for others are passed over, and it is an error if all are; nil for any, and this machine's where an
    ///   index leaves a choice.
    public init(store: ImageStore, progress: Progress, interruption: Interruption, platform: Platform? = nil) {
        self.platform = platform
        self.store = store
        self.progress = progress
        self.interruption = interruption
    }

    /// Loads every image of the archive, which may be compressed and need not be seekable. Blocks this thread.
    ///
    /// An image that can't be loaded ends it; those before it are in the store.
    public func load(from source: any ByteSource) throws(TransferError) {
        do {
            let lease = try store.lease()
            let members = try ArchiveMembers(reading: source, into: store, lease: lease, interruption: interruption)
            // An archive that is both, as Docker writes since version 25, has its names in manifest.json.
            let count: Int
            if let document = members.documents["manifest.json"] {
                count = try loadDockerArchive(document, members, lease)
            } else if let index = members.documents[OCILayout.indexName] {
                count = try loadLayout(index, members, lease)
            } else {
                let isOld = members.documents["repositories"] != nil
                throw TransferError(
                    .invalid,
                    isOld
                        ? "the archive was written by Docker 1.9 or before, and such images can't be read"
                        : "invalid archive: it has neither a manifest.json nor an index.json")
            }
            if let platform, count == 0 { throw TransferError(.notFound, "the archive has no image for \(platform)") }
            try lease.end()
        } catch { throw TransferError(error, while: "load the archive") }
    }

    /// `manifest.json`: an array of images, each with the names of its members (moby, "image/tarexport").
    ///
    /// - Returns: How many were loaded.
    private func loadDockerArchive(_ document: [UInt8], _ members: ArchiveMembers, _ lease: Lease) throws -> Int {
        guard let images = try JSON(parsing: document).array, !images.isEmpty else {
            throw TransferError(.invalid, "invalid archive: manifest.json lists no images")
        }
        let manifests = try layoutManifests(members)
        var count = 0
        for image in images {
            guard let configName = image["Config"]?.string, let layers = image["Layers"]?.array?.map(\.string),
                !layers.contains(nil)
            else { throw TransferError(.invalid, "invalid archive: manifest.json lacks Config or Layers") }
            let config = try members.content(named: configName)
            let blobs = try layers.compactMap { $0 }.map { try members.content(named: $0) }
            let names = try (image["RepoTags"]?.array ?? []).compactMap(\.string).map(Self.reference)
            if let own = Self.own(config.digest, blobs.map(\.digest), among: manifests) {
                if try enter(own.manifest, own.digest, names: names, showing: own.digest, lease) { count += 1 }
                continue
            }
            // The archive has no manifest. An OCI layout is to hold OCI's: skopeo's `oci:` looks for no other.
            let manifest = ImageManifest(
                config: Descriptor(mediaType: .imageConfig, digest: config.digest, size: config.size),
                layers: blobs.map {
                    Descriptor(mediaType: Self.mediaType($0.compression), digest: $0.digest, size: $0.size)
                })
            let digest = try store.ingest(manifest.json.bytes(), lease: lease)
            if try enter(manifest, digest, names: names, showing: nil, lease) { count += 1 }
        }
        return count
    }

    /// The manifests of the layout that the archive is as well, if it is one: they are what the images were known by.
    private func layoutManifests(_ members: ArchiveMembers) throws -> [(manifest: ImageManifest, digest: Digest)] {
        guard let document = members.documents[OCILayout.indexName] else { return [] }
        return try ImageIndex(json: JSON(parsing: document)).manifests.compactMap { entry in
            guard entry.mediaType.isManifest, (try? members.content(of: entry)) != nil else { return nil }
            return try manifest(entry, members, depth: 1)
        }
    }

    private static func own(
        _ config: Digest, _ layers: [Digest], among manifests: [(manifest: ImageManifest, digest: Digest)]
    ) -> (manifest: ImageManifest, digest: Digest)? {
        manifests.first { $0.manifest.config.digest == config && $0.manifest.layers.map(\.digest) == layers }
    }

    static func mediaType(_ compression: CompressionFormat) -> MediaType {
        switch compression {
        case .none: .layer
        case .gzip: .layerGzip
        case .zstd: .layerZstd
        }
    }

    private static func reference(_ text: String) throws(TransferError) -> Reference {
        do throws(ReferenceError) { return try Reference(text).withDefaultTag } catch {
            throw TransferError(.invalid, "invalid archive: a name in it is none: \(error)")
        }
    }

    /// An OCI image layout: each entry of the index is an image, or an index of one for several platforms.
    ///
    /// - Returns: How many were loaded.
    private func loadLayout(_ index: [UInt8], _ members: ArchiveMembers, _ lease: Lease) throws -> Int {
        if let marker = members.documents[OCILayout.markerName] { try OCILayout.check(marker: JSON(parsing: marker)) }
        let entries = try ImageIndex(json: JSON(parsing: index)).manifests
        guard !entries.isEmpty else { throw TransferError(.invalid, "invalid archive: its index lists no images") }
        var count = 0
        for entry in entries {
            guard let (manifest, digest) = try manifest(entry, members, depth: 1) else {
                guard platform == nil else { continue }
                throw TransferError(.notFound, "no matching manifest for \(Platform.host) in the manifest list entries")
            }
            for blob in [manifest.config] + manifest.layers { _ = try members.content(of: blob) }
            if try enter(manifest, digest, names: Self.names(of: entry), showing: digest, lease) { count += 1 }
        }
        return count
    }

    private func manifest(
        _ descriptor: Descriptor, _ members: ArchiveMembers, depth: Int
    ) throws -> (manifest: ImageManifest, digest: Digest)? {
        let content = try members.content(of: descriptor)
        let bytes = try store.contents(of: content.digest, limit: ImageManifest.maximumSize)
        switch try ManifestDocument(json: JSON(parsing: bytes), declaredAs: descriptor.mediaType) {
        case .manifest(let manifest): return (manifest, content.digest)
        case .index(let index):
            guard depth < ImageIndex.maximumDepth else {
                throw TransferError(
                    .invalid, "the archive holds an index of indexes, deeper than \(ImageIndex.maximumDepth)")
            }
            // Archives often hold one platform of those that their index lists.
            for candidate in index.candidates(for: platform ?? .host) where (try? members.content(of: candidate)) != nil {
                if let found = try manifest(candidate, members, depth: depth + 1) { return found }
            }
            return nil
        }
    }

    /// containerd's annotation is a whole name. The specification's may be one, or a tag alone, which names nothing by
    /// itself.
    private static func names(of entry: Descriptor) throws(TransferError) -> [Reference] {
        if let name = entry.annotations[AnnotationName.imageName] { return [try reference(name)] }
        guard let name = entry.annotations[AnnotationName.refName], name.contains(where: { $0 == ":" || $0 == "/" })
        else { return [] }
        return [try reference(name)]
    }

    /// Unpacks the layers of an image whose blobs are in the store, and enters it under each of its names.
    ///
    /// - Returns: False for an image that is for another platform than is asked for.
    private func enter(
        _ manifest: ImageManifest, _ digest: Digest, names: [Reference], showing shown: Digest?, _ lease: Lease
    ) throws -> Bool {
        let config = try ImageConfig(json: JSON(parsing: store.contents(of: manifest.config.digest)))
        if let platform, !platform.runs(config.platform) { return false }
        let layers = try LayerDescription.all(of: manifest, config)
        for layer in layers { progress.layer(layer.id, .pulling) }
        try interruption.forEach(layers, width: Puller.layersAtOnce) { [self] layer in
            try StoredLayer(store: store, layer: layer, lease: lease, progress: progress, interruption: interruption)
                .unpack(wasHere: true)
        }
        for name in names.isEmpty ? [nil] : names.map(Optional.some) {
            let image = try store.register(manifest: digest, reference: name)
            if let before = image.movedFrom, before != image.id, let name {
                progress.status(
                    "The image \(name.familiar) already exists, renaming the old one with ID \(before) to empty string")
            }
            progress.image(image.id, digest: shown, reference: name, isNew: image.isNew || image.movedFrom != nil)
        }
        return true
    }
}
