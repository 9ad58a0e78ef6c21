import Archive
import Engine
import Glibc
import ImageStore
import Linux
import OCI

/// An image of an OCI layout that somebody else keeps: `oci-layout://DIRECTORY[:TAG|@DIGEST]`.
///
/// It comes into the store as by `load`, without a name.
///
/// - SeeAlso: image-spec image-layout.md
struct LayoutImage {
    private let directory: String
    private let tag: String?
    private let digest: Digest?
    private let access: RemoteAccess

    init(_ text: String, _ access: RemoteAccess) throws {
        self.access = access
        let (before, digest) = text.split(atFirst: "@")
        self.digest = try digest.map { text in
            do throws(DigestError) { return try Digest(text) } catch { throw BuildError("invalid oci-layout \(before)@\(text): \(error)") }
        }
        let slash = before.lastIndex(of: "/") ?? before.startIndex
        guard digest == nil, let colon = before[slash...].lastIndex(of: ":") else {
            (directory, tag) = (before, nil)
            return
        }
        (directory, tag) = (String(before[..<colon]), String(before[before.index(after: colon)...]))
    }

    /// Loads it; its id.
    func load() throws -> String {
        let layout: LayoutDirectory
        do throws(SystemCallError) { layout = try LayoutDirectory(directory) } catch {
            throw BuildError("invalid oci-layout \(directory): \(error.errno)")
        }
        let entry = try entry(of: try index(of: layout))
        let manifest = try manifest(entry, in: layout, depth: 1)
        var blobs = [manifest.descriptor.digest: manifest.descriptor.size]
        for blob in [manifest.manifest.config] + manifest.manifest.layers { blobs[blob.digest] = blob.size }
        let draft = try access.store.layerDraft()
        let path = draft.path + "/layout.tar"
        try write(manifest.descriptor, blobs, from: layout, to: path)
        guard let image = try access.engine.load(path, onEvent: { _ in }).last else { throw BuildError("oci-layout \(directory) holds no image") }
        return image.imageID.description
    }

    private func entry(of index: ImageIndex) throws -> Descriptor {
        if let digest {
            if let entry = index.manifests.first(where: { $0.digest == digest }) { return entry }
            throw BuildError("oci-layout \(directory) has no \(digest) in its index")
        }
        let wanted = tag ?? "latest"
        if let entry = index.manifests.first(where: { $0.annotations[AnnotationName.refName] == wanted }) { return entry }
        guard tag == nil, let only = index.manifests.first, index.manifests.count == 1 else {
            throw BuildError("oci-layout \(directory) has no image tagged \(wanted)")
        }
        return only
    }

    /// The image for this machine.
    private func manifest(
        _ entry: Descriptor, in layout: LayoutDirectory, depth: Int
    ) throws -> (descriptor: Descriptor, manifest: ImageManifest) {
        let bytes = try contents(OCILayout.blobPath(entry.digest), in: layout)
        switch try ManifestDocument(json: JSON(parsing: bytes), declaredAs: entry.mediaType) {
        case .manifest(let manifest): return (entry, manifest)
        case .index(let index):
            guard depth < ImageIndex.maximumDepth, let candidate = index.candidates(for: .host).first else {
                throw BuildError("oci-layout \(directory) has no image for \(Platform.host)")
            }
            return try self.manifest(candidate, in: layout, depth: depth + 1)
        }
    }

    private func index(of layout: LayoutDirectory) throws -> ImageIndex {
        try ImageIndex(json: JSON(parsing: try contents(OCILayout.indexName, in: layout)))
    }

    private func contents(_ path: String, in layout: LayoutDirectory) throws -> [UInt8] {
        do throws(SystemCallError) {
            return try layout.open(path).readAll(limit: ImageManifest.maximumSize)
        } catch { throw BuildError("invalid oci-layout \(directory): \(path): \(error.errno)") }
    }

    /// As an archive with this one image, without its names. Who loads it verifies the digests.
    private func write(_ entry: Descriptor, _ blobs: [Digest: Int64], from layout: LayoutDirectory, to path: String) throws {
        let sink = BufferedSink(FileSink(try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL)))
        let archive = TarWriter(sink)
        for (digest, size) in blobs.sorted(by: { $0.key.description < $1.key.description }) {
            let name = OCILayout.blobPath(digest)
            try archive.append(TarEntry(.regular, PathBytes(stringLiteral: name), size: size, mode: 0o644), body: FileSource(try layout.open(name)))
        }
        var entry = entry
        entry.annotations = [:]
        let index = ImageIndex(manifests: [entry])
        try archive.append(TarEntry(.regular, PathBytes(stringLiteral: OCILayout.indexName), mode: 0o644), body: index.json.bytes())
        try archive.append(TarEntry(.regular, PathBytes(stringLiteral: OCILayout.markerName), mode: 0o644), body: OCILayout.marker.bytes())
        try archive.finish()
        try sink.flush()
    }
}
