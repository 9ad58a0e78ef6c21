import Archive
import ImageStore
import Linux
import OCI
import Registry

/// Pushes images of a store to registries.
public final class Pusher: Sendable {
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

    /// Brings an image, with all its layers, into the repository of its name. Blocks this thread.
    ///
    /// Manifests are sent byte for byte as they came, so that the digest stays; only layers that are kept as plain tar, of an
    /// image that no registry has yet, are compressed first, for good. An index goes along if all that it names is here, or
    /// in the repository already.
    ///
    /// - Parameters:
    ///   - name: With its tag; without one every tag of the repository is pushed.
    ///   - platform: The image must be for this one, and no index goes along.
    public func push(_ name: Reference, platform: Platform?) throws(TransferError) {
        progress.status("The push refers to repository [\(name.name)]")
        do {
            let lease = try store.lease()
            for reference in try references(name) { try push(reference, platform, lease) }
            try lease.end()
        } catch { throw TransferError(pushOf: name, error) }
    }

    private func references(_ name: Reference) throws -> [Reference] {
        guard name.digest == nil else { throw TransferError(.invalid, "cannot push a digest reference") }
        let own = try store.images().flatMap(\.references).filter { $0.name == name.name }
        guard !own.isEmpty else {
            throw TransferError(.notFound, "An image does not exist locally with the tag: \(name.familiarName)")
        }
        guard name.tag != nil else { return own.sorted { $0.description < $1.description } }
        guard own.contains(name) else { throw TransferError(.notFound, "tag does not exist: \(name.familiar)") }
        return [name]
    }

    private func push(_ reference: Reference, _ platform: Platform?, _ lease: Lease) throws {
        var image = try store.outgoingImage(named: reference)
        if let platform, !platform.runs(image.config.platform) {
            throw TransferError(
                .notFound,
                "image with reference \(reference.familiar) was found but does not provide the specified platform (\(platform))")
        }
        try store.keep([image.document.digest, image.manifest.config.digest] + image.manifest.layers.map(\.digest), under: lease)
        announce(image)
        var indexes = try store.indexes(of: image)
        if !image.isKnownElsewhere(with: indexes.map(\.document)), image.hasPlainLayers {
            let compressor = LayerCompressor(store: store, progress: progress, interruption: interruption)
            image = try Timings.span("compress") { try compressor.compressed(image, as: .gzip, lease) }
            indexes = []
        }
        try Timings.span("layers") { [image] in try sendLayers(of: image, to: reference) }
        try send(image.manifest.config, to: reference)
        let index = platform == nil ? indexes.first : nil
        let isWhole = try index.map { try sendOthers(of: $0.index, but: image.document.digest, to: reference) } ?? false
        if isWhole { try put(image.document, as: reference.pinned(to: image.document.digest)) }
        let top = isWhole ? index?.document ?? image.document : image.document
        try Timings.span("manifest") { try put(top, as: reference) }
        try store.note(reference.pinned(to: top.digest), of: image.id)
        let leftOut = isWhole ? nil : index?.document.digest
        progress.pushed(reference, image.id, digest: top.digest, size: Int64(top.bytes.count), insteadOf: leftOut)
    }

    /// The topmost first, as Docker tells of them.
    private func announce(_ image: OutgoingImage) {
        let layers = image.layers.reversed()
        for layer in layers { progress.layer(layer.diffID.digest.short, .preparing) }
        for layer in layers.dropFirst(Puller.layersAtOnce) { progress.layer(layer.diffID.digest.short, .waiting) }
    }

    private func sendLayers(of image: OutgoingImage, to reference: Reference) throws {
        try interruption.forEach(image.layers.reversed(), width: Puller.layersAtOnce) { [self] layer in
            try send(layer.blob, to: reference, shownAs: layer.diffID.digest.short)
        }
    }

    /// - Parameter name: Of its progress; nil for what nobody watches.
    func send(_ blob: Descriptor, to reference: Reference, shownAs name: String? = nil) throws {
        let file = BlobFile(try store.openBlob(blob.digest))
        let outgoing = OutgoingBlob(blob.digest, size: blob.size) { [progress] sent in
            if let name { progress.layer(name, .pushing, current: sent, total: blob.size) }
        } read: { count, offset in
            try file.descriptor.read(upTo: count, at: offset)
        }
        let candidates = try store.repositories(holding: blob.digest)
            .filter { $0.domain == reference.domain && $0.path != reference.path }.map(\.path)
        let outcome = try interruption.wait { [client] in
            try await client.upload(outgoing, to: reference, mountingFrom: candidates)
        }
        guard let name else { return }
        switch outcome {
        case .existed: progress.layer(name, .existed)
        case .mounted(let path): progress.layer(name, .mounted, from: path)
        case .sent: progress.layer(name, .pushed, current: blob.size, total: blob.size)
        }
    }

    private func put(_ document: StoredManifest, as reference: Reference) throws {
        try interruption.wait { [client] in
            try await client.put(manifest: document.bytes, document.mediaType, as: reference)
        }
    }

    /// Sends what an index names beside the image itself; false where something of it is neither here nor there.
    private func sendOthers(of index: ImageIndex, but own: Digest, to reference: Reference) throws -> Bool {
        var others: [(document: StoredManifest, blobs: [Descriptor])] = []
        for entry in index.manifests where entry.digest != own {
            if let other = try whole(entry.digest) {
                others.append(other)
            } else {
                let isThere = try interruption.wait { [client] in
                    try await client.hasManifest(entry.digest, in: reference)
                }
                if !isThere { return false }
            }
        }
        for other in others {
            try interruption.forEach(other.blobs, width: Puller.layersAtOnce) { [self] blob in
                try send(blob, to: reference, shownAs: blob.mediaType.isLayer ? blob.digest.short : nil)
            }
            try put(other.document, as: reference.pinned(to: other.document.digest))
        }
        return true
    }

    /// A manifest that the store has with all its blobs.
    private func whole(_ digest: Digest) throws -> (document: StoredManifest, blobs: [Descriptor])? {
        guard try store.hasBlob(digest) else { return nil }
        let (document, parsed) = try store.document(digest)
        guard case .manifest(let manifest) = parsed else { return nil }
        let blobs = [manifest.config] + manifest.layers
        return try blobs.allSatisfy { try store.hasBlob($0.digest) } ? (document, blobs) : nil
    }
}

/// A blob's file, held as long as something reads it.
final class BlobFile: Sendable {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}

extension OutgoingImage {
    /// Each layer once, the lowest first.
    var layers: [LayerDescription] {
        var layers: [LayerDescription] = []
        for (blob, diffID) in zip(manifest.layers, config.diffIDs) {
            let isKnown = layers.contains { $0.diffID == diffID && $0.blob.digest == blob.digest }
            if !isKnown { layers.append(LayerDescription(blob: blob, diffID: diffID)) }
        }
        return layers
    }

    var hasPlainLayers: Bool { manifest.layers.contains { $0.mediaType.layerCompression == MediaType.Compression.none } }
}
