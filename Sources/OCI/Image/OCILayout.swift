/// Names and constants of an OCI image layout.
///
/// - SeeAlso: image-spec image-layout.md.
public enum OCILayout {
    public static let version = "1.0.0"
    /// The file that says that a directory is a layout.
    public static let markerName = "oci-layout"
    public static let indexName = "index.json"
    public static let blobsName = "blobs"

    /// What the marker holds.
    public static var marker: JSON { ["imageLayoutVersion": .string(version)] }

    /// Where a blob is, relative to the layout: `blobs/sha256/…`. A ``Digest`` can't lead elsewhere.
    public static func blobPath(_ digest: Digest) -> String {
        "\(blobsName)/\(digest.algorithm.rawValue)/\(digest.hex)"
    }

    /// Judges the marker of a layout that somebody else wrote: any 1.x is read.
    public static func check(marker: JSON) throws(FormatError) {
        let fields = try JSONFields(marker)
        let version = try fields.required("imageLayoutVersion", fields.string("imageLayoutVersion"))
        guard version.utf8.starts(with: "1.".utf8) else {
            throw fields.error("imageLayoutVersion", "\(version) is not supported")
        }
    }
}

/// Annotations that carry a meaning.
///
/// - SeeAlso: image-spec annotations.md.
public enum AnnotationName {
    /// The tag of an entry of a layout's index.
    public static let refName = "org.opencontainers.image.ref.name"
    /// The whole name of an entry, as containerd and BuildKit write it.
    public static let imageName = "io.containerd.image.name"
    public static let created = "org.opencontainers.image.created"
    public static let baseName = "org.opencontainers.image.base.name"
    public static let baseDigest = "org.opencontainers.image.base.digest"
    /// On build attestations in an index: what they are about.
    public static let dockerReferenceType = "vnd.docker.reference.type"
}
