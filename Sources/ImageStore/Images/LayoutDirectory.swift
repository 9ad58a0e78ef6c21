import Archive
import Glibc
import Linux
import OCI

/// An OCI image layout in a directory that isn't the store's: somebody else's, whose files are believed nothing and whose symlinks
/// lead nowhere.
///
/// - SeeAlso: image-spec image-layout.md
public final class LayoutDirectory: Sendable {
    public let path: String
    private let root: FileDescriptor

    /// - Throws: Where there is no such directory.
    public init(_ path: String) throws(SystemCallError) {
        self.path = path
        root = try FileDescriptor.directory(path)
    }

    /// Makes the directory a layout, unless it is one.
    public static func make(at path: String) throws -> LayoutDirectory {
        for name in ["", "/\(OCILayout.blobsName)", "/\(OCILayout.blobsName)/sha256", "/\(OCILayout.blobsName)/sha512"] {
            if access(path + name, F_OK) != 0 { try Directory.create(path + name, mode: 0o755) }
        }
        let layout = try LayoutDirectory(path)
        if try layout.status(of: OCILayout.markerName) == nil {
            try layout.replace(OCILayout.markerName, with: OCILayout.marker.bytes())
        }
        return layout
    }

    // MARK: Reading

    public func index() throws -> ImageIndex {
        let marker = try open(OCILayout.markerName).readAll(limit: 1 << 16)
        try OCILayout.check(marker: try JSON(parsing: marker))
        let bytes = try open(OCILayout.indexName).readAll(limit: ImageManifest.maximumSize)
        return try ImageIndex(json: try JSON(parsing: bytes))
    }

    /// A small blob, verified.
    ///
    /// - Parameter limit: In bytes; a blob that is said to be bigger isn't read.
    public func contents(of blob: Descriptor, limit: Int) throws -> [UInt8] {
        guard blob.size <= limit else { throw StoreError.wrongSize(blob.digest, expected: Int64(limit), found: blob.size) }
        let bytes = try openBlob(blob.digest).readAll(limit: limit)
        guard bytes.count == blob.size else {
            throw StoreError.wrongSize(blob.digest, expected: blob.size, found: Int64(bytes.count))
        }
        let found = try ContentHash.digest(blob.digest.algorithm, of: bytes)
        guard found == blob.digest else { throw StoreError.wrongDigest(expected: blob.digest, found: found) }
        return bytes
    }

    /// Opens a blob as it lies there: who reads it verifies it.
    public func openBlob(_ digest: Digest) throws(SystemCallError) -> FileDescriptor { try open(OCILayout.blobPath(digest)) }

    /// Opens one of its files by its path in the layout.
    public func open(_ name: String) throws(SystemCallError) -> FileDescriptor {
        // Not a FIFO, which would be waited for.
        try FileDescriptor.open(name, in: root, .beneathWithoutSymlinks, flags: O_RDONLY | O_NONBLOCK)
    }

    private func status(of name: String) throws(SystemCallError) -> FileStatus? {
        do throws(SystemCallError) { return try root.status(of: name) } catch {
            guard error.errno == .noSuchFile else { throw error }
            return nil
        }
    }

    // MARK: Writing

    /// Whether it has a blob of that size.
    public func hasBlob(_ blob: Descriptor) throws(SystemCallError) -> Bool {
        try status(of: OCILayout.blobPath(blob.digest))?.size == blob.size
    }

    /// Writes a blob that isn't there yet.
    public func write(_ blob: Descriptor, from source: any ByteSource) throws {
        guard try !hasBlob(blob) else { return }
        try write(OCILayout.blobPath(blob.digest)) { (file: borrowing FileDescriptor) in
            try source.forEachBuffer { try file.writeAll($0) }
        }
    }

    /// Has a tag lead to a blob; what is there beside it stays.
    public func tag(_ blob: Descriptor, as name: String) throws {
        // Two builds may write to one directory at once.
        let lock = try FileDescriptor.open(OCILayout.markerName, in: root, .beneathWithoutSymlinks)
        try lock.lockWhole()
        defer { withExtendedLifetime(lock) {} }
        var index = try status(of: OCILayout.indexName) == nil ? ImageIndex(manifests: []) : try self.index()
        index.manifests.removeAll { $0.annotations[AnnotationName.refName] == name }
        var entry = blob
        entry.annotations[AnnotationName.refName] = name
        index.manifests.append(entry)
        try replace(OCILayout.indexName, with: index.json.bytes())
    }

    private func replace(_ name: String, with bytes: [UInt8]) throws {
        try write(name) { (file: borrowing FileDescriptor) in try file.writeAll(bytes) }
    }

    /// Under another name first.
    private func write(_ name: String, _ body: (borrowing FileDescriptor) throws -> Void) throws {
        let temporary = ".hako-\(RandomID.make().prefix(16))"
        let parts = name.split(separator: "/")
        let parent = try FileDescriptor.open(
            parts.count > 1 ? parts.dropLast().joined(separator: "/") : ".", in: root, .beneathWithoutSymlinks,
            flags: O_RDONLY | O_DIRECTORY)
        do {
            try body(
                try FileDescriptor.open(
                    temporary, in: root, .beneathWithoutSymlinks, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644))
            try FileDescriptor.rename(temporary, in: root, to: String(parts.last ?? ""), in: parent)
        } catch {
            // The first error is the one to tell.
            try? root.unlink(temporary)
            throw error
        }
    }
}

extension ImageStore {
    /// Brings a blob into the store that lies in a layout.
    ///
    /// - Throws: ``StoreError/wrongDigest(expected:found:)``, ``StoreError/wrongSize(_:expected:found:)``: then nothing of it is there.
    public func ingest(_ blob: Descriptor, from layout: LayoutDirectory, lease: Lease, check: () throws -> Void = {}) throws {
        guard case .writer(let writer) = try ingestBlob(expecting: blob.digest, size: blob.size, lease: lease, waiting: true) else { return }
        do {
            try writer.restart()
            try FileSource(try layout.openBlob(blob.digest)).forEachBuffer { bytes in
                try check()
                try writer.write(bytes)
            }
            _ = try writer.finish()
        } catch {
            // What is wrong isn't to be taken up by anybody; one that stays is found by the collection.
            try? writer.discard()
            throw error
        }
    }
}
