import Linux
import Metadata
import OCI

extension ImageStore {
    /// Writes `index.json` as the database has it, so that other tools can read the layout.
    ///
    /// An image is listed once for each of its names. One without a name isn't: each rebuild leaves one more, and no other tool
    /// has a word for it.
    func writeIndex() throws(StoreError) {
        // The lock is taken before the database is read: an older list never replaces a newer one.
        let lock = try lock(StoreLayout.indexLock, waiting: true)
        let references = try asStoreError { () throws(MetadataError) in try database.references() }
        let manifests = references.map { reference in
            Descriptor(
                mediaType: reference.targetMediaType, digest: reference.target, size: reference.targetSize,
                annotations: Self.annotations(reference.name))
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
