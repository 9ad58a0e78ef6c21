import Linux
import Metadata
import OCI

/// Something in the store that isn't as it should be.
public enum Finding: Hashable, Sendable, CustomStringConvertible {
    /// The database's file is damaged, in SQLite's words.
    case database(String)
    /// A blob whose file isn't there.
    case missingBlob(Digest)
    /// A blob whose bytes aren't those that its digest says.
    case damagedBlob(Digest)
    /// A layer whose directory isn't there.
    case missingLayer(DiffID)
    /// An image that needs what the store doesn't have.
    case incompleteImage(ImageID, missing: StoredName)
    /// A file or directory that nothing speaks of.
    case unknown(StoredName)
    /// A name that is no reference.
    case invalidReference(String)

    public var description: String {
        switch self {
        case .database(let words): "the database is damaged: \(words)"
        case .missingBlob(let digest): "blob \(digest) is missing"
        case .damagedBlob(let digest): "blob \(digest) is damaged"
        case .missingLayer(let diffID): "layer \(diffID) is missing"
        case .incompleteImage(let id, let missing): "image \(id.short) lacks \(missing)"
        case .unknown(let name): "\(name) belongs to nothing"
        case .invalidReference(let name): "\(name) is not a valid name"
        }
    }
}

extension ImageStore {
    /// Reads and verifies everything; empty if all is well. As long as the disk takes for all blobs.
    ///
    /// - Parameter repair: Whether to drop what is damaged or unknown, so that a pull writes it anew. What an image then
    ///   lacks is told.
    public func check(repair: Bool) throws(StoreError) -> [Finding] {
        var findings = try asStoreError { () throws(MetadataError) in
            try database.integrityProblems().map(Finding.database)
        }
        findings += try checkBlobs(repair) + checkLayers(repair) + checkImages()
        for digest in try unknownBlobs() { findings.append(.unknown(.blob(digest))) }
        for diffID in try unknownLayers() { findings.append(.unknown(.layer(diffID))) }
        guard repair else { return findings }
        try collectGarbage()
        _ = try removeLeftovers()
        try writeIndex()
        return findings
    }

    private func checkBlobs(_ repair: Bool) throws(StoreError) -> [Finding] {
        var findings: [Finding] = []
        for item in try asStoreError({ () throws(MetadataError) in try database.stored(.blob) }) {
            let digest = item.name.digest
            guard try !isIntact(digest, size: item.size), try stored(item.name) != nil else { continue }
            let isThere = try asStoreError { () throws(SystemCallError) in
                try LockFile.status(StoreLayout.blob(digest), in: directory) != nil
            }
            findings.append(isThere ? .damagedBlob(digest) : .missingBlob(digest))
            if repair { try drop(item.name) }
        }
        return findings
    }

    private func checkLayers(_ repair: Bool) throws(StoreError) -> [Finding] {
        var findings: [Finding] = []
        for item in try asStoreError({ () throws(MetadataError) in try database.stored(.layer) }) {
            guard case .layer(let diffID) = item.name else { continue }
            let status = try asStoreError { () throws(SystemCallError) in
                try LockFile.status(StoreLayout.layer(diffID) + "/fs", in: directory)
            }
            guard status?.kind != .directory, try stored(item.name) != nil else { continue }
            findings.append(.missingLayer(diffID))
            if repair { try drop(item.name) }
        }
        return findings
    }

    private func checkImages() throws(StoreError) -> [Finding] {
        var findings: [Finding] = []
        for image in try images() {
            let needed = try asStoreError { () throws(MetadataError) in
                try database.blobs(of: image.id).map(StoredName.blob) + database.layers(of: image.id).map(StoredName.layer)
            }
            for name in needed where try stored(name) == nil {
                findings.append(.incompleteImage(image.id, missing: name))
            }
        }
        let list = try asStoreError { () throws(MetadataError) in try database.imageList() }
        for reference in list.references where (try? Reference(reference.name)) == nil {
            findings.append(.invalidReference(reference.name))
        }
        return findings
    }

    private func drop(_ name: StoredName) throws(StoreError) {
        try asStoreError { () throws(MetadataError) in try database.delete(name) }
        try deleteFiles(of: name)
    }
}
