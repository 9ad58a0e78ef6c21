import OCI
import SQLite

extension Database {
    /// What entering an image changed.
    public struct RegistrationResult: Hashable, Sendable {
        /// Whether the image wasn't there before.
        public var isNew: Bool
        /// The image that the reference led to before, if it was another one.
        public var movedFrom: ImageID?
    }

    /// Enters an image and its name in one transaction.
    ///
    /// - Throws: ``MetadataError/missing(_:)`` for a blob or layer that isn't in the store.
    public func register(_ new: ImageRegistration) throws(MetadataError) -> RegistrationResult {
        try write { session throws(MetadataError) in
            for blob in new.blobs { try session.require(.blob(blob)) }
            for layer in new.layers { try session.require(.layer(layer)) }
            let isNew = try session.image(new.image.id) == nil
            try session.store(new, isNew: isNew)
            guard let name = new.reference else { return RegistrationResult(isNew: isNew, movedFrom: nil) }
            let reference = ReferenceRecord(
                name: name, image: new.image.id, target: new.image.manifest,
                targetMediaType: new.image.manifestMediaType, targetSize: new.image.manifestSize,
                updated: new.image.registered)
            return RegistrationResult(isNew: isNew, movedFrom: try session.point(reference))
        }
    }

    public func image(id: ImageID) throws(MetadataError) -> ImageRecord? {
        try read { session throws(MetadataError) in try session.image(id) }
    }

    /// The image whose id begins with these hexadecimal digits.
    ///
    /// - Throws: ``MetadataError/ambiguousPrefix(_:)``.
    public func image(idPrefix hex: String) throws(MetadataError) -> ImageRecord? {
        guard IDPrefix.isPossible(hex) else { return nil }
        return try read { session throws(MetadataError) in
            let found = try session.all(
                "SELECT \(ImageRecord.columns) FROM images WHERE id>=? AND id<? LIMIT 2",
                [.text("sha256:" + hex), .text("sha256:" + IDPrefix.end(of: hex))]
            ) { row throws(MetadataError) in try ImageRecord(row) }
            guard found.count < 2 else { throw .ambiguousPrefix(hex) }
            return found.first
        }
    }

    /// All images with their names, from one moment.
    public func imageList() throws(MetadataError) -> ImageList {
        try read { session throws(MetadataError) in
            ImageList(
                images: try session.all(
                    "SELECT \(ImageRecord.columns) FROM images ORDER BY created DESC, id"
                ) { row throws(MetadataError) in try ImageRecord(row) },
                references: try session.references(),
                repoDigests: try session.all(
                    "SELECT repository, digest, image FROM repo_digests ORDER BY repository, digest"
                ) { row throws(MetadataError) in try RepoDigest(row) })
        }
    }

    /// The diffIDs of an image's layers, the bottom one first.
    public func layers(of image: ImageID) throws(MetadataError) -> [DiffID] {
        try read { session throws(MetadataError) in
            try session.all(
                "SELECT diffID FROM image_layers WHERE image=? ORDER BY position", [.text(image.description)]
            ) { row throws(MetadataError) in try row.diffID(0, "image_layers.diffID") }
        }
    }

    /// The images that a layer is part of.
    public func images(with layer: DiffID) throws(MetadataError) -> [ImageRecord] {
        try read { session throws(MetadataError) in
            try session.all(
                """
                SELECT \(ImageRecord.columns) FROM images
                WHERE id IN (SELECT image FROM image_layers WHERE diffID=?) ORDER BY id
                """, [.text(layer.description)]
            ) { row throws(MetadataError) in try ImageRecord(row) }
        }
    }

    /// Has an image, and its names that led to the manifest `old`, lead to another manifest of the same config. The blobs of
    /// `old` are let go, unless another of its names leads to a manifest of its own.
    public func replaceManifest(
        of image: ImageID, _ old: Digest, blobs: Set<Digest>, with new: ReplacementManifest
    ) throws(MetadataError) {
        let id = Value.text(image.description)
        let values = [
            Value.text(new.digest.description), .text(new.mediaType.description), .integer(new.size), id,
            .text(old.description),
        ]
        try writeFreeing { session throws(MetadataError) in
            for blob in new.blobs { try session.require(.blob(blob)) }
            try session.run(
                "UPDATE images SET manifest=?, manifestMediaType=?, manifestSize=? WHERE id=? AND manifest=?", values)
            try session.run(
                "UPDATE image_references SET target=?, targetMediaType=?, targetSize=? WHERE image=? AND target=?", values)
            for blob in new.blobs {
                try session.run(
                    "INSERT OR IGNORE INTO image_blobs(image, digest) VALUES(?, ?)", [id, .text(blob.description)])
            }
            for blob in blobs.subtracting(new.blobs) {
                try session.run(
                    """
                    DELETE FROM image_blobs WHERE image=? AND digest=?
                    AND NOT EXISTS(SELECT 1 FROM image_references WHERE image=? AND target<>?)
                    """, [id, .text(blob.description), id, .text(new.digest.description)])
            }
        }
    }

