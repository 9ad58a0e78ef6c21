import Archive
import Compression
import ImageStore
import Linux
import OCI
import Registry

/// Writes a cache of builds to a place outside of the store.
public struct BuildCacheWriter: Sendable {
    private let store: ImageStore
    private let client: RegistryClient
    private let progress: Progress
    private let interruption: Interruption

    public init(store: ImageStore, client: RegistryClient, progress: Progress, interruption: Interruption) {
        self.store = store
        self.client = client
        self.progress = progress
        self.interruption = interruption
    }

    /// Writes the layers of a cache, and what it says of its steps. Blocks this thread.
    ///
    /// Layers that the store keeps as plain tar are compressed first, for good: the next time there is nothing to do. One that isn't in
    /// the store has to be there already.
    public func write(_ cache: BuildCacheDocument, to place: BuildCachePlace, as format: CompressionFormat) throws(TransferError) {
        do {
            let lease = try store.lease()
            let cache = try compressed(cache, as: format, lease)
            let config = try Document(.buildCache, cache.config.bytes())
            var manifest = ImageManifest(config: config.descriptor, layers: cache.layers.map(\.blob))
            manifest.artifactType = MediaType.buildCache.description
            let document = try Document(.imageManifest, manifest.json.bytes())
            switch place {
            case .registry(let reference): try push(cache, config, document, to: reference.withDefaultTag)
            case .layout(let directory, let name): try lay(cache, config, document, into: directory, as: name)
            }
            progress.done()
            try lease.end()
        } catch { throw TransferError(error, while: "write the cache \(place)") }
    }

    /// The config or the manifest.
    private struct Document: Sendable {
        let descriptor: Descriptor
        let bytes: [UInt8]

        init(_ type: MediaType, _ bytes: [UInt8]) throws(StoreError) {
            descriptor = try Descriptor(mediaType: type, of: bytes)
            self.bytes = bytes
        }
    }

    private func compressed(_ cache: BuildCacheDocument, as format: CompressionFormat, _ lease: Lease) throws -> BuildCacheDocument {
        var cache = cache
        let here = try cache.layers.filter { try store.hasBlob($0.blob.digest) }
        try store.keep(here.map(\.blob.digest), under: lease)
        guard format != .none else { return cache }
        let compressor = LayerCompressor(store: store, progress: progress, interruption: interruption)
        let made = try compressor.compressed(here.map { LayerDescription(blob: $0.blob, diffID: $0.diffID) }, as: format, lease)
        try store.replaceBlobs(ofCachedSteps: made)
        for index in cache.layers.indices { cache.layers[index].blob = made[cache.layers[index].diffID] ?? cache.layers[index].blob }
        return cache
    }

    // MARK: A registry

    private func push(_ cache: BuildCacheDocument, _ config: Document, _ manifest: Document, to reference: Reference) throws {
        let pusher = Pusher(store: store, client: client, progress: progress, interruption: interruption)
        try interruption.forEach(Array(Set(cache.layers)), width: Puller.layersAtOnce) { [self] layer in
            let name = layer.diffID.digest.short
            guard try store.hasBlob(layer.blob.digest) else { return try require(layer.blob, at: reference) }
            try pusher.send(layer.blob, to: reference, shownAs: name)
        }
        try interruption.wait { [client] in
            _ = try await client.upload(OutgoingBlob(config.descriptor.digest, config.bytes), to: reference)
            try await client.put(manifest: manifest.bytes, manifest.descriptor.mediaType, as: reference)
        }
    }

    /// What the store doesn't have came from this very place, and needs not be sent.
    private func require(_ blob: Descriptor, at reference: Reference) throws {
        let outgoing = OutgoingBlob(blob.digest, size: blob.size) { _, _ in
            throw TransferError(.notFound, "layer \(blob.digest.short) is neither here nor there any more")
        }
        _ = try interruption.wait { [client] in try await client.upload(outgoing, to: reference) }
    }

    // MARK: A layout

    private func lay(
        _ cache: BuildCacheDocument, _ config: Document, _ manifest: Document, into directory: String, as name: String
    ) throws {
        let layout = try LayoutDirectory.make(at: directory)
        for layer in Set(cache.layers) where try !layout.hasBlob(layer.blob) {
            try interruption.check()
            try layout.write(layer.blob, from: FileSource(try store.openBlob(layer.blob.digest)))
        }
        for document in [config, manifest] { try layout.write(document.descriptor, from: MemorySource(document.bytes)) }
        // Last: so it leads to nothing that isn't there.
        try layout.tag(manifest.descriptor, as: name)
    }
}
