import OCI

/// Where things are below the store's root, as paths relative to it.
///
/// What is half-written is under `ingest`: beside its destination, so that a rename puts it there.
enum StoreLayout {
    static let content = "content"
    static let marker = "content/\(OCILayout.markerName)"
    static let index = "content/\(OCILayout.indexName)"
    static let indexLock = "content/\(OCILayout.indexName).lock"
    static let recoveryLock = "recovery.lock"
    static let blobIngest = "content/ingest"
    static let layers = "layers"
    static let layerIngest = "layers/.ingest"
    /// Of the names in `layerIngest` that are no digests: layers that come to be.
    static let draftPrefix = "new-"
    static let leases = "leases"
    static let database = "hako.db"

    /// In the order in which they can be made.
    static let directories: [String] =
        [content, "content/\(OCILayout.blobsName)"]
        + Digest.Algorithm.allCases.map { "content/\(OCILayout.blobsName)/\($0.rawValue)" }
        + [blobIngest, layers, layerIngest, leases]

    static func blobs(_ algorithm: Digest.Algorithm) -> String {
        "content/\(OCILayout.blobsName)/\(algorithm.rawValue)"
    }
    static func blob(_ digest: Digest) -> String { "content/\(OCILayout.blobPath(digest))" }
    /// The bytes that are there already.
    static func partialBlob(_ digest: Digest) -> String { "\(blobIngest)/\(fileName(digest))" }
    /// Of whoever writes the blob, or removes it.
    static func blobLock(_ digest: Digest) -> String { lock(partialBlob(digest)) }

    static func layer(_ diffID: DiffID) -> String { "\(layers)/\(fileName(diffID.digest))" }
    /// Being unpacked or being removed.
    static func partialLayer(_ diffID: DiffID) -> String { "\(layerIngest)/\(fileName(diffID.digest))" }
    static func layerLock(_ diffID: DiffID) -> String { lock(partialLayer(diffID)) }

    /// Beside what it guards, and not that itself: it has to be held until the row is written, after the rename.
    static func lock(_ path: String) -> String { path + lockSuffix }
    static let lockSuffix = ".lock"

    static func lease(_ id: String) -> String { "\(leases)/\(id)" }

    /// SHA-256 goes without saying; no digest of another algorithm has the same length.
    private static func fileName(_ digest: Digest) -> String { digest.hex }
}
