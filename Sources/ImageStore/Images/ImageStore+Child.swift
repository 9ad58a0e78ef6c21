import Archive
import Linux
import Metadata
import OCI

// Images that are made here: of another one's layers and perhaps one more, or of layers that a build has.
extension ImageStore {
    /// Writes the tar stream of a new layer as a blob. It is not compressed: whoever waits for it, as a paused container does,
    /// waits for the disk and for nothing else, and its digest is the layer's diffID.
    ///
    /// ``register(childOf:config:layer:reference:lease:)`` makes a layer of it.
    ///
    /// - Parameter body: Writes the stream. When it throws, nothing stays.
    public func writeLayer(lease: Lease, _ body: (any ByteSink) throws -> Void) throws -> Descriptor {
        guard case .writer(let writer) = try ingestBlob(expecting: nil, size: nil, lease: lease, waiting: true) else {
            // Without a digest nobody else writes the same file.
            throw StoreError.system(SystemCallError("open", on: StoreLayout.blobIngest, .busy))
        }
        do { try body(writer) } catch {
            // What can't be removed now goes with the next collection.
            try? writer.discard()
            throw error
        }
        let digest = try writer.finish()
        return Descriptor(mediaType: .layer, digest: digest, size: try stored(.blob(digest))?.size ?? 0)
    }

    /// Makes an image whose layers are another one's, with one more on top where there is one.
    ///
    /// - Parameters:
    ///   - config: What it says of itself; its list of layers is written here.
    ///   - layer: As ``writeLayer(lease:_:)`` gave it.
    ///   - reference: The name that leads to it; nil for none.
    public func register(
        childOf parent: ImageRecord, config: ImageConfig, layer: Descriptor?, reference: Reference?, lease: Lease
    ) throws(StoreError) -> RegisteredImage {
        let base = try manifest(of: parent)
        var config = config
        var layers = base.layers
        config.diffIDs = try configuration(of: parent.id).diffIDs
        // Docker's manifests hold Docker's types, as some registries insist.
        let isDocker = base.mediaType == .dockerManifest
        if var layer {
            try unpackWritten(layer.digest, lease: lease)
            if isDocker { layer.mediaType = .dockerLayer }
            layers.append(layer)
            config.diffIDs.append(DiffID(layer.digest))
        }
        return try register(config, layers: layers, isDocker: isDocker, reference: reference, lease: lease)
    }

    /// Makes an image of layers that are in the store, their blobs too.
    ///
    /// - Parameters:
    ///   - config: With the diffIDs of the layers.
    ///   - layers: The blobs, the lowest first; none for an image without files.
    ///   - isDocker: Whether the manifest is of Docker's type.
    ///   - reference: The name that leads to it; nil for none.
    public func register(
        _ config: ImageConfig, layers: [Descriptor], isDocker: Bool, reference: Reference?, lease: Lease
    ) throws(StoreError) -> RegisteredImage {
        let configBytes = config.json.bytes()
        guard configBytes.count <= ImageConfig.maximumSize else {
            throw .format(
                try ContentHash.digest(.sha256, of: configBytes), FormatError("", "is larger than \(ImageConfig.maximumSize >> 20) MiB"))
        }
        let configDigest = try ingest(configBytes, lease: lease)
        let manifest = ImageManifest(
            mediaType: isDocker ? .dockerManifest : .imageManifest,
            config: Descriptor(
                mediaType: isDocker ? .dockerConfig : .imageConfig, digest: configDigest, size: Int64(configBytes.count)),
            layers: layers)
        let manifestBytes = manifest.json.bytes()
        let blob = Descriptor(
            mediaType: isDocker ? .dockerManifest : .imageManifest, digest: try ingest(manifestBytes, lease: lease),
            size: Int64(manifestBytes.count))
        return try register(manifest, blob, config, reference: reference)
    }

    /// The image that such a configuration is, where it is there already.
    public func image(of config: ImageConfig) throws(StoreError) -> ImageRecord? {
        try image(ImageID(try ContentHash.digest(.sha256, of: config.json.bytes())))
    }

    private func unpackWritten(_ blob: Digest, lease: Lease) throws(StoreError) {
        guard case .writer(let writer) = try ingestLayer(DiffID(blob), lease: lease, waiting: true) else { return }
        try writer.unpackVerified(FileSource(try openBlob(blob)))
    }
}
