import OCI
import SQLite

/// The build cache: each step that was done, by its key. The layers that it names stay until the step goes.
extension Database {
    /// The step with this key.
    ///
    /// - Returns: `isWhole` is false where its layer or blob was lost, so that it is of no use.
    public func cachedStep(_ key: [UInt8]) throws(MetadataError) -> (step: CachedStepRecord, isWhole: Bool)? {
        try read { session throws(MetadataError) in
            try session.first(
                """
                SELECT \(CachedStepRecord.columns),
                (diffID IS NULL OR EXISTS(SELECT 1 FROM layers AS l WHERE l.diffID=build_cache.diffID))
                AND (blob IS NULL OR EXISTS(SELECT 1 FROM blobs AS b WHERE b.digest=build_cache.blob))
                FROM build_cache WHERE key=?
                """, [.blob(key)]
            ) { row throws(MetadataError) in (try CachedStepRecord(row), row.bool(10)) }
        }
    }

    /// Enters a step that was done, in the place of an earlier one with its key, and what its key was made of.
    ///
    /// - Throws: ``MetadataError/missing(_:)`` for a layer or blob that isn't in the store.
    public func insertCachedStep(
        _ step: CachedStepRecord, inputs: BuildInputs? = nil
    ) throws(MetadataError) {
        try write { session throws(MetadataError) in
            for name in [step.layer.map(StoredName.layer), step.blob.map { StoredName.blob($0.digest) }] {
                if let name, try session.stored(name) == nil { throw .missing(name) }
            }
            // Not REPLACE: that would delete the row, and with it the inputs that name it.
            try session.run(
                """
                INSERT INTO build_cache(\(CachedStepRecord.columns)) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT(key) DO UPDATE SET kind=excluded.kind, title=excluded.title, diffID=excluded.diffID, blob=excluded.blob,
                blobMediaType=excluded.blobMediaType, blobSize=excluded.blobSize, created=excluded.created,
                lastUsed=excluded.lastUsed, uses=excluded.uses
                """, step.values)
            guard let place = inputs?.place, let bytes = inputs?.bytes else { return }
            try session.run(
                "INSERT OR REPLACE INTO build_inputs(build, stage, position, title, key, inputs) VALUES(?, ?, ?, ?, ?, ?)",
                [
                    .blob(place.build), .text(place.stage), .integer(Int64(place.position)), .text(place.title), .blob(step.key),
                    .blob(bytes),
                ])
        }
    }

    /// What the keys of a stage's steps were made of the last time that each was done.
    public func buildInputs(_ build: [UInt8], stage: String) throws(MetadataError) -> [BuildInputs] {
        try read { session throws(MetadataError) in
            try session.all(
                "SELECT position, title, inputs FROM build_inputs WHERE build=? AND stage=? ORDER BY position",
                [.blob(build), .text(stage)]
            ) { row in
                BuildInputs(
                    place: BuildPlace(build: build, stage: stage, position: Int(row.integer(0)), title: row.text(1)), bytes: row.blob(2))
            }
        }
    }

    /// Notes that steps were used.
    public func noteUse(ofCachedSteps keys: [[UInt8]], at time: Int64) throws(MetadataError) {
        guard !keys.isEmpty else { return }
        try write { session throws(MetadataError) in
            for key in keys {
                try session.run(
                    "UPDATE build_cache SET lastUsed=max(lastUsed, ?), uses=uses+1 WHERE key=?", [.integer(time), .blob(key)])
            }
        }
    }

    /// All steps, those first that were used last, each with whether a build that runs has its layer.
    public func cachedSteps() throws(MetadataError) -> [(step: CachedStepRecord, isInUse: Bool)] {
        try read { session throws(MetadataError) in
            try session.all(
                """
                SELECT \(CachedStepRecord.columns),
                EXISTS(SELECT 1 FROM lease_resources AS r WHERE r.kind='layer' AND r.digest=build_cache.diffID)
                FROM build_cache ORDER BY lastUsed DESC, created DESC, key
                """
            ) { row throws(MetadataError) in (try CachedStepRecord(row), row.bool(10)) }
        }
    }

    /// Has the steps that came to a layer name another blob that unpacks to it; the one before becomes garbage unless others have it.
    ///
    /// - Throws: ``MetadataError/missing(_:)`` for a blob that isn't in the store.
    public func replaceBlobs(ofCachedSteps blobs: [DiffID: Descriptor]) throws(MetadataError) {
        guard !blobs.isEmpty else { return }
        try write { session throws(MetadataError) in
            for (layer, blob) in blobs {
                if try session.stored(.blob(blob.digest)) == nil { throw .missing(.blob(blob.digest)) }
                try session.run(
                    "UPDATE build_cache SET blob=?, blobMediaType=?, blobSize=? WHERE diffID=?",
                    [
                        .text(blob.digest.description), .text(blob.mediaType.description), .integer(blob.size),
                        .text(layer.description),
                    ])
            }
        }
    }

    /// The blobs that steps which came to a layer name, and that are in the store.
    public func blobs(ofCachedStepsWith layer: DiffID) throws(MetadataError) -> [Descriptor] {
        try read { session throws(MetadataError) in
            try session.all(
                """
                SELECT \(CachedStepRecord.columns) FROM build_cache
                WHERE diffID=? AND EXISTS(SELECT 1 FROM blobs AS b WHERE b.digest=build_cache.blob) ORDER BY blob
                """, [.text(layer.description)]
            ) { row throws(MetadataError) in try CachedStepRecord(row) }
        }.compactMap(\.blob)
    }

    /// Forgets steps, with what their keys were made of; their layers become garbage unless others have them too.
    ///
    /// - Returns: The keys of those that were still there.
    @discardableResult
    public func deleteCachedSteps(_ keys: [[UInt8]]) throws(MetadataError) -> [[UInt8]] {
        guard !keys.isEmpty else { return [] }
        return try writeFreeing { session throws(MetadataError) in
            var deleted: [[UInt8]] = []
            for key in keys where try session.run("DELETE FROM build_cache WHERE key=?", [.blob(key)]) > 0 {
                deleted.append(key)
            }
            return deleted
        }
    }
}
