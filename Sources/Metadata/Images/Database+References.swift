import OCI
import SQLite

extension Database {
    /// By its full name.
    public func reference(named name: String) throws(MetadataError) -> ReferenceRecord? {
        try read { session throws(MetadataError) in
            try session.first("SELECT \(ReferenceRecord.columns) FROM image_references WHERE name=?", [.text(name)]) {
                row throws(MetadataError) in try ReferenceRecord(row)
            }
        }
    }

    /// All names of images, sorted.
    public func references() throws(MetadataError) -> [ReferenceRecord] {
        try read { session throws(MetadataError) in try session.references() }
    }

    /// The names of an image, sorted.
    public func references(to image: ImageID) throws(MetadataError) -> [ReferenceRecord] {
        try read { session throws(MetadataError) in
            try session.all(
                "SELECT \(ReferenceRecord.columns) FROM image_references WHERE image=? ORDER BY name",
                [.text(image.description)]
            ) { row throws(MetadataError) in try ReferenceRecord(row) }
        }
    }

    /// The digests by which repositories have an image, sorted.
    public func repoDigests(of image: ImageID) throws(MetadataError) -> [RepoDigest] {
        try read { session throws(MetadataError) in
            try session.all(
                "SELECT repository, digest, image FROM repo_digests WHERE image=? ORDER BY repository, digest",
                [.text(image.description)]
            ) { row throws(MetadataError) in try RepoDigest(row) }
        }
    }

    /// Notes by which digest a repository has an image.
    public func insert(_ digest: RepoDigest) throws(MetadataError) {
        try write { session throws(MetadataError) in try session.insert(digest) }
    }

    /// The repositories that have, or had, an image which a blob is part of, sorted.
    public func repositories(holding blob: Digest) throws(MetadataError) -> [String] {
        try read { session throws(MetadataError) in
            try session.all(
                """
                SELECT DISTINCT repository FROM repo_digests JOIN image_blobs USING(image) WHERE image_blobs.digest=?
                ORDER BY repository
                """, [.text(blob.description)]) { $0.text(0) }
        }
    }

    /// The image that a repository has by this digest of an index or manifest.
    public func image(repository: String, digest: Digest) throws(MetadataError) -> ImageRecord? {
        try read { session throws(MetadataError) in
            let id = try session.first(
                "SELECT image FROM repo_digests WHERE repository=? AND digest=?",
                [.text(repository), .text(digest.description)]
            ) { row throws(MetadataError) in try row.imageID(0, "repo_digests.image") }
            guard let id else { return nil }
            return try session.image(id)
        }
    }

    /// Gives an image one more name.
    ///
    /// - Returns: The image that the name led to before, if it was another one.
    /// - Throws: ``MetadataError/noSuchImage(_:)``.
    public func tag(_ image: ImageID, as name: String, at time: Int64) throws(MetadataError) -> ImageID? {
        try write { session throws(MetadataError) -> ImageID? in
            guard let record = try session.image(image) else { throw .noSuchImage(image.description) }
            return try session.point(
                ReferenceRecord(
                    name: name, image: image, target: record.manifest, targetMediaType: record.manifestMediaType,
                    targetSize: record.manifestSize, updated: time))
        }
    }
}

extension Database {
    /// Takes names away from an image and deletes it if nothing holds it any more, in one transaction: no other name, and
    /// no container that was made of it.
    ///
    /// - Returns: Whether the image is deleted.
    public func remove(
        _ references: [String], _ digests: [RepoDigest], of image: ImageID
    ) throws(MetadataError) -> Bool {
        let id = Value.text(image.description)
        return try writeFreeing { session throws(MetadataError) in
            for name in references {
                // Only if it still leads here: it may have moved since the caller looked.
                try session.run("DELETE FROM image_references WHERE name=? AND image=?", [.text(name), id])
            }
            for digest in digests { try session.delete(digest) }
            return try session.run(
                """
                DELETE FROM images WHERE id=?
                AND NOT EXISTS(SELECT 1 FROM image_references WHERE image=images.id)
                AND NOT EXISTS(SELECT 1 FROM repo_digests WHERE image=images.id)
                AND NOT EXISTS(SELECT 1 FROM containers WHERE image=images.id)
                """, [id]) > 0
        }
    }
}

extension Session {
    fileprivate func delete(_ digest: RepoDigest) throws(MetadataError) {
        try run(
            "DELETE FROM repo_digests WHERE repository=? AND digest=? AND image=?",
            [.text(digest.repository), .text(digest.digest.description), .text(digest.image.description)])
    }
}
