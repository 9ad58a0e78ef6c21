import Archive
import ImageStore
import Linux
import OCI

/// Saves images of a store as an archive: an OCI layout that is Docker's format as well, as Docker 25 and later write it.
///
/// Manifests and blobs are written byte for byte as they are, each once, so that digests stay; the same images give the
/// same archive.
public final class Saver: Sendable {
    private let store: ImageStore
    private let progress: Progress
    private let interruption: Interruption

    public init(store: ImageStore, progress: Progress, interruption: Interruption) {
        self.store = store
        self.progress = progress
        self.interruption = interruption
    }

    /// Writes an archive. Blocks this thread.
    ///
    /// - Parameters:
    ///   - names: Names or ids; a name without tag and digest stands for each tag of its repository, as for Docker.
    ///   - platform: That the images must be for; nil for whatever they are.
    public func save(_ names: [String], platform: Platform?, to sink: any ByteSink) throws(TransferError) {
        do {
            // What is written must not be collected meanwhile.
            let lease = try store.lease()
            let images = try SavedImage.all(names, of: store)
            for image in images {
                if let platform, !platform.runs(image.image.config.platform) {
                    throw TransferError(
                        .notFound,
                        "image with reference \(image.asked) was found but does not provide the specified platform (\(platform))")
                }
                try store.keep(image.blobs.map(\.digest), under: lease)
            }
            try write(images, to: TarWriter(sink))
            for image in images {
                progress.image(image.image.id, digest: image.image.document.digest, reference: image.names.first, isNew: false)
            }
            try lease.end()
        } catch { throw TransferError(error, while: "save \(names.joined(separator: ", "))") }
    }

    private func write(_ images: [SavedImage], to archive: TarWriter) throws {
        let blobs = Dictionary(images.flatMap(\.blobs).map { ($0.digest, $0.size) }) { one, _ in one }
        try archive.append(directory("blobs/"))
        var algorithm: Digest.Algorithm?
        for (digest, size) in blobs.sorted(by: { $0.key.description < $1.key.description }) {
            if digest.algorithm != algorithm {
                algorithm = digest.algorithm
                try archive.append(directory("blobs/\(digest.algorithm.rawValue)/"))
            }
            let source = CountingSource(FileSource(try store.openBlob(digest))) { [interruption] _ in try interruption.check() }
            try archive.append(entry(OCILayout.blobPath(digest), size: size), body: source)
        }
        try archive.append(entry(OCILayout.indexName), body: ImageIndex(manifests: images.flatMap(\.indexEntries)).json.bytes())
        try archive.append(entry("manifest.json"), body: JSON.array(images.map(\.dockerEntry)).bytes())
        try archive.append(entry(OCILayout.markerName), body: OCILayout.marker.bytes())
        try archive.finish()
    }

    private func directory(_ name: String) -> TarEntry { TarEntry(.directory, PathBytes(stringLiteral: name), mode: 0o755) }

    private func entry(_ name: String, size: Int64 = 0) -> TarEntry {
        TarEntry(.regular, PathBytes(stringLiteral: name), size: size, mode: 0o644)
    }
}

/// An image of an archive, with the names that were asked for.
private struct SavedImage {
    let image: OutgoingImage
    /// By which it was first asked for.
    let asked: String
    var names: [Reference]

    /// Each image once, in the order in which they were asked for.
    static func all(_ texts: [String], of store: ImageStore) throws -> [SavedImage] {
        var images: [SavedImage] = []
        for text in texts {
            for (image, name) in try found(text, in: store) {
                let known = images.firstIndex { $0.image.document.digest == image.document.digest }
                let index = known ?? images.count
                if known == nil { images.append(SavedImage(image: image, asked: text, names: [])) }
                if let name, !images[index].names.contains(name) { images[index].names.append(name) }
            }
        }
        return images
    }

    private static func found(_ text: String, in store: ImageStore) throws -> [(OutgoingImage, Reference?)] {
        if let name = try? Reference(text), name.tag == nil, name.digest == nil {
            let tags = try store.images().flatMap(\.references).filter { $0.name == name.name }
            if !tags.isEmpty {
                return try tags.sorted { $0.description < $1.description }.map { (try store.outgoingImage(named: $0), $0) }
            }
        }
        let resolved = try store.resolve(text)
        guard let reference = resolved.reference, reference.digest == nil else {
            return [(try store.outgoingImage(resolved.image), nil)]
        }
        return [(try store.outgoingImage(named: reference), reference)]
    }

    var blobs: [Descriptor] { [image.document.descriptor, image.manifest.config] + image.manifest.layers }

    /// One for each name, as containerd and Docker read them; one without a name where there is none.
    var indexEntries: [Descriptor] {
        guard !names.isEmpty else { return [image.document.descriptor] }
        return names.map { name in
            var entry = image.document.descriptor
            entry.annotations[AnnotationName.imageName] = name.description
            entry.annotations[AnnotationName.refName] = name.tag
            return entry
        }
    }

    /// moby, "image/tarexport".
    var dockerEntry: JSON {
        [
            "Config": .string(OCILayout.blobPath(image.manifest.config.digest)),
            "RepoTags": names.isEmpty ? .null : JSON(names.map(\.familiar)),
            "Layers": JSON(image.manifest.layers.map { OCILayout.blobPath($0.digest) }),
        ]
    }
}
