import Linux

/// A tar stream that can't be read or unpacked: why, at which entry, and where in the stream.
public struct ArchiveError: Error, Hashable, Sendable {
    public enum Reason: Error, Hashable, Sendable {
        /// The stream ends inside an entry.
        case truncated
        /// More bytes than the stream should have.
        case streamTooLong(limitInBytes: Int64)
        /// A header's checksum is wrong: this is no tar stream, or a damaged one.
        case wrongChecksum
        /// A field of a header, or a pax record, whose value makes no sense.
        case invalidField(Field)
        /// A type of entry that a layer can't hold: the header's type flag.
        case unsupportedType(UInt8)
        /// Above one of ``ExtractionLimits``.
        case limit(Limit, Int64)
        /// A name that leads out of the root, or is none.
        case refusedName(NameFault)
        /// A whiteout (`.wh.`) that names nothing, or not one component, or a device that would act as one.
        case refusedWhiteout
        /// The target isn't in this layer. A layer carries every file that its hard links name.
        case missingHardLinkTarget(PathBytes)
        /// A directory would take the place of something else, or the other way round, where that is not wanted.
        case otherKind(existingIsDirectory: Bool)
        /// The kernel refused.
        case systemCall(SystemCallError)
    }

    public enum Field: String, Hashable, Sendable {
        case name, linkTarget, size, mode, userID, groupID, modified, accessed, device
        case extendedHeader, attribute, sparseMap, endOfArchive
    }

    public enum Limit: String, Hashable, Sendable {
        case totalInBytes, entries, headerInBytes, pathInBytes, depth, attributesInBytes, sparseFragments
        case implicitDirectories
    }

    public enum NameFault: Hashable, Sendable {
        case empty
        /// `..` leads above the root.
        case leavesRoot
        /// The root itself, as something else than a directory.
        case replacesRoot
        /// A parent is neither a directory nor a symlink to one, or its symlinks go in circles.
        case parentNotDirectory
    }

    public let reason: Reason
    /// The entry's name as the archive has it; nil outside of entries.
    public let entry: PathBytes?
    /// Where the entry's header starts, in bytes of the tar stream.
    public let offset: Int64

    public init(_ reason: Reason, entry: PathBytes? = nil, offset: Int64) {
        self.reason = reason
        self.entry = entry
        self.offset = offset
    }
}

extension ArchiveError: CustomStringConvertible {
    /// `entry etc/passwd at byte 512: wrong checksum`
    public var description: String {
        let place = entry.map { "entry \($0) at byte \(offset)" } ?? "byte \(offset)"
        return "\(place): \(reason)"
    }
}

extension ArchiveError.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated: "the archive ends too early"
        case .streamTooLong(let limit): "more than the expected \(limit) bytes"
        case .wrongChecksum: "wrong header checksum"
        case .invalidField(let field): "invalid \(field.rawValue)"
        case .unsupportedType(let flag): "unsupported entry type \(flag)"
        case .limit(let limit, let value): "above the limit \(limit.rawValue) of \(value)"
        case .refusedName(.empty): "the name is empty"
        case .refusedName(.leavesRoot): "the name leads out of the root"
        case .refusedName(.replacesRoot): "the root can only be a directory"
        case .refusedName(.parentNotDirectory): "a parent is not a directory"
        case .refusedWhiteout: "not a valid whiteout"
        case .missingHardLinkTarget(let target): "hard link to \(target), which this layer does not hold"
        case .otherKind(existingIsDirectory: true): "cannot overwrite directory with non-directory"
        case .otherKind(existingIsDirectory: false): "cannot overwrite non-directory with directory"
        case .systemCall(let error): error.description
        }
    }
}
