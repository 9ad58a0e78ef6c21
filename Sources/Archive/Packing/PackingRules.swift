import Linux

/// How a tree of files becomes an archive.
public struct PackingRules: Sendable {
    public enum Content: Sendable {
        /// The files as they are.
        case files
        /// What an overlay has written over its lower directories (its `upperdir`): overlay's marks become a layer's
        /// whiteouts.
        case changes
    }

    /// Whose the entries are.
    public enum Owner: Sendable {
        case asFound
        /// What the ids on the disk are inside a user namespace. An id that is none of its becomes ``overflowID``, as whoever
        /// is inside sees it: an error would let a container keep its files from being packed, a subtraction wrap around.
        case mapped(IDMap)
        case fixed(userID: UInt32, groupID: UInt32)
    }

    /// What the kernel shows for an id that a user namespace doesn't have. user_namespaces(7), `/proc/sys/kernel/overflowuid`
    public static let overflowID: UInt32 = 65534

    public var content = Content.files
    public var owner = Owner.asFound
    /// Whether what is mounted below is packed, too; else a mount point is an empty directory. File systems that are an
    /// interface of the kernel's (proc, sysfs) are empty directories in any case.
    public var crossesMounts = false
    /// Whole seconds are all that most programs restore, and need no pax header.
    public var keepsFractionsOfSeconds = false
    /// Seconds since 1970: later times become this one (`SOURCE_DATE_EPOCH`). Nil for none.
    public var latestModified: Int64?

    public init(_ content: Content = .files, owner: Owner = .asFound) {
        self.content = content
        self.owner = owner
    }
}

extension PackingRules {
    /// Whose an entry of this file is.
    public func owner(of status: FileStatus) -> (userID: UInt32, groupID: UInt32) {
        switch owner {
        case .asFound: (status.userID, status.groupID)
        case .mapped(let map):
            (map.insideUser(status.userID) ?? Self.overflowID, map.insideGroup(status.groupID) ?? Self.overflowID)
        case .fixed(let userID, let groupID): (userID, groupID)
        }
    }

    func modified(_ time: FileTime) -> FileTime {
        if let latestModified, time.seconds >= latestModified { return FileTime(seconds: latestModified) }
        return keepsFractionsOfSeconds ? time : FileTime(seconds: time.seconds)
    }

    /// A file's capabilities as an archive has them: without the user namespace that they are for. Nil where they are for
    /// another one than the entries' owners are of: there they are none.
    ///
    /// - SeeAlso: `struct vfs_ns_cap_data` of linux/capability.h; capabilities(7), "Namespaced file capabilities"
    public func capability(_ value: [UInt8]) -> [UInt8]? {
        let (revision2Size, revision3Size) = (20, 24)
        guard value.count == revision3Size, value[3] == 3 else { return value }
        let root = value[revision2Size...].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let isOwn = if case .mapped(let map) = owner { map.insideUser(root) == 0 } else { root == 0 }
        guard isOwn else { return nil }
        var plain = Array(value[..<revision2Size])
        plain[3] = 2
        return plain
    }
}

/// What became of a tree.
public struct PackedTree: Hashable, Sendable {
    public var entryCount = 0
    /// Bytes of file bodies.
    public var bodyBytes: Int64 = 0
    /// Sockets, which no archive holds.
    public var leftOut = 0
    /// Files that somebody else made shorter while they were read: what had been announced is filled up with zeros.
    public var shortened = 0

    public init() {}
}

/// Why a tree can't be packed.
public struct PackingError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        case systemCall(SystemCallError)
        /// An attribute by which overlay finds a file's name or content elsewhere: what is here is not all of it. Hako mounts
        /// no overlay that sets it (`redirect_dir=nofollow`, `metacopy=off`).
        case overlayAttribute(PathBytes)
        /// In a layer, such a name hides another one.
        case whiteoutName
        /// Longer than ``ExtractionLimits/pathInBytes``: nobody could unpack it.
        case pathTooLong
    }

    public let reason: Reason
    /// As the entry would have been called.
    public let path: PathBytes

    public init(_ reason: Reason, _ path: PathBytes) {
        self.reason = reason
        self.path = path
    }

    public var description: String {
        switch reason {
        case .systemCall(let error): "\(path): \(error)"
        case .overlayAttribute(let name): "\(path): the attribute \(name) of overlay says that the file is not all here"
        case .whiteoutName: "\(path): a layer can't hold a name that begins with .wh., which hides another name"
        case .pathTooLong: "a path is longer than \(ExtractionLimits().pathInBytes) bytes: \(String("\(path)".prefix(80)))…"
        }
    }
}
