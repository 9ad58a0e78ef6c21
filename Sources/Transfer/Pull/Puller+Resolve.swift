import OCI
import Registry

/// The manifest for one platform, and the way to it.
struct ResolvedManifest: Sendable {
    let manifest: ImageManifest
    let document: FetchedManifest
    /// What it was called by whoever led to it.
    let declaredType: MediaType?
    /// The outermost first.
    let indexes: [FetchedManifest]

    var endpoint: Endpoint { document.endpoint }
}

extension Puller {
    /// Follows indexes to the manifest that fits `platform` best.
    func resolve(_ reference: Reference, _ platform: Platform) throws -> ResolvedManifest {
        var indexes: [FetchedManifest] = []
        var next = reference
        var declared: MediaType?
        for _ in 0...ImageIndex.maximumDepth {
            let fetched = try fetch(next, of: reference, after: indexes.last)
            let type = declared ?? fetched.announcedType
            switch try ManifestDocument(json: JSON(parsing: fetched.bytes), declaredAs: type) {
            case .manifest(let manifest):
                return ResolvedManifest(manifest: manifest, document: fetched, declaredType: type, indexes: indexes)
            case .index(let index):
                guard let best = index.candidates(for: platform).first else {
                    throw TransferError(
                        .notFound, "no matching manifest for \(platform) in the manifest list entries",
                        hint: Self.platforms(of: index))
                }
                indexes.append(fetched)
                next = reference.pinned(to: best.digest)
                declared = best.mediaType
            }
        }
        throw TransferError(
            .invalid, "\(reference.familiar) is an index of indexes, deeper than \(ImageIndex.maximumDepth)")
    }

    private func fetch(_ name: Reference, of reference: Reference, after index: FetchedManifest?) throws
        -> FetchedManifest
    {
        do {
            return try interruption.wait { [client] in try await client.manifest(of: name, preferred: index?.endpoint) }
        } catch let error as RegistryError { throw TransferError(manifestOf: reference, error) }
    }

    private static func platforms(of index: ImageIndex) -> String? {
        let names = index.manifests.compactMap(\.platform).filter { $0.os != "unknown" }.map(\.description)
        return names.isEmpty ? nil : "It is there for \(names.prefix(20).joined(separator: ", "))."
    }
}
