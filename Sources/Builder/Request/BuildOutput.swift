import Dockerfile
import OCI

/// Where what a build has made goes: `--output`.
public struct BuildOutput: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The image, in the store; with the attribute `push=true` in its registry, too.
        case image
        /// An archive that `docker load` takes; without a destination the image in the store.
        case docker
        /// An OCI image layout, as an archive.
        case oci
        /// The files of the image, in a directory.
        case local
        /// The files of the image, in an archive.
        case tar
        /// Nothing: what was done is in the cache.
        case cacheonly
    }

    public var kind: Kind
    /// A path; `-` for standard output; nil where it has none.
    public var destination: String?
    /// The others, by their names in lower case: `name`, `push`, `compression`, `annotation.KEY`.
    public var attributes: [String: String]

    public init(_ kind: Kind, to destination: String? = nil, attributes: [String: String] = [:]) {
        self.kind = kind
        self.destination = destination
        self.attributes = attributes
    }

    public var isPushed: Bool { attributes["push"] == "true" }
}

/// What `--annotation` adds to the result.
public struct BuildAnnotation: Hashable, Sendable {
    public enum Place: String, Hashable, Sendable {
        case manifest, index
        case manifestDescriptor = "manifest-descriptor"
        case indexDescriptor = "index-descriptor"
    }

    public var place: Place
    /// The one manifest that it is for; nil for each.
    public var platform: Dockerfile.PlatformName?
    public var key: String
    public var value: String

    public init(_ place: Place = .manifest, platform: Dockerfile.PlatformName? = nil, key: String, value: String) {
        self.place = place
        self.platform = platform
        self.key = key
        self.value = value
    }
}

/// Where a build's cache is to be kept beside the store's: `--cache-to`.
public struct CacheDestination: Hashable, Sendable {
    /// Nil for `type=inline`: the config of the image that is made.
    public var place: BuildCachePlace?
    /// `mode=max`: what every stage has made, and not only the layers of the image.
    public var includesAll = false
    /// `ignore-error=true`
    public var ignoresErrors = false
    /// What layers become that are plain: `none`, `gzip`, `zstd`.
    public var compression = "gzip"

    public init(_ place: BuildCachePlace?) { self.place = place }
}
