import ImageStore
import Linux
import OCI

/// The index of what was built for several platforms.
struct PlatformIndex {
    let session: BuildSession

    /// Stores an index of the images. It stays with the one that the names lead to, as do the blobs of the others: so it can be
    /// pushed.
    func enter(_ images: [OutgoingImage], main: OutgoingImage, names: [Reference]) throws -> StoredManifest {
        let request = session.request
        var index = ImageIndex(mediaType: Self.mediaType(images), manifests: images.map(entry))
        for (name, value) in request.annotations(.index, for: nil).pairs { index.annotations[name] = value }
        let bytes = index.json.bytes()
        let digest = try session.store.ingest(bytes, lease: try session.lease())
        let others = images.filter { $0.id != main.id }
            .flatMap { [$0.document.digest, $0.manifest.config.digest] + $0.manifest.layers.map(\.digest) }
        // An older index of the same image would go along with a push.
        try session.store.forgetIndexes(of: main)
        for name in names.isEmpty ? [nil] : names.map(Optional.some) {
            _ = try session.store.register(manifest: main.document.digest, indexes: [digest] + others, reference: name?.withDefaultTag)
        }
        return StoredManifest(digest: digest, mediaType: index.mediaType ?? .imageIndex, bytes: bytes)
    }

    private func entry(of image: OutgoingImage) -> Descriptor {
        var entry = image.document.descriptor
        entry.platform = image.config.platform
        for (name, value) in session.request.annotations(.manifestDescriptor, for: image.config.platform).pairs {
            entry.annotations[name] = value
        }
        return entry
    }

    /// Docker's list holds Docker's manifests alone.
    private static func mediaType(_ images: [OutgoingImage]) -> MediaType {
        images.allSatisfy { $0.document.mediaType == .dockerManifest } ? .dockerManifestList : .imageIndex
    }
}
