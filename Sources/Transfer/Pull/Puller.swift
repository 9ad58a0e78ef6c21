import Archive
import Compression
import ImageStore
import Linux
import OCI
import Registry

/// Pulls images from registries into a store.
public final class Puller: Sendable {
    /// As Docker's: more at once make each slower, and registries count connections.
    static let layersAtOnce = 4

    let store: ImageStore
    let client: RegistryClient
    let progress: Progress
    let interruption: Interruption

    public init(store: ImageStore, client: RegistryClient, progress: Progress, interruption: Interruption) {
        self.store = store
        self.client = client
        self.progress = progress
        self.interruption = interruption
    }

    /// Brings the image into the store, with all its layers unpacked, and enters it under its name. Blocks this thread.
    ///
    /// What is in the store already isn't fetched, and what another process fetches at the same time is waited for.
    /// When it fails or the process is killed, nothing half-done is visible; blobs that were fetched in part are taken
    /// up by the next pull.
    ///
    /// - Parameter platform: Nil for this machine's, in which case a single manifest for another one is taken, as
    ///   Docker does.
    public func pull(_ name: Reference, platform: Platform?) throws(TransferError) {
        let reference = name.withDefaultTag
        do {
            let lease = try store.lease()
            let resolved = try Timings.span("resolve") { try resolve(reference, platform ?? .host) }
            progress.status("\(reference.tag ?? reference.digest?.description ?? ""): Pulling from \(reference.path)")
            let config: ImageConfig = try Timings.span("config") { try self.config(of: resolved, reference, lease) }
            if let platform, !platform.runs(config.platform) {
                throw TransferError(
                    .notFound,
                    "image with reference \(reference.familiar) was found but does not match the specified platform: "
                        + "wanted \(platform), actual: \(config.platform)")
            }
            try Timings.span("layers") { try layers(of: resolved, config, reference, lease) }
            try Timings.span("register") { try register(resolved, reference, lease) }
            try lease.end()
        } catch { throw TransferError(error, while: "pull \(reference.familiar)") }
    }

    private func layers(of resolved: ResolvedManifest, _ config: ImageConfig, _ reference: Reference, _ lease: Lease)
        throws
    {
        let layers = try LayerDescription.all(of: resolved.manifest, config)
        try fetch(layers, from: BlobSource(reference: reference, endpoint: resolved.endpoint), lease)
    }

    /// Brings layers into the store, unpacked.
    func fetch(_ layers: [LayerDescription], from source: BlobSource, _ lease: Lease) throws {
        for layer in layers { progress.layer(layer.id, .pulling) }
        for layer in layers.dropFirst(Self.layersAtOnce) { progress.layer(layer.id, .waiting) }
        try interruption.forEach(layers, width: Self.layersAtOnce) { [self] layer in
            try LayerPull(puller: self, layer: layer, source: source, lease: lease).run()
        }
    }

    private func register(_ resolved: ResolvedManifest, _ reference: Reference, _ lease: Lease) throws {
        for document in resolved.indexes + [resolved.document] { _ = try store.ingest(document.bytes, lease: lease) }
        let name = reference.digest == nil ? reference : nil
        let before = try name.flatMap { try store.image(named: $0)?.id }
        let pinned = reference.pinned(to: resolved.indexes.first?.digest ?? resolved.document.digest)
        let image = try store.register(
            manifest: resolved.document.digest, declaredAs: resolved.declaredType,
            indexes: resolved.indexes.map(\.digest),
            reference: name, repoDigest: pinned)
        progress.image(
            image.id, digest: pinned.digest, reference: name ?? pinned,
            isNew: name == nil ? image.isNew : before != image.id)
    }

    /// The image's own word on its layers, verified and stored.
    private func config(of resolved: ResolvedManifest, _ reference: Reference, _ lease: Lease) throws -> ImageConfig {
        let descriptor = resolved.manifest.config
        guard descriptor.mediaType.isConfig else {
            throw TransferError(.invalid, "\(reference.familiar) is no image but \(descriptor.mediaType)")
        }
        guard descriptor.size <= ImageConfig.maximumSize else {
            throw TransferError(
                .invalid, "the config of \(reference.familiar) is larger than \(ImageConfig.maximumSize) bytes")
        }
        let bytes: [UInt8]
        switch try store.ingestBlob(expecting: descriptor.digest, size: descriptor.size, lease: lease, waiting: true) {
        case .present, .inProgress: bytes = try store.contents(of: descriptor.digest)
        case .writer(let writer):
            // Small: it isn't worth taking up in the middle.
            try writer.restart()
            bytes = try client.bytes(of: descriptor, reference, preferred: resolved.endpoint, interruption)
            try writer.write(bytes)
            _ = try writer.finish()
        }
        return try ImageConfig(json: JSON(parsing: bytes))
    }
}

/// Where a pull's blobs come from.
struct BlobSource: Sendable {
    let reference: Reference
    /// Who had the manifest; nil where that isn't known.
    let endpoint: Endpoint?
}

extension RegistryClient {
    /// A small blob, verified. Blocks this thread.
    func bytes(
        of blob: Descriptor, _ reference: Reference, preferred: Endpoint?, _ interruption: Interruption
    ) throws -> [UInt8] {
        let parts = Parts()
        try interruption.wait { [self] in
            try await self.blob(blob.digest, size: blob.size, of: reference, preferred: preferred) { await parts.add($0) }
        }
        return try interruption.wait { await parts.bytes }
    }
}

private actor Parts {
    private(set) var bytes: [UInt8] = []
    func add(_ part: [UInt8]) -> Bool {
        bytes += part
        return true
    }
}

/// A layer as manifest and config describe it together.
struct LayerDescription: Sendable {
    let blob: Descriptor
    let diffID: DiffID
    /// For people.
    var id: String { blob.digest.short }

    /// Each layer once, the lowest first.
    static func all(of manifest: ImageManifest, _ config: ImageConfig) throws(TransferError) -> [LayerDescription] {
        guard config.fits(manifest) else {
            throw TransferError(
                .invalid, "the manifest has \(manifest.layers.count) layers and its config \(config.diffIDs.count)")
        }
        var layers: [LayerDescription] = []
        for (blob, diffID) in zip(manifest.layers, config.diffIDs) {
            // Layers that lie elsewhere would be fetched from wherever the manifest says, with whatever login fits
            // there.
            guard blob.urls.isEmpty else {
                throw TransferError(
                    .invalid,
                    "layer \(blob.digest.short) is kept outside of the registry, and is not fetched from there")
            }
            guard blob.mediaType.isLayer else {
                throw TransferError(
                    .invalid, "layer \(blob.digest.short) has a type that can't be unpacked: \(blob.mediaType)")
            }
            if !layers.contains(where: { $0.diffID == diffID && $0.blob.digest == blob.digest }) {
                layers.append(LayerDescription(blob: blob, diffID: diffID))
            }
        }
        return layers
    }
}
