import ImageStore
import Linux
import OCI
import Registry

/// Reads what a cache of builds says of its steps, and brings those of its layers into a store that somebody needs.
///
/// All of it is a stranger's: what isn't what its digest says, is too big or makes no sense is an error.
public struct BuildCacheReader: Sendable {
    private let client: RegistryClient
    private let progress: Progress
    private let interruption: Interruption

    public init(client: RegistryClient, progress: Progress, interruption: Interruption) {
        self.client = client
        self.progress = progress
        self.interruption = interruption
    }

    /// Tells of the cache at a place. Blocks this thread.
    ///
    /// - Parameter platforms: Of an image of several platforms, whose images' caches are wanted.
    public func read(_ place: BuildCachePlace, platforms: [Platform]) throws(TransferError) {
        do {
            let documents = try documents(at: place.source(client, interruption), platforms: platforms.isEmpty ? [.host] : platforms)
            progress.buildCache(documents)
        } catch { throw TransferError(error, while: "read it") }
    }

    private func documents(at source: any BuildCacheSource, platforms: [Platform]) throws -> BuildCacheDocument {
        var document = BuildCacheDocument()
        let (bytes, type) = try source.top()
        switch try ManifestDocument(json: JSON(parsing: bytes), declaredAs: type) {
        case .manifest(let manifest): document = try self.document(of: manifest, source)
        case .index(let index):
            guard !index.manifests.contains(where: { $0.mediaType.isOfBuildKit }) else { throw Self.isBuildKits }
            var entries: [Descriptor] = []
            for platform in platforms {
                guard let entry = index.candidates(for: platform).first, !entries.contains(entry) else { continue }
                entries.append(entry)
            }
            guard !entries.isEmpty else { throw TransferError(.notFound, "there is no image for \(platforms[0]) in it") }
            for entry in entries {
                // Of an index in it nothing is used: no builder makes such a one.
                let manifest = try ImageManifest(json: JSON(parsing: source.manifest(entry)))
                document.add(try self.document(of: manifest, source))
            }
        }
        return document
    }

    private func document(of manifest: ImageManifest, _ source: any BuildCacheSource) throws -> BuildCacheDocument {
        let type = manifest.config.mediaType
        guard type == .buildCache || type.isConfig else {
            throw type.isOfBuildKit ? Self.isBuildKits : TransferError(.invalid, "it is no cache of builds but \(type)")
        }
        guard manifest.config.size <= ImageConfig.maximumSize else {
            throw TransferError(.invalid, "its config is larger than \(ImageConfig.maximumSize) bytes")
        }
        let json = try JSON(parsing: source.contents(of: manifest.config))
        if type == .buildCache { return try BuildCacheDocument(config: json, blobs: manifest.layers) }
        guard let document = try BuildCacheDocument(inlineOf: ImageConfig(json: json), manifest) else {
            throw TransferError(.notFound, "it is an image without a cache: build it with --cache-to type=inline")
        }
        return document
    }

    private static let isBuildKits = TransferError(
        .invalid, "it is a cache of BuildKit, whose keys mean something to BuildKit alone")

    // MARK: Layers

    /// Brings layers of a cache into the store: each is verified and unpacked as a pull does that. Blocks this thread.
    public func fetch(
        _ layers: [BuildCacheDocument.Layer], from place: BuildCachePlace, into store: ImageStore
    ) throws(TransferError) {
        do {
            let lease = try store.lease()
            let descriptions = layers.map { LayerDescription(blob: $0.blob, diffID: $0.diffID) }
            switch place {
            case .registry(let reference):
                try Puller(store: store, client: client, progress: progress, interruption: interruption)
                    .fetch(descriptions, from: BlobSource(reference: reference.withDefaultTag, endpoint: nil), lease)
            case .layout(let directory, _):
                let layout = try LayoutDirectory(directory)
                try interruption.forEach(descriptions, width: Puller.layersAtOnce) { [self] layer in
                    try store.ingest(layer.blob, from: layout, lease: lease) { try interruption.check() }
                    let stored = StoredLayer(
                        store: store, layer: layer, lease: lease, progress: progress, interruption: interruption)
                    try stored.unpack(wasHere: false)
                }
            }
            progress.done()
            try lease.end()
        } catch { throw TransferError(error, while: "fetch its layers") }
    }
}

extension MediaType {
    fileprivate var isOfBuildKit: Bool { description.hasPrefix("application/vnd.buildkit.cacheconfig.") }
}

/// Where a cache's documents come from, whatever the place is.
protocol BuildCacheSource {
    /// The manifest or index that is meant, and what it was announced as.
    func top() throws -> (bytes: [UInt8], type: MediaType?)
    func manifest(_ entry: Descriptor) throws -> [UInt8]
    /// Of a blob that isn't big, verified.
    func contents(of blob: Descriptor) throws -> [UInt8]
}

extension BuildCachePlace {
    fileprivate func source(_ client: RegistryClient, _ interruption: Interruption) throws -> any BuildCacheSource {
        switch self {
        case .registry(let reference):
            RegistryCacheSource(reference: reference.withDefaultTag, client: client, interruption: interruption)
        case .layout(let directory, let name): LayoutCacheSource(layout: try LayoutDirectory(directory), name: name)
        }
    }
}

private struct RegistryCacheSource: BuildCacheSource {
    let reference: Reference
    let client: RegistryClient
    let interruption: Interruption

    func top() throws -> (bytes: [UInt8], type: MediaType?) {
        let fetched = try fetch(reference)
        return (fetched.bytes, fetched.announcedType)
    }

    func manifest(_ entry: Descriptor) throws -> [UInt8] { try fetch(reference.pinned(to: entry.digest)).bytes }

    private func fetch(_ name: Reference) throws -> FetchedManifest {
        try interruption.wait { [client] in try await client.manifest(of: name) }
    }

    func contents(of blob: Descriptor) throws -> [UInt8] { try client.bytes(of: blob, reference, preferred: nil, interruption) }
}

private struct LayoutCacheSource: BuildCacheSource {
    let layout: LayoutDirectory
    let name: String

    func top() throws -> (bytes: [UInt8], type: MediaType?) {
        let entries = try layout.index().manifests
        let entry = entries.first { $0.digest.description == name } ?? entries.last { $0.annotations[AnnotationName.refName] == name }
        guard let entry else { throw TransferError(.notFound, "its index has no \(name)") }
        return (try manifest(entry), entry.mediaType)
    }

    func manifest(_ entry: Descriptor) throws -> [UInt8] { try layout.contents(of: entry, limit: ImageManifest.maximumSize) }

    func contents(of blob: Descriptor) throws -> [UInt8] { try layout.contents(of: blob, limit: ImageConfig.maximumSize) }
}