    /// The blobs that an image keeps in the store.
    public func blobs(of image: ImageID) throws(MetadataError) -> [Digest] {
        try read { session throws(MetadataError) in
            try session.all(
                "SELECT digest FROM image_blobs WHERE image=? ORDER BY digest", [.text(image.description)]
            ) { row throws(MetadataError) in try row.digest(0, "image_blobs.digest") }
        }
    }

    /// Deletes an image with its names; its blobs and layers become garbage unless others have them too.
    ///
    /// - Throws: ``MetadataError/imageInUse(by:)`` while containers were made of it, ``MetadataError/noSuchImage(_:)``.
    public func deleteImage(_ id: ImageID) throws(MetadataError) {
        try writeFreeing { session throws(MetadataError) in
            let users = try session.all("SELECT id FROM containers WHERE image=?", [.text(id.description)]) { $0.text(0) }
            guard users.isEmpty else { throw .imageInUse(by: users) }
            try session.run("DELETE FROM image_references WHERE image=?", [.text(id.description)])
            guard try session.run("DELETE FROM images WHERE id=?", [.text(id.description)]) > 0 else {
                throw .noSuchImage(id.description)
            }
        }
    }

    /// The images that have no name and of which no container was made.
    public func danglingImages() throws(MetadataError) -> [ImageRecord] {
        try images(where: "NOT EXISTS(SELECT 1 FROM image_references WHERE image=images.id)")
    }

    /// The images of which no container was made.
    public func unusedImages() throws(MetadataError) -> [ImageRecord] { try images(where: "TRUE") }

    private func images(where condition: String) throws(MetadataError) -> [ImageRecord] {
        try read { session throws(MetadataError) in
            try session.all(
                """
                SELECT \(ImageRecord.columns) FROM images
                WHERE \(condition) AND NOT EXISTS(SELECT 1 FROM containers WHERE image=images.id) ORDER BY id
                """) { row throws(MetadataError) in try ImageRecord(row) }
        }
    }
}

/// A manifest that takes another one's place.
public struct ReplacementManifest: Hashable, Sendable {
    public var digest: Digest
    public var mediaType: MediaType
    /// In bytes.
    public var size: Int64
    /// Itself, its config and its layers.
    public var blobs: Set<Digest>

    public init(digest: Digest, mediaType: MediaType, size: Int64, blobs: Set<Digest>) {
        self.digest = digest
        self.mediaType = mediaType
        self.size = size
        self.blobs = blobs
    }
}

/// The images of a store with what leads to them.
public struct ImageList: Hashable, Sendable {
    /// The newest first.
    public var images: [ImageRecord]
    public var references: [ReferenceRecord]
    public var repoDigests: [RepoDigest]
}

extension Session {
    func references() throws(MetadataError) -> [ReferenceRecord] {
        try all("SELECT \(ReferenceRecord.columns) FROM image_references ORDER BY name") {
            row throws(MetadataError) in try ReferenceRecord(row)
        }
    }

    func image(_ id: ImageID) throws(MetadataError) -> ImageRecord? {
        try first("SELECT \(ImageRecord.columns) FROM images WHERE id=?", [.text(id.description)]) {
            row throws(MetadataError) in try ImageRecord(row)
        }
    }

    fileprivate func require(_ name: StoredName) throws(MetadataError) {
        guard try stored(name) != nil else { throw .missing(name) }
    }

    fileprivate func store(_ new: ImageRegistration, isNew: Bool) throws(MetadataError) {
        let id = Value.text(new.image.id.description)
        if isNew {
            try run("INSERT INTO images(\(ImageRecord.columns)) VALUES(?, ?, ?, ?, ?, ?, ?, ?)", new.image.values)
            for (position, layer) in new.layers.enumerated() {
                try run(
                    "INSERT INTO image_layers(image, position, diffID) VALUES(?, ?, ?)",
                    [id, .integer(Int64(position)), .text(layer.description)])
            }
        } else {
            // The same config, so the same layers; perhaps another manifest.
            try run(
                "UPDATE images SET manifest=?, manifestMediaType=?, manifestSize=? WHERE id=?",
                [
                    .text(new.image.manifest.description), .text(new.image.manifestMediaType.description),
                    .integer(new.image.manifestSize), id,
                ])
        }
        for blob in new.blobs {
            try run("INSERT OR IGNORE INTO image_blobs(image, digest) VALUES(?, ?)", [id, .text(blob.description)])
        }
        for digest in new.repoDigests { try insert(digest) }
    }

    func insert(_ digest: RepoDigest) throws(MetadataError) {
        try run(
            "INSERT OR IGNORE INTO repo_digests(repository, digest, image) VALUES(?, ?, ?)",
            [.text(digest.repository), .text(digest.digest.description), .text(digest.image.description)])
    }

    /// Makes a name lead somewhere; returns the image that it led to before, if that was another.
    func point(_ reference: ReferenceRecord) throws(MetadataError) -> ImageID? {
        let before = try first("SELECT image FROM image_references WHERE name=?", [.text(reference.name)]) {
            row throws(MetadataError) in try row.imageID(0, "image_references.image")
        }
        try run(
            "INSERT OR REPLACE INTO image_references(\(ReferenceRecord.columns)) VALUES(?, ?, ?, ?, ?, ?)",
            reference.values)
        return before == reference.image ? nil : before
    }
}
