import ImageStore
import Linux
import OCI

/// Saves images of a store as an archive.
public final class Saver: Sendable {
    private let store: ImageStore
    private let progress: Progress
    private let interruption: Interruption

    public init(store: ImageStore, progress: Progress, interruption: Interruption) {
        self.store = store
        self.progress = progress
        self.interruption = interruption
    }

    /// Writes an archive. Blocks this thread.
    ///
    /// - Parameters:
    ///   - names: Names or ids; a name without tag and digest stands for each tag of its repository, as for Docker.
    ///   - platform: That the images must be for; nil for whatever they are.
    public func save(_ names: [String], platform: Platform?, to sink: any ByteSink) throws(TransferError) {
        do {
            // What is written must not be collected meanwhile.
            let lease = try store.lease()
            let images = try SavedImage.all(names, of: store)
            for image in images {
                if let platform, !platform.runs(image.image.config.platform) {
                    throw TransferError(
                        .notFound,
                        "image with reference \(image.asked) was found but does not provide the specified platform (\(platform))")
                }
            }
            var archive = ImageArchive(isDocker: true)
            for image in images { archive.add(image.image, names: image.names) }
            try store.keep(archive.digests, under: lease)
            try archive.write(from: store, to: sink) { [interruption] in try interruption.check() }
            for image in images {
                progress.image(image.image.id, digest: image.image.document.digest, reference: image.names.first, isNew: false)
            }
            try lease.end()
        } catch { throw TransferError(error, while: "save \(names.joined(separator: ", "))") }
    }
}

/// An image of an archive, with the names that were asked for.
private struct SavedImage {
    let image: OutgoingImage
    /// By which it was first asked for.
    let asked: String
    var names: [Reference]

    /// Each image once, in the order in which they were asked for.
    static func all(_ texts: [String], of store: ImageStore) throws -> [SavedImage] {
        var images: [SavedImage] = []
        for text in texts {
            for (image, name) in try found(text, in: store) {
                let known = images.firstIndex { $0.image.document.digest == image.document.digest }
                let index = known ?? images.count
                if known == nil { images.append(SavedImage(image: image, asked: text, names: [])) }
                if let name, !images[index].names.contains(name) { images[index].names.append(name) }
            }
        }
        return images
    }

    private static func found(_ text: String, in store: ImageStore) throws -> [(OutgoingImage, Reference?)] {
        if let name = try? Reference(text), name.tag == nil, name.digest == nil {
            let tags = try store.images().flatMap(\.references).filter { $0.name == name.name }
            if !tags.isEmpty {
                return try tags.sorted { $0.description < $1.description }.map { (try store.outgoingImage(named: $0), $0) }
            }
        }
        let resolved = try store.resolve(text)
        guard let reference = resolved.reference, reference.digest == nil else {
            return [(try store.outgoingImage(resolved.image), nil)]
        }
        return [(try store.outgoingImage(named: reference), reference)]
    }
}
