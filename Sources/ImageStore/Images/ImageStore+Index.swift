import Linux
import Metadata
import OCI

extension ImageStore {
    /// Writes `index.json` as the database has it, so that other tools can read the layout.
    ///
    /// An image is listed once for each of its names, and once without one if it has none.
    func writeIndex() throws(StoreError) {
        // The lock is taken before the database is read: an older list never replaces a newer one.
        let lock = try lock(StoreLayout.indexLock, waiting: true)
        let list = try asStoreError { () throws(MetadataError) in try database.imageList() }
        var manifests: [Descriptor] = []
        let named = Set(list.references.map(\.image))
        for reference in list.references {
            manifests.append(
                Descriptor(
                    mediaType: reference.targetMediaType, digest: reference.target, size: reference.targetSize,
                    annotations: Self.annotations(reference.name)))
        }
        for image in list.images where !named.contains(image.id) {
            manifests.append(
                Descriptor(mediaType: image.manifestMediaType, digest: image.manifest, size: image.manifestSize))
        }
        try asStoreError { () throws(SystemCallError) in
            try FileDescriptor.replaceContents(
                of: path(StoreLayout.index), with: ImageIndex(manifests: manifests).json.bytes())
        }
        _ = consume lock
    }

    /// The name as people write it is what skopeo and umoci are asked for; the whole one is containerd's.
    private static func annotations(_ name: String) -> StringMap {
        let familiar = (try? Reference(name))?.familiar ?? name
        return [AnnotationName.refName: familiar, AnnotationName.imageName: name]
    }
}
