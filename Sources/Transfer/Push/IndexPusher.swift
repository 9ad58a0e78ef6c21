import ImageStore
import Linux
import OCI
import Registry

/// Pushes indexes that were put together of manifests that the registry has.
public struct IndexPusher: Sendable {
    private let client: RegistryClient
    private let progress: Progress
    private let interruption: Interruption

    public init(client: RegistryClient, progress: Progress, interruption: Interruption) {
        self.client = client
        self.progress = progress
        self.interruption = interruption
    }

    /// Puts an index under its name. A manifest of another repository comes into the index's own, with its blobs. Blocks this thread.
    public func push(_ assembled: AssembledIndex) throws(TransferError) {
        let target = assembled.index.reference
        do {
            for part in assembled.parts where part.reference.path != target.path { try bring(part, to: target) }
            try put(assembled.index, as: target)
            progress.done()
        } catch { throw TransferError(pushOf: target, error) }
    }

    private func bring(_ part: RegistryManifest, to target: Reference) throws {
        let document = try ManifestDocument(json: JSON(parsing: Array(part.text.utf8)), declaredAs: part.descriptor.mediaType)
        guard case .manifest(let manifest) = document else {
            throw TransferError(.invalid, "\(part.reference.familiar) is a manifest list")
        }
        try interruption.forEach(Array(Set([manifest.config] + manifest.layers)), width: Puller.layersAtOnce) { [self] blob in
            try mount(blob, from: part.reference, to: target)
        }
        let pinned = target.pinned(to: part.descriptor.digest)
        try put(part, as: pinned)
        progress.status("Pushed ref \(pinned) with digest: \(part.descriptor.digest)")
    }

    private func mount(_ blob: Descriptor, from source: Reference, to target: Reference) throws {
        let outgoing = OutgoingBlob(blob.digest, size: blob.size) { _, _ in
            throw TransferError(
                .notFound, "the registry doesn't give \(target.familiarName) blob \(blob.digest.short) of \(source.familiarName)",
                hint: "Push \(source.familiar) to \(target.familiarName), too.")
        }
        _ = try interruption.wait { [client] in
            try await client.upload(outgoing, to: target, mountingFrom: [source.path])
        }
    }

    private func put(_ manifest: RegistryManifest, as reference: Reference) throws {
        let bytes = Array(manifest.text.utf8)
        let found = try Descriptor(mediaType: manifest.descriptor.mediaType, of: bytes)
        guard found.digest == manifest.descriptor.digest else {
            throw TransferError(.invalid, "\(reference.familiar) isn't what its digest says: it has \(found.digest)")
        }
        try interruption.wait { [client] in
            try await client.put(manifest: bytes, manifest.descriptor.mediaType, as: reference)
        }
    }
}
