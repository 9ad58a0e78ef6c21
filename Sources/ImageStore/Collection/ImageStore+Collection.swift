import Glibc
import Linux
import Metadata
import OCI

/// What a collection deleted.
public struct Collected: Hashable, Sendable {
    public var blobs: [Digest] = []
    public var layers: [DiffID] = []
    /// In bytes, as the items were counted when they were written.
    public var reclaimed: Int64 = 0
}

/// What `prune` did.
public struct PruneReport: Hashable, Sendable {
    public var removed: [RemovedItem]
    /// In bytes.
    public var reclaimed: Int64
}

extension ImageStore {
    /// Which images a prune takes.
    public enum PruneScope: Sendable {
        /// Those that no tag leads to.
        case dangling
        /// All of which no container was made.
        case unused
    }

    /// Removes images that nobody uses and everything that no image holds, also what killed processes left behind.
    ///
    /// - Parameter isIncluded: Of the images in scope, which ones: the caller's filters.
    public func prune(
        _ scope: PruneScope, where isIncluded: (ImageRecord) -> Bool = { _ in true }
    ) throws(StoreError) -> PruneReport {
        var removed: [RemovedItem] = []
        for candidate in try candidates(scope) where isIncluded(candidate) {
            let image = try storedImage(candidate)
            let names = (scope == .unused ? image.references : []) + image.repoDigests
            let isDeleted = try asStoreError { () throws(MetadataError) in
                try database.remove(
                    names.filter { $0.digest == nil }.map(\.description),
                    names.compactMap { name in
                        name.digest.map { RepoDigest(repository: name.name, digest: $0, image: image.id) }
                    }, of: image.id)
            }
            guard isDeleted else { continue }
            removed += names.map(RemovedItem.untagged) + [.deletedImage(image.id)]
        }
        let collected = try collectGarbage()
        let leftovers = try removeLeftovers()
        try writeIndex()
        return PruneReport(
            removed: removed + collected.layers.map(RemovedItem.deletedLayer),
            reclaimed: collected.reclaimed + leftovers)
    }

    /// The images that a prune of this scope would take.
    public func candidates(_ scope: PruneScope) throws(StoreError) -> [ImageRecord] {
        try asStoreError { () throws(MetadataError) in
            switch scope {
            case .dangling: try database.danglingImages()
            case .unused: try database.unusedImages()
            }
        }
    }

    /// Deletes the blobs and layers that nobody holds any more. Returns their size in bytes.
    public func collectUnheld() throws(StoreError) -> Int64 { try collectGarbage().reclaimed }

    /// Deletes the blobs and layers that no image, no step of the build cache and no living lease holds.
    @discardableResult
    func collectGarbage() throws(StoreError) -> Collected {
        try endDeadLeases()
        // The rows go first: whoever asks from now on writes the item anew. Its lock then keeps the two apart.
        let garbage = try asStoreError { () throws(MetadataError) in try database.sweep() }
        var collected = Collected()
        for item in garbage {
            try deleteFiles(of: item.name)
            collected.reclaimed += item.size
            switch item.name {
            case .blob(let digest): collected.blobs.append(digest)
            case .layer(let diffID): collected.layers.append(diffID)
            }
        }
        return collected
    }

    /// Deletes what an item was made of, unless somebody is writing it anew.
    func deleteFiles(of name: StoredName) throws(StoreError) {
        let lockPath =
            switch name {
            case .blob(let digest): StoreLayout.blobLock(digest)
            case .layer(let diffID): StoreLayout.layerLock(diffID)
            }
        let acquired = try lock(lockPath, waiting: false)
        guard let lock = acquired, try stored(name) == nil else { return }
        try asStoreError { () throws(SystemCallError) in
            switch name {
            case .blob(let digest): try removeIfThere(StoreLayout.blob(digest))
            case .layer(let diffID): try deleteLayerTree(diffID)
            }
            try directory.unlink(lockPath)
        }
        _ = consume lock
    }

    /// The tree leaves its place at once, so that a process that is killed here leaves no half of a layer.
    private func deleteLayerTree(_ diffID: DiffID) throws(SystemCallError) {
        try directory.removeTree(StoreLayout.partialLayer(diffID))
        do throws(SystemCallError) {
            try FileDescriptor.rename(
                StoreLayout.layer(diffID), in: directory, to: StoreLayout.partialLayer(diffID), in: directory)
        } catch {
            guard error.errno == .noSuchFile else { throw error }
            return
        }
        try directory.removeTree(StoreLayout.partialLayer(diffID))
    }

    func removeIfThere(_ path: String) throws(SystemCallError) {
        do throws(SystemCallError) {
            try directory.unlink(path)
        } catch {
            guard error.errno == .noSuchFile else { throw error }
        }
    }
}
