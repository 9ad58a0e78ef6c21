import Linux

/// One entry of a tar stream: a file with its metadata. Its body, if it has one, is read from the ``TarReader``.
public struct TarEntry: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case regular
        case directory
        case symlink
        /// A further name for the file ``TarEntry/linkTarget``, which came before.
        case hardLink
        case fifo
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
    }

    public var kind: Kind
    /// As it is written in the archive: possibly absolute, with `..`, or with a slash at its end.
    public var name: PathBytes
    /// Of symlinks and hard links; else empty.
    public var linkTarget: PathBytes
    /// The file's length in bytes, holes included; 0 for what has no body.
    public var size: Int64
    /// Permission, set-id and sticky bits: `0o7777` at most.
    public var mode: UInt32
    public var userID: UInt32
    public var groupID: UInt32
    public var modified: FileTime
    /// Where the archive has it.
    public var accessed: FileTime?
    /// Sorted by name; each name once.
    public var attributes: [ExtendedAttribute]
    /// Where the header starts, in bytes of the stream.
    public var offset: Int64

    public init(
        _ kind: Kind, _ name: PathBytes, linkTarget: PathBytes = "", size: Int64 = 0, mode: UInt32 = 0o644,
        userID: UInt32 = 0, groupID: UInt32 = 0, modified: FileTime = FileTime(seconds: 0), accessed: FileTime? = nil,
        attributes: [ExtendedAttribute] = [], offset: Int64 = 0
    ) {
        self.kind = kind
        self.name = name
        self.linkTarget = linkTarget
        self.size = size
        self.mode = mode
        self.userID = userID
        self.groupID = groupID
        self.modified = modified
        self.accessed = accessed
        self.attributes = attributes
        self.offset = offset
    }
}

/// An extended attribute of a file (xattr(7)).
public struct ExtendedAttribute: Hashable, Sendable {
    /// With its namespace: `user.mime_type`.
    public var name: PathBytes
    public var value: [UInt8]

    public init(_ name: PathBytes, _ value: [UInt8]) {
        self.name = name
        self.value = value
    }
}
