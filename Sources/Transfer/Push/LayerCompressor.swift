import Compression
import ImageStore
import Linux
import OCI
import Synchronization

/// Compresses the layers of images that the store keeps as plain tar, for good.
public final class LayerCompressor: Sendable {
    private let store: ImageStore
    private let progress: Progress
    private let interruption: Interruption

    public init(store: ImageStore, progress: Progress, interruption: Interruption) {
        (self.store, self.progress, self.interruption) = (store, progress, interruption)
    }

    /// Compresses the plain layers of images, by name or id. Blocks this thread.
    public func compress(_ names: [String], as format: CompressionFormat) throws(TransferError) {
        do {
            let lease = try store.lease()
            for name in names {
                let image = try store.outgoingImage(try store.resolve(name).image)
                if image.hasPlainLayers { _ = try compressed(image, as: format, lease) }
            }
            try lease.end()
            progress.done()
        } catch { throw TransferError(error, while: "compress \(names.joined(separator: ", "))") }
    }

    /// The image with each plain layer as a compressed blob, which is from now on what the store keeps of it. A layer that was
    /// compressed before, for another image, isn't compressed again.
    func compressed(_ image: OutgoingImage, as format: CompressionFormat, _ lease: Lease) throws -> OutgoingImage {
        let made = try compressed(image.layers, as: format, lease)
        let layers = zip(image.manifest.layers, image.config.diffIDs).map { blob, diffID in made[diffID] ?? blob }
        return try store.replaceManifest(of: image, lease: lease) { $0.layers = layers }
    }

    /// The plain ones of these layers as compressed blobs.
    func compressed(
        _ layers: [LayerDescription], as format: CompressionFormat, _ lease: Lease
    ) throws -> [DiffID: Descriptor] {
        let blobs = Mutex<[DiffID: Descriptor]>([:])
        let plain = layers.filter { $0.blob.mediaType.layerCompression == MediaType.Compression.none }
        try interruption.forEach(plain, width: Puller.layersAtOnce) { [self] layer in
            let blob = try known(layer, as: format, lease) ?? compress(layer, as: format, lease)
            blobs.withLock { $0[layer.diffID] = blob }
        }
        return blobs.withLock { $0 }
    }

    private func known(_ layer: LayerDescription, as format: CompressionFormat, _ lease: Lease) throws -> Descriptor? {
        guard var blob = try store.compressedLayer(layer.diffID),
            blob.mediaType.layerCompression == (format == .zstd ? .zstd : .gzip)
        else { return nil }
        // It may go with its image, or its step, at any moment: then it is made anew.
        guard (try? store.keep([blob.digest], under: lease)) != nil else { return nil }
        blob.mediaType = Self.mediaType(format, isDocker: layer.blob.mediaType == .dockerLayer)
        return blob
    }

    private func compress(_ layer: LayerDescription, as format: CompressionFormat, _ lease: Lease) throws -> Descriptor {
        let source = CountingSource(FileSource(try store.openBlob(layer.blob.digest))) { [interruption] _ in
            try interruption.check()
        }
        let encoder = try EncodingSource(source, as: format)
        guard case .writer(let writer) = try store.ingestBlob(expecting: nil, size: nil, lease: lease, waiting: true) else {
            throw TransferError(.system, "layer \(layer.diffID.digest.short) can't be stored")
        }
        var (buffer, size): ([UInt8], Int64) = ([UInt8](repeating: 0, count: 256 << 10), 0)
        do {
            while true {
                let count = try encoder.read(into: &buffer)
                if count == 0 { break }
                try writer.write(buffer[..<count])
                size += Int64(count)
            }
            let isDocker = layer.blob.mediaType == .dockerLayer
            return Descriptor(mediaType: Self.mediaType(format, isDocker: isDocker), digest: try writer.finish(), size: size)
        } catch {
            // The first error is the one to tell; what stays is found by the collection.
            try? writer.discard()
            throw error
        }
    }

    private static func mediaType(_ format: CompressionFormat, isDocker: Bool) -> MediaType {
        switch format {
        case .none: isDocker ? .dockerLayer : .layer
        case .gzip: isDocker ? .dockerLayerGzip : .layerGzip
        case .zstd: isDocker ? .dockerLayerZstd : .layerZstd
        }
    }
}
