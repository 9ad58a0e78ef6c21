import Linux
import OCI

/// What pax extended headers say about the entry that follows (POSIX.1-2017 pax, "pax Header Block"; GNU.sparse, GNU tar
/// manual; SCHILY.xattr, star; LIBARCHIVE.xattr, libarchive). Names and values are bytes: `hdrcharset` changes nothing.
struct PaxRecords {
    var path: [UInt8]?
    var linkPath: [UInt8]?
    var size: Int64?
    var userID: Int64?
    var groupID: Int64?
    var modified: FileTime?
    var accessed: FileTime?
    var attributes: [PathBytes: [UInt8]] = [:]
    var attributesInBytes = 0
    var sparse = PaxSparse()

    /// What a global header leaves for every later entry: not what can only be said of one file.
    var globalPart: PaxRecords {
        var part = self
        part.path = nil
        part.linkPath = nil
        part.size = nil
        part.sparse = PaxSparse()
        return part
    }

    /// Takes over the records of one header, `length key=value\n` each.
    mutating func merge(_ header: [UInt8], limits: ExtractionLimits) throws(ArchiveError.Reason) {
        var rest = header[...]
        while !rest.isEmpty {
            let (key, value) = try Self.nextRecord(&rest)
            try set(key, value, limits)
        }
    }

    private static func nextRecord(
        _ rest: inout ArraySlice<UInt8>
    ) throws(ArchiveError.Reason) -> (key: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
        guard let space = rest.firstIndex(of: 0x20), let length = decimal(rest[..<space]),
            length <= rest.count, length > space - rest.startIndex + 1
        else { throw .invalidField(.extendedHeader) }
        let end = rest.startIndex + Int(length)
        let record = rest[(space + 1)..<end]
        guard record.last == UInt8(ascii: "\n"), let equals = record.firstIndex(of: UInt8(ascii: "=")),
            equals > record.startIndex
        else { throw .invalidField(.extendedHeader) }
        rest = rest[end...]
        return (record[..<equals], record[(equals + 1)...].dropLast())
    }

    private mutating func set(
        _ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>, _ limits: ExtractionLimits
    ) throws(ArchiveError.Reason) {
        if let name = key.dropping("SCHILY.xattr.") {
            return try setAttribute(Array(name), Array(value), limits)
        }
        if let name = key.dropping("LIBARCHIVE.xattr.") {
            guard let name = percentDecoded(name), let value = Base64.decode(value) else {
                throw .invalidField(.attribute)
            }
            return try setAttribute(name, value, limits)
        }
        if let name = key.dropping("GNU.sparse.") {
            return try sparse.set(name, value, limits)
        }
        try setField(key, value)
    }

    /// An empty value means that the header block's own holds again.
    private mutating func setField(
        _ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>
    ) throws(ArchiveError.Reason) {
        // Only keys that say something Hako keeps; a String can be made of the key, but is compared to ASCII alone.
        switch String(decoding: key, as: UTF8.self) {
        case "path": path = value.isEmpty ? nil : try checkedName(value, .name)
        case "linkpath": linkPath = value.isEmpty ? nil : try checkedName(value, .linkTarget)
        case "size": size = try number(value, .size)
        case "uid": userID = try number(value, .userID)
        case "gid": groupID = try number(value, .groupID)
        case "mtime": modified = try time(value, .modified)
        case "atime": accessed = try time(value, .accessed)
        default: break
        }
    }

    private func checkedName(
        _ value: ArraySlice<UInt8>, _ field: ArchiveError.Field
    ) throws(ArchiveError.Reason) -> [UInt8] {
        guard !value.contains(0) else { throw .invalidField(field) }
        return Array(value)
    }

    private func number(
        _ value: ArraySlice<UInt8>, _ field: ArchiveError.Field
    ) throws(ArchiveError.Reason) -> Int64? {
        if value.isEmpty { return nil }
        guard let number = decimal(value) else { throw .invalidField(field) }
        return number
    }

    private func time(
        _ value: ArraySlice<UInt8>, _ field: ArchiveError.Field
    ) throws(ArchiveError.Reason) -> FileTime? {
        if value.isEmpty { return nil }
        guard let time = FileTime(decimal: value) else { throw .invalidField(field) }
        return time
    }

    private mutating func setAttribute(
        _ name: [UInt8], _ value: [UInt8], _ limits: ExtractionLimits
    ) throws(ArchiveError.Reason) {
        guard !name.isEmpty, let name = PathBytes(name) else { throw .invalidField(.attribute) }
        attributesInBytes += name.bytes.count + value.count
        guard attributesInBytes <= limits.attributesInBytes else {
            throw .limit(.attributesInBytes, Int64(limits.attributesInBytes))
        }
        attributes[name] = value
    }
}

/// GNU tar's records about a sparse file, in its three versions.
struct PaxSparse {
    var major: Int64?
    var minor: Int64?
    var name: [UInt8]?
    var realSize: Int64?
    /// Offset and length in turn: versions 0.0 (a record for each) and 0.1 (one list).
    var pairs: [Int64] = []
    var hasMap = false

    mutating func set(
        _ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>, _ limits: ExtractionLimits
    ) throws(ArchiveError.Reason) {
        switch String(decoding: key, as: UTF8.self) {
        case "major": major = try number(value)
        case "minor": minor = try number(value)
        case "size", "realsize": realSize = try number(value)
        case "name":
            guard !value.contains(0) else { throw .invalidField(.name) }
            name = value.isEmpty ? nil : Array(value)
        case "numblocks": hasMap = true
        case "offset":
            guard pairs.count.isMultiple(of: 2) else { throw .invalidField(.sparseMap) }
            try append(value, limits)
        case "numbytes":
            guard !pairs.count.isMultiple(of: 2) else { throw .invalidField(.sparseMap) }
            try append(value, limits)
        case "map":
            hasMap = true
            pairs = []
            if value.isEmpty { return }
            for item in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
                try append(item, limits)
            }
        default: break
        }
    }

    private mutating func append(
        _ value: ArraySlice<UInt8>, _ limits: ExtractionLimits
    ) throws(ArchiveError.Reason) {
        guard pairs.count < 2 * limits.sparseFragments else {
            throw .limit(.sparseFragments, Int64(limits.sparseFragments))
        }
        hasMap = true
        pairs.append(try number(value))
    }

    private func number(_ value: ArraySlice<UInt8>) throws(ArchiveError.Reason) -> Int64 {
        guard let number = decimal(value) else { throw .invalidField(.sparseMap) }
        return number
    }
}
