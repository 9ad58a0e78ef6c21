import Compression
import ImageStore
import Linux
import OCI
import Synchronization

extension Pusher {
    /// The image with each plain layer as a gzip blob, which is from now on what the store keeps of it. A layer that was
    /// compressed before, for another image, isn't compressed again.
    func compressed(_ image: OutgoingImage, _ lease: Lease) throws -> OutgoingImage {
        let blobs = Mutex<[DiffID: Descriptor]>([:])
        let plain = image.layers.filter { $0.blob.mediaType.layerCompression == MediaType.Compression.none }
        try interruption.forEach(plain, width: Puller.layersAtOnce) { [self] layer in
            let blob = try store.compressedLayer(layer.diffID) ?? compress(layer, lease)
            blobs.withLock { $0[layer.diffID] = blob }
        }
        let made = blobs.withLock { $0 }
        let layers = zip(image.manifest.layers, image.config.diffIDs).map { blob, diffID in made[diffID] ?? blob }
        return try store.replaceManifest(of: image, with: layers, lease: lease)
    }

    private func compress(_ layer: LayerDescription, _ lease: Lease) throws -> Descriptor {
        let source = CountingSource(FileSource(try store.openBlob(layer.blob.digest))) { [interruption] _ in
            try interruption.check()
        }
        let encoder = try EncodingSource(source, as: .gzip)
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
            return Descriptor(
                mediaType: isDocker ? .dockerLayerGzip : .layerGzip, digest: try writer.finish(), size: size)
        } catch {
            // The first error is the one to tell; what stays is found by the collection.
            try? writer.discard()
            throw error
        }
    }
}
