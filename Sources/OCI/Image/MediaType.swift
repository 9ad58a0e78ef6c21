/// What a blob is. Types that nobody here knows are kept as they are.
public struct MediaType: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    public let description: String

    public init(_ text: String) { description = text }
    public init(stringLiteral value: String) { description = value }

    public static let imageManifest: MediaType = "application/vnd.oci.image.manifest.v1+json"
    public static let imageIndex: MediaType = "application/vnd.oci.image.index.v1+json"
    public static let imageConfig: MediaType = "application/vnd.oci.image.config.v1+json"
    public static let layer: MediaType = "application/vnd.oci.image.layer.v1.tar"
    public static let layerGzip: MediaType = "application/vnd.oci.image.layer.v1.tar+gzip"
    public static let layerZstd: MediaType = "application/vnd.oci.image.layer.v1.tar+zstd"
    public static let emptyJSON: MediaType = "application/vnd.oci.empty.v1+json"

    public static let dockerManifest: MediaType = "application/vnd.docker.distribution.manifest.v2+json"
    public static let dockerManifestList: MediaType = "application/vnd.docker.distribution.manifest.list.v2+json"
    public static let dockerConfig: MediaType = "application/vnd.docker.container.image.v1+json"
    public static let dockerLayer: MediaType = "application/vnd.docker.image.rootfs.diff.tar"
    public static let dockerLayerGzip: MediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    public static let dockerLayerZstd: MediaType = "application/vnd.docker.image.rootfs.diff.tar.zstd"

    /// The config of a cache of builds (``BuildCacheDocument``).
    public static let buildCache: MediaType = "application/vnd.hako.buildcache.v1+json"

    /// What a registry is asked for, in the order of preference: the Accept headers of a manifest.
    public static let manifests: [MediaType] = [.imageIndex, .dockerManifestList, .imageManifest, .dockerManifest]
}

extension MediaType {
    public var isManifest: Bool { self == .imageManifest || self == .dockerManifest }
    public var isIndex: Bool { self == .imageIndex || self == .dockerManifestList }
    public var isConfig: Bool { self == .imageConfig || self == .dockerConfig }
    public var isLayer: Bool { layerCompression != nil }

    public enum Compression: Hashable, Sendable { case none, gzip, zstd }

    /// How a layer is compressed; nil for what is no layer that can be unpacked.
    public var layerCompression: Compression? {
        switch self {
        case .layer, .dockerLayer, "application/vnd.oci.image.layer.nondistributable.v1.tar": Compression.none
        case .layerGzip, .dockerLayerGzip, "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip":
            .gzip
        case .layerZstd, .dockerLayerZstd, "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd": .zstd
        default: nil
        }
    }
}

extension MediaType {
    /// A layer's type as OCI's manifests have it.
    public var ofOCI: MediaType {
        switch self {
        case .dockerLayer: .layer
        case .dockerLayerGzip: .layerGzip
        case .dockerLayerZstd: .layerZstd
        default: self
        }
    }

    /// The same as Docker's have it.
    public var ofDocker: MediaType {
        switch self {
        case .layer: .dockerLayer
        case .layerGzip: .dockerLayerGzip
        case .layerZstd: .dockerLayerZstd
        default: self
        }
    }
}
