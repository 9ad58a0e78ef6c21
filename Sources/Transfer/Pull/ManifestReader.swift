import Linux
import OCI
import Registry

/// Fetches manifests for people to read.
public struct ManifestReader: Sendable {
    private let client: RegistryClient
    private let progress: Progress
    private let interruption: Interruption

    public init(client: RegistryClient, progress: Progress, interruption: Interruption) {
        self.client = client
        self.progress = progress
        self.interruption = interruption
    }

    /// Tells of the manifest or index under a name, and of the manifests that an index leads to if `isWhole`.
    public func read(_ name: Reference, isWhole: Bool) throws(TransferError) {
        let reference = name.withDefaultTag
        do {
            let top = try fetch(reference)
            let document = try ManifestDocument(json: JSON(parsing: top.bytes), declaredAs: top.announcedType)
            tell(top, as: reference, document, platform: nil)
            if isWhole, case .index(let index) = document {
                for entry in index.manifests where entry.mediaType.isManifest {
                    let pinned = reference.pinned(to: entry.digest)
                    let part = try fetch(pinned)
                    tell(
                        part, as: pinned,
                        try ManifestDocument(json: JSON(parsing: part.bytes), declaredAs: entry.mediaType), platform: entry.platform)
                }
            }
            progress.done()
        } catch { throw TransferError(manifestNamed: reference, error) }
    }

    private func fetch(_ reference: Reference) throws -> FetchedManifest {
        try interruption.wait { [client] in try await client.manifest(of: reference) }
    }

    private func tell(_ fetched: FetchedManifest, as reference: Reference, _ document: ManifestDocument, platform: Platform?) {
        let fallback: MediaType = if case .index = document { .imageIndex } else { .imageManifest }
        let type = document.mediaType ?? fetched.announcedType ?? fallback
        let entry = Descriptor(
            mediaType: type, digest: fetched.digest, size: Int64(fetched.bytes.count), platform: platform)
        progress.manifest(reference, entry, fetched.bytes)
    }
}

extension TransferError {
    /// What Docker says of a manifest that can't be had.
    fileprivate init(manifestNamed reference: Reference, _ error: any Error) {
        guard let error = error as? RegistryError else {
            self.init(error, while: "read the manifest of \(reference.familiar)")
            return
        }
        switch error.reason {
        case .notFound: self.init(.notFound, "no such manifest: \(reference.familiar)")
        case .unauthorized, .denied: self.init(pushOf: reference, error)
        default: self.init(error, while: "read the manifest of \(reference.familiar)")
        }
    }
}
