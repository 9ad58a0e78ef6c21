import Glibc
import Linux
import Metadata
import OCI

extension ImageStore {
    /// Removes what processes that were killed left half-written, and files that no row speaks of.
    ///
    /// - Returns: The bytes of the files that are gone; unpacked trees aren't counted.
    func removeLeftovers() throws(StoreError) -> Int64 {
        try removePartialIndexes()
        return try removePartialBlobs() + removeUnknownBlobs() + removePartialLayers() + removeUnknownLayers()
    }

    /// `index.json` is written beside itself and renamed; a killed writer leaves that.
    private func removePartialIndexes() throws(StoreError) {
        let lock = try lock(StoreLayout.indexLock, waiting: true)
        for name in try names(in: StoreLayout.content)
        where name.hasPrefix("\(OCILayout.indexName).") && name.hasSuffix(".tmp") {
            try asStoreError { () throws(SystemCallError) in try removeIfThere("\(StoreLayout.content)/\(name)") }
        }
        _ = consume lock
    }

    private func names(in path: String) throws(StoreError) -> [String] {
        // Names that Hako made are ASCII; another's that isn't stays, as it can't be taken for one of ours.
        try asStoreError { () throws(SystemCallError) in try open(path).names().map(\.description) }
    }

    private func removePartialBlobs() throws(StoreError) -> Int64 {
        var reclaimed: Int64 = 0
        for name in try names(in: StoreLayout.blobIngest) {
            let isLock = name.utf8.count > StoreLayout.lockSuffix.utf8.count && name.hasSuffix(StoreLayout.lockSuffix)
            let path = "\(StoreLayout.blobIngest)/\(isLock ? String(name.dropLast(StoreLayout.lockSuffix.utf8.count)) : name)"
            guard let lock = try lock(StoreLayout.lock(path), waiting: false) else { continue }
            try asStoreError { () throws(SystemCallError) in
                reclaimed += try LockFile.status(path, in: directory)?.size ?? 0
                try removeIfThere(path)
                try directory.unlink(StoreLayout.lock(path))
            }
            _ = consume lock
        }
        return reclaimed
    }

    private func removePartialLayers() throws(StoreError) -> Int64 {
        for name in try names(in: StoreLayout.layerIngest) {
            if name.hasPrefix(StoreLayout.draftPrefix) {
                try removeDraft(String(name.split(separator: ".").first ?? ""))
                continue
            }
            let hex = String(name.split(separator: ".").first ?? "")
            guard let digest = Self.digest(hex) else { continue }
            // Only what an unpacked layer's row doesn't need is beneath this name: the lock decides.
            let diffID = DiffID(digest)
            let acquired = try lock(StoreLayout.layerLock(diffID), waiting: false)
            guard let lock = acquired else { continue }
            try asStoreError { () throws(SystemCallError) in
                try directory.removeTree(StoreLayout.partialLayer(diffID))
                try directory.unlink(StoreLayout.layerLock(diffID))
            }
            _ = consume lock
        }
        return 0
    }

    /// Removes layers that came to be in processes that were killed.
    public func removeDeadDrafts() throws(StoreError) {
        for name in try names(in: StoreLayout.layerIngest) where name.hasPrefix(StoreLayout.draftPrefix) {
            try removeDraft(String(name.split(separator: ".").first ?? ""))
        }
    }

    private func removeDraft(_ name: String) throws(StoreError) {
        let path = "\(StoreLayout.layerIngest)/\(name)"
        guard let lock = try lock(StoreLayout.lock(path), waiting: false) else { return }
        try asStoreError { () throws(SystemCallError) in
            try directory.removeTree(path)
            try directory.unlink(StoreLayout.lock(path))
        }
        _ = consume lock
    }

    private func removeUnknownBlobs() throws(StoreError) -> Int64 {
        var reclaimed: Int64 = 0
        for digest in try unknownBlobs() {
            let size = try asStoreError { () throws(SystemCallError) in
                try LockFile.status(StoreLayout.blob(digest), in: directory)?.size ?? 0
            }
            try deleteFiles(of: .blob(digest))
            reclaimed += size
        }
        return reclaimed
    }

    private func removeUnknownLayers() throws(StoreError) -> Int64 {
        for diffID in try unknownLayers() { try deleteFiles(of: .layer(diffID)) }
        return 0
    }

    /// Files in a blob's place that the database doesn't know.
    func unknownBlobs() throws(StoreError) -> [Digest] {
        var unknown: [Digest] = []
        for algorithm in Digest.Algorithm.allCases {
            for name in try names(in: StoreLayout.blobs(algorithm)) {
                guard let digest = try? Digest(algorithm: algorithm, hex: name) else { continue }
                if try stored(.blob(digest)) == nil { unknown.append(digest) }
            }
        }
        return unknown
    }

    func unknownLayers() throws(StoreError) -> [DiffID] {
        var unknown: [DiffID] = []
        for name in try names(in: StoreLayout.layers) {
            guard let digest = Self.digest(name) else { continue }
            if try stored(.layer(DiffID(digest))) == nil { unknown.append(DiffID(digest)) }
        }
        return unknown
    }

    /// The digest that a file's name stands for; nil for other names.
    static func digest(_ hex: String) -> Digest? {
        Digest.Algorithm.allCases.lazy.compactMap { try? Digest(algorithm: $0, hex: hex) }.first
    }
}
