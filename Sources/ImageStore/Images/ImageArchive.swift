import Archive
import Linux
import OCI

/// An archive of images: an OCI layout, which can be Docker's format as well, as Docker 25 and later write it.
///
/// Manifests and blobs are written byte for byte as they are, each once, so that digests stay; the same images give the
/// same archive.
public struct ImageArchive: Sendable {
    /// Of the layout's `index.json`.
    private var entries: [Descriptor] = []
    /// Of Docker's `manifest.json`; nil for an archive that is a layout alone.
    private var dockerEntries: [JSON]?
    /// With their sizes in bytes.
    private var blobs: [Digest: Int64] = [:]

    /// - Parameter isDocker: Whether the archive has a `manifest.json`.
    public init(isDocker: Bool) { dockerEntries = isDocker ? [] : nil }

    /// The blobs that are written.
    public var digests: [Digest] { Array(blobs.keys) }

    /// Adds an image, by its manifest, with names that lead to it.
    public mutating func add(_ image: OutgoingImage, names: [Reference]) {
        addEntries(image.document.descriptor, names)
        addBlobs(of: image)
        // moby, "image/tarexport".
        dockerEntries?.append([
            "Config": .string(OCILayout.blobPath(image.manifest.config.digest)),
            "RepoTags": names.isEmpty ? .null : JSON(names.map(\.familiar)),
            "Layers": JSON(image.manifest.layers.map { OCILayout.blobPath($0.digest) }),
        ])
    }

    /// Adds an index with the images that it leads to. Docker's format has none.
    public mutating func add(_ index: StoredManifest, of images: [OutgoingImage], names: [Reference]) {
        addEntries(index.descriptor, names)
        blobs[index.digest] = Int64(index.bytes.count)
        for image in images { addBlobs(of: image) }
    }

    /// One for each name, as containerd and Docker read them; one without a name where there is none.
    private mutating func addEntries(_ descriptor: Descriptor, _ names: [Reference]) {
        guard !names.isEmpty else { return entries.append(descriptor) }
        for name in names {
            var entry = descriptor
            entry.annotations[AnnotationName.imageName] = name.description
            entry.annotations[AnnotationName.refName] = name.tag
            entries.append(entry)
        }
    }

    private mutating func addBlobs(of image: OutgoingImage) {
        for blob in [image.document.descriptor, image.manifest.config] + image.manifest.layers { blobs[blob.digest] = blob.size }
    }

    /// Writes it to the archive's end.
    ///
    /// - Parameter check: Called again and again; what it throws ends the writing.
    public func write(from store: ImageStore, to sink: any ByteSink, check: @escaping () throws -> Void = {}) throws {
        let archive = TarWriter(sink)
        try archive.append(Self.directory("blobs/"))
        var algorithm: Digest.Algorithm?
        for (digest, size) in blobs.sorted(by: { $0.key.description < $1.key.description }) {
            if digest.algorithm != algorithm {
                algorithm = digest.algorithm
                try archive.append(Self.directory("blobs/\(digest.algorithm.rawValue)/"))
            }
            let source = CheckedSource(FileSource(try store.openBlob(digest)), check)
            try archive.append(Self.entry(OCILayout.blobPath(digest), size: size), body: source)
        }
        try archive.append(Self.entry(OCILayout.indexName), body: ImageIndex(manifests: entries).json.bytes())
        if let dockerEntries { try archive.append(Self.entry("manifest.json"), body: JSON.array(dockerEntries).bytes()) }
        try archive.append(Self.entry(OCILayout.markerName), body: OCILayout.marker.bytes())
        try archive.finish()
    }

    private static func directory(_ name: String) -> TarEntry { TarEntry(.directory, PathBytes(stringLiteral: name), mode: 0o755) }

    private static func entry(_ name: String, size: Int64 = 0) -> TarEntry {
        TarEntry(.regular, PathBytes(stringLiteral: name), size: size, mode: 0o644)
    }
}

/// A stream that somebody may end between any two of its pieces.
private final class CheckedSource: ByteSource {
    private let source: any ByteSource
    private let check: () throws -> Void

    init(_ source: any ByteSource, _ check: @escaping () throws -> Void) { (self.source, self.check) = (source, check) }

    func read(into buffer: inout [UInt8]) throws -> Int {
        try check()
        return try source.read(into: &buffer)
    }
}
