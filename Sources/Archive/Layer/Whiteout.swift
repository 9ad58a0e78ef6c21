import Linux

/// What a name says about the layers below (image-spec v1.1 layer.md, "Whiteouts").
enum Whiteout: Equatable {
    /// An ordinary entry.
    case none
    /// `.wh.NAME`: the layers below have no NAME here.
    case name(PathBytes)
    /// `.wh..wh..opq`: what the layers below have in this directory is hidden.
    case opaque
    /// `.wh..wh.` and anything else: aufs's own files, which mean nothing to others.
    case aufsMetadata

    private static let prefix = Array(".wh.".utf8)
    private static let metadataPrefix = Array(".wh..wh.".utf8)

    /// - Throws: ``ArchiveError/Reason/refusedWhiteout`` if it names nothing, `.` or `..`, or if a parent's name has the
    ///   prefix: `.wh...` once deleted the parent directory, and a directory `.wh.x` would be one that nobody can list.
    init(_ path: EntryPath) throws(ArchiveError.Reason) {
        if path.parent.bytes.count >= Self.prefix.count {
            for component in path.parent.bytes.split(separator: UInt8(ascii: "/")) {
                if component.starts(with: Self.metadataPrefix) {
                    self = .aufsMetadata
                    return
                }
                guard !component.starts(with: Self.prefix) else { throw .refusedWhiteout }
            }
        }
        let name = path.name.bytes
        guard name.starts(with: Self.prefix) else {
            self = .none
            return
        }
        if name.elementsEqual(".wh..wh..opq".utf8) {
            self = .opaque
        } else if name.starts(with: Self.metadataPrefix) {
            self = .aufsMetadata
        } else {
            let hidden = name.dropFirst(Self.prefix.count)
            guard !hidden.isEmpty, !hidden.elementsEqual(".".utf8), !hidden.elementsEqual("..".utf8),
                let hidden = PathBytes(hidden)
            else { throw .refusedWhiteout }
            self = .name(hidden)
        }
    }
}
