import Metadata
import OCI

/// One line of what a removal did.
public enum RemovedItem: Hashable, Sendable {
    /// A name that is gone: `nginx:latest`, `nginx@sha256:…`.
    case untagged(Reference)
    case deletedImage(ImageID)
    case deletedLayer(DiffID)
}

/// Why an image isn't removed.
public enum RemovalConflict: Hashable, Sendable, CustomStringConvertible {
    /// Its last name, and a container was made of it. Forcing takes the name away.
    case lastReference(String, image: ImageID, container: String)
    /// More than one name, given by its id. Forcing takes them all away.
    case severalRepositories(ImageID)
    /// Of an image given by its id. Forcing takes its names away while the container keeps it.
    case usedByStoppedContainer(ImageID, container: String)
    /// Not to be forced.
    case usedByRunningContainer(ImageID, container: String)

    /// In Docker's words, which scripts look for.
    public var description: String {
        switch self {
        case .lastReference(let name, let image, let container):
            """
            conflict: unable to remove repository reference "\(name)" (must force) - container \
            \(container.prefix(12)) is using its referenced image \(image.short)
            """
        case .severalRepositories(let image):
            """
            conflict: unable to delete \(image.short) (must be forced) - image is referenced in multiple repositories
            """
        case .usedByStoppedContainer(let image, let container):
            """
            conflict: unable to delete \(image.short) (must be forced) - image is being used by stopped container \
            \(container.prefix(12))
            """
        case .usedByRunningContainer(let image, let container):
            """
            conflict: unable to delete \(image.short) (cannot be forced) - image is being used by running container \
            \(container.prefix(12))
            """
        }
    }
}

extension ImageStore {
    /// Takes a name away, and the image too if it was its last one; or, given an id, the image with its names. As
    /// `docker rmi`.
    ///
    /// - Parameter text: A name, an id or the beginning of one, as for ``resolve(_:)``.
    /// - Throws: ``StoreError/conflict(_:)``, ``StoreError/noSuchImage(_:)``, ``StoreError/ambiguousID(_:)``.
    public func removeImage(_ text: String, force: Bool = false) throws(StoreError) -> [RemovedItem] {
        let resolved = try resolve(text)
        let image = try storedImage(resolved.image)
        let containers = try asStoreError { () throws(MetadataError) in try database.containers(ofImage: image.id) }
        let names: [Reference]
        if let reference = resolved.reference {
            names = try namesToRemove(reference, of: image, text, containers.first, force: force)
        } else {
            try requireRemovable(image, containers, force: force)
            names = image.references + image.repoDigests
        }
        return try remove(names, of: image)
    }

    private func namesToRemove(
        _ reference: Reference, of image: StoredImage, _ text: String, _ container: ContainerRecord?, force: Bool
    ) throws(StoreError) -> [Reference] {
        if !force, image.hasOneName, let container {
            throw .conflict(.lastReference(text, image: image.id, container: container.id))
        }
        guard reference.digest == nil else { return [reference.digest.map(reference.pinned(to:)) ?? reference] }
        let siblings = image.references.filter { $0 != reference && $0.name == reference.name }
        // With the last tag of a repository go the digests by which it was pulled from there.
        return [reference] + (siblings.isEmpty ? image.repoDigests.filter { $0.name == reference.name } : [])
    }

    private func requireRemovable(
        _ image: StoredImage, _ containers: [ContainerRecord], force: Bool
    ) throws(StoreError) {
        if let container = containers.first(where: \.state.isUp) {
            throw .conflict(.usedByRunningContainer(image.id, container: container.id))
        }
        guard !force else { return }
        if !image.hasOneName, !image.isUnnamed { throw .conflict(.severalRepositories(image.id)) }
        if let container = containers.first {
            throw .conflict(.usedByStoppedContainer(image.id, container: container.id))
        }
    }

    private func remove(_ names: [Reference], of image: StoredImage) throws(StoreError) -> [RemovedItem] {
        let digests = names.compactMap { name in
            name.digest.map { RepoDigest(repository: name.name, digest: $0, image: image.id) }
        }
        let isDeleted = try asStoreError { () throws(MetadataError) in
            try database.remove(names.filter { $0.digest == nil }.map(\.description), digests, of: image.id)
        }
        var removed = names.map(RemovedItem.untagged)
        if isDeleted {
            removed.append(.deletedImage(image.id))
            removed += try collectGarbage().layers.map(RemovedItem.deletedLayer)
        }
        try writeIndex()
        return removed
    }
}

extension StoredImage {
    var isUnnamed: Bool { references.isEmpty && repoDigests.isEmpty }

    /// At most one tag, and all names in one repository.
    var hasOneName: Bool {
        references.count <= 1 && Set((references + repoDigests).map(\.name)).count == 1
    }
}
