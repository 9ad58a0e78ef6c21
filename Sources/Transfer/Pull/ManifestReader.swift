import Linux
import OCI
import Registry

/// Fetches manifests and lists of tags for people to read.
public struct ManifestReader: Sendable {
    private let client: RegistryClient
    private let progress: Progress
    private let interruption: Interruption

    public init(client: RegistryClient, progress: Progress, interruption: Interruption) {
        self.client = client
        self.progress = progress
        self.interruption = interruption
    }

    /// Tells of the manifest or index under a name. If `isWhole`, also of the manifests that an index leads to, and of the platform
    /// that an image is for.
    public func read(_ name: Reference, isWhole: Bool) throws(TransferError) {
        let reference = name.withDefaultTag
        do {
            let top = try fetch(reference)
            let document = try ManifestDocument(json: JSON(parsing: top.bytes), declaredAs: top.announcedType)
            tell(top, as: reference, document, platform: isWhole ? try platform(of: document, reference, top.endpoint) : nil)
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

    /// Tells of all tags of a repository.
    public func tags(of repository: Reference) throws(TransferError) {
        do { progress.tags(try interruption.wait { [client] in try await client.tags(of: repository) }) } catch {
            guard let error = error as? RegistryError, case .notFound = error.reason else {
                throw TransferError(error, while: "list the tags of \(repository.familiarName)")
            }
            throw TransferError(.notFound, "repository \(repository.familiarName) not found")
        }
    }

    private func fetch(_ reference: Reference) throws -> FetchedManifest {
        try interruption.wait { [client] in try await client.manifest(of: reference) }
    }

    /// Of an image, as its configuration says it; nil for an index, and for what is no image.
    private func platform(
        of document: ManifestDocument, _ reference: Reference, _ endpoint: Endpoint
    ) throws -> Platform? {
        guard case .manifest(let manifest) = document, manifest.config.mediaType.isConfig else { return nil }
        let bytes = try client.bytes(of: manifest.config, reference, preferred: endpoint, interruption)
        return try ImageConfig(json: JSON(parsing: bytes)).platform
    }

    private func tell(_ fetched: FetchedManifest, as reference: Reference, _ document: ManifestDocument, platform: Platform?) {
        let fallback: MediaType = if case .index = document { .imageIndex } else { .imageManifest }
        let type = document.mediaType ?? fetched.announcedType ?? fallback
        let entry = Descriptor(
            mediaType: type, digest: fetched.digest, size: Int64(fetched.bytes.count), platform: platform)
        progress.manifest(RegistryManifest(reference, entry, text: String(decoding: fetched.bytes, as: UTF8.self)))
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
