import Metadata
import OCI

/// An image with what leads to it.
public struct StoredImage: Hashable, Sendable {
    public var record: ImageRecord
    /// Its names, whole and sorted.
    public var references: [Reference]
    /// `docker.io/library/nginx@sha256:…`, sorted.
    public var repoDigests: [Reference]

    public var id: ImageID { record.id }
    /// No tag leads to it.
    public var isDangling: Bool { references.isEmpty }
}

/// The image that a user's words mean.
public struct ResolvedImage: Hashable, Sendable {
    public var image: ImageRecord
    /// What was found by: nil if it was the id, or the beginning of one.
    public var reference: Reference?
}

extension ImageStore {
    /// The image that a user means: by its whole id, else by name, else by the only id that begins so.
    ///
    /// In that order, so that an image that somebody tagged like an id's beginning takes no id's place, nor the other
    /// way round. A name without a tag means `latest`; with a digest, the digest alone decides.
    ///
    /// - Throws: ``StoreError/noSuchImage(_:)``, ``StoreError/ambiguousID(_:)``.
    public func resolve(_ text: String) throws(StoreError) -> ResolvedImage {
        if let id = Self.wholeID(text), let image = try image(id) { return ResolvedImage(image: image, reference: nil) }
        // What is no reference may still be the beginning of an id, `sha256:0a1b`.
        if let reference = try? Reference(text), let image = try image(named: reference) {
            return ResolvedImage(image: image, reference: reference.withDefaultTag)
        }
        guard let image = try image(beginning: text) else { throw .noSuchImage(text) }
        return ResolvedImage(image: image, reference: nil)
    }

    /// The image that a name leads to; nil for none.
    public func image(named reference: Reference) throws(StoreError) -> ImageRecord? {
        let name = reference.withDefaultTag
        return try asStoreError { () throws(MetadataError) -> ImageRecord? in
            if let digest = name.digest { return try database.image(repository: name.name, digest: digest) }
            guard let found = try database.reference(named: name.description) else { return nil }
            return try database.image(id: found.image)
        }
    }

    public func image(_ id: ImageID) throws(StoreError) -> ImageRecord? {
        try asStoreError { () throws(MetadataError) in try database.image(id: id) }
    }

    private func image(beginning text: String) throws(StoreError) -> ImageRecord? {
        let prefix = "sha256:"
        let hex = text.utf8.starts(with: prefix.utf8) ? String(text.dropFirst(prefix.count)) : text
        do throws(MetadataError) {
            return try database.image(idPrefix: hex)
        } catch .ambiguousPrefix(let prefix) {
            throw .ambiguousID(prefix)
        } catch { throw .metadata(error) }
    }

    /// `sha256:` and 64 digits, or the digits alone.
    private static func wholeID(_ text: String) -> ImageID? {
        if let id = try? ImageID(text) { return id }
        return (try? Digest(algorithm: .sha256, hex: text)).map { ImageID($0) }
    }

    /// All images, the newest first.
    public func images() throws(StoreError) -> [StoredImage] {
        let list = try asStoreError { () throws(MetadataError) in try database.imageList() }
        let references = Dictionary(grouping: list.references, by: \.image)
        let digests = Dictionary(grouping: list.repoDigests, by: \.image)
        return list.images.map {
            Self.storedImage($0, references: references[$0.id] ?? [], repoDigests: digests[$0.id] ?? [])
        }
    }

    /// One image with its names.
    public func storedImage(_ record: ImageRecord) throws(StoreError) -> StoredImage {
        try asStoreError { () throws(MetadataError) in
            Self.storedImage(
                record, references: try database.references(to: record.id),
                repoDigests: try database.repoDigests(of: record.id))
        }
    }

    private static func storedImage(
        _ record: ImageRecord, references: [ReferenceRecord], repoDigests: [RepoDigest]
    ) -> StoredImage {
        // What doesn't parse was never written by Hako, and `check` tells of it.
        StoredImage(
            record: record, references: references.compactMap { try? Reference($0.name) },
            repoDigests: repoDigests.compactMap { try? Reference("\($0.repository)@\($0.digest)") })
    }

    /// Gives an image one more name.
    ///
    /// - Parameter reference: With a tag; without one it gets `latest`. A digest is refused.
    /// - Returns: The image that the name led to before, if it was another one.
    @discardableResult
    public func tag(_ image: ImageID, as reference: Reference, at time: Int64) throws(StoreError) -> ImageID? {
        guard reference.digest == nil else { throw .invalidReference(reference.familiar, .format) }
        let before: ImageID?
        do throws(MetadataError) {
            before = try database.tag(image, as: reference.withDefaultTag.description, at: time)
        } catch .noSuchImage(let name) {
            throw .noSuchImage(name)
        } catch { throw .metadata(error) }
        try writeIndex()
        return before
    }
}
