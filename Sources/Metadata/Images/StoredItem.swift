import OCI
import SQLite

/// What the store keeps by digest.
public enum StoredKind: String, Hashable, Sendable {
    /// Bytes as they came, by their digest.
    case blob
    /// An unpacked layer, by its diffID.
    case layer

    var table: String { self == .blob ? "blobs" : "layers" }
    var key: String { self == .blob ? "digest" : "diffID" }

    func name(_ digest: Digest) -> StoredName { self == .blob ? .blob(digest) : .layer(DiffID(digest)) }
}

/// The name of a blob or of an unpacked layer.
public enum StoredName: Hashable, Sendable, CustomStringConvertible {
    case blob(Digest)
    case layer(DiffID)

    public var digest: Digest {
        switch self {
        case .blob(let digest): digest
        case .layer(let diffID): diffID.digest
        }
    }

    public var kind: StoredKind {
        switch self {
        case .blob: .blob
        case .layer: .layer
        }
    }

    /// `blob sha256:…`
    public var description: String { "\(kind.rawValue) \(digest)" }
}

/// A blob or an unpacked layer that is in its place.
public struct StoredItem: Hashable, Sendable {
    public var name: StoredName
    /// In bytes.
    public var size: Int64
    /// The boot in which it was written, as long as it isn't known to be on the disk.
    public var unsyncedBoot: String?

    public init(_ name: StoredName, size: Int64, unsyncedBoot: String?) {
        self.name = name
        self.size = size
        self.unsyncedBoot = unsyncedBoot
    }

    init(_ kind: StoredKind, _ row: Row) throws(MetadataError) {
        self.init(
            kind.name(try row.digest(0, "\(kind.table).\(kind.key)")), size: row.integer(1),
            unsyncedBoot: row.optionalText(2))
    }
}

/// That an image or a step of the build cache is in need of an item.
public struct Holding: Hashable, Sendable {
    public enum Holder: Hashable, Sendable {
        case image(ImageID)
        /// By its key.
        case step([UInt8])
    }

    public var holder: Holder
    public var name: StoredName
}

/// What an unpacked layer is, beside its files.
public struct LayerDetails: Hashable, Sendable {
    /// Of its files, in bytes.
    public var size: Int64
    /// The directories in it that its stream named no entry for, as bytes of their paths.
    public var implicitDirectories: [[UInt8]]
}
