import Glibc
import Linux
import Metadata
import OCI

/// What became of the wish to unpack a layer.
public enum LayerIngest: Sendable {
    /// It is in the store already; the size of its files in bytes.
    case present(size: Int64)
    /// Another thread or process is unpacking it.
    case inProgress
    case writer(LayerWriter)
}

extension ImageStore {
    /// Begins to unpack a layer, unless it is there. From then on `lease` keeps it.
    ///
    /// Who needs both a blob and a layer asks for the blob first: so two can't wait for one another.
    ///
    /// - Parameter waiting: As for ``ingestBlob(expecting:size:lease:waiting:)``.
    public func ingestLayer(_ diffID: DiffID, lease: Lease, waiting: Bool) throws(StoreError) -> LayerIngest {
        if let item = try hold(.layer(diffID), lease) { return .present(size: item.size) }
        let path = StoreLayout.layerLock(diffID)
        let acquired = try lock(path, waiting: waiting)
        guard let lock = acquired else { return .inProgress }
        if let item = try stored(.layer(diffID)) {
            // Whoever held the lock has finished.
            try asStoreError { () throws(SystemCallError) in try directory.unlink(path) }
            return .present(size: item.size)
        }
        return .writer(LayerWriter(self, diffID, lock: lock))
    }

    /// The directories that an image's layers are, as overlay's lower directories: absolute paths, the topmost first.
    ///
    /// - Throws: ``StoreError/incomplete(_:missing:)`` for a layer that was lost: a pull brings it back.
    public func lowerDirectories(of image: ImageID) throws(StoreError) -> [String] {
        let layers = try asStoreError { () throws(MetadataError) in try database.layers(of: image) }
        do throws(StoreError) { return try lowerDirectories(of: layers) } catch {
            guard case .metadata(.missing(let name)) = error else { throw error }
            throw .incomplete(image, missing: name)
        }
    }

    /// The same for layers that are no image yet, the lowest first.
    ///
    /// - Throws: ``MetadataError/missing(_:)``.
    public func lowerDirectories(of layers: [DiffID]) throws(StoreError) -> [String] {
        var directories: [String] = []
        // An overlay takes no directory twice (ELOOP); of a layer that occurs twice only the upper one can be seen.
        for layer in layers.reversed() {
            guard try stored(.layer(layer)) != nil else { throw .metadata(.missing(.layer(layer))) }
            let path = path(StoreLayout.layer(layer) + "/fs")
            if !directories.contains(path) { directories.append(path) }
        }
        return directories
    }

    /// The size of a layer's files in bytes; nil where the store doesn't have it.
    public func size(of layer: DiffID) throws(StoreError) -> Int64? { try stored(.layer(layer))?.size }

    /// Opens a directory of the store.
    func open(_ path: String) throws(SystemCallError) -> FileDescriptor {
        try FileDescriptor.open(path, in: directory, .beneathWithoutSymlinks, flags: O_RDONLY | O_DIRECTORY)
    }
}
