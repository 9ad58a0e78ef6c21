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

    /// Takes a name away. Returns false if there was no such name.
    public func untag(_ name: String) throws(MetadataError) -> Bool {
        try write { session throws(MetadataError) in
            try session.run("DELETE FROM image_references WHERE name=?", [.text(name)]) > 0
        }
    }

    /// Forgets by which digest a repository has an image.
    public func delete(_ digest: RepoDigest) throws(MetadataError) {
        try write { session throws(MetadataError) in
            try session.run(
                "DELETE FROM repo_digests WHERE repository=? AND digest=? AND image=?",
                [.text(digest.repository), .text(digest.digest.description), .text(digest.image.description)])
        }
    }
}
