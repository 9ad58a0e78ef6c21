import Linux

/// Writes a tar stream in the pax format: a plain ustar header for each entry, and a pax header before it for what doesn't
/// fit there. The same entries give the same bytes.
///
/// It writes what it is told: names are neither cleaned nor checked.
public final class TarWriter {
    private let sink: any ByteSink
    private static let zeros = [UInt8](repeating: 0, count: 2 * TarBlock.size)

    public init(_ sink: any ByteSink) { self.sink = sink }

    /// Writes an entry with its whole body, whose length takes the place of ``TarEntry/size``.
    public func append(_ entry: TarEntry, body: [UInt8] = []) throws {
        var entry = entry
        entry.size = Int64(body.count)
        try writeHeaders(entry)
        try sink.write(body.span)
        try pad(entry.size)
    }

    /// Writes an entry whose body is read from `source`: exactly ``TarEntry/size`` bytes of it.
    ///
    /// - Throws: ``ArchiveError/Reason/truncated`` if the source ends before; the stream can't be used then.
    public func append(_ entry: TarEntry, body source: any ByteSource) throws {
        try writeHeaders(entry)
        var left = entry.size
        var buffer = [UInt8](repeating: 0, count: Int(min(max(left, 1), 256 << 10)))
        while left > 0 {
            let count = Int(min(Int64(try source.read(into: &buffer)), left))
            guard count > 0 else { throw ArchiveError(.truncated, entry: entry.name, offset: 0) }
            try sink.write(buffer.span.extracting(0..<count))
            left -= Int64(count)
        }
        try pad(entry.size)
    }

    /// Writes the end of the archive.
    public func finish() throws { try sink.write(Self.zeros.span) }

    private func writeHeaders(_ entry: TarEntry) throws {
        let records = PaxRecordWriter(entry).bytes
        if !records.isEmpty {
            // The name that tar programs which know no pax would give the records as a file.
            let header = TarEntry(.regular, "././@PaxHeader", size: Int64(records.count))
            try sink.write(TarHeaderWriter(header, typeFlag: UInt8(ascii: "x")).bytes.span)
            try sink.write(records.span)
            try pad(Int64(records.count))
        }
        try sink.write(TarHeaderWriter(entry, typeFlag: entry.kind.typeFlag).bytes.span)
    }

    private func pad(_ size: Int64) throws {
        let padding = Int((512 - size % 512) % 512)
        try sink.write(Self.zeros.span.extracting(0..<padding))
    }
}

extension TarEntry.Kind {
    fileprivate var typeFlag: UInt8 {
        switch self {
        case .regular: UInt8(ascii: "0")
        case .hardLink: UInt8(ascii: "1")
        case .symlink: UInt8(ascii: "2")
        case .characterDevice: UInt8(ascii: "3")
        case .blockDevice: UInt8(ascii: "4")
        case .directory: UInt8(ascii: "5")
        case .fifo: UInt8(ascii: "6")
        }
    }
}

/// A ustar header block. What doesn't fit is cut off: a pax record says it in full.
private struct TarHeaderWriter {
    static let nameSize = 100
    /// The largest number in eleven octal digits: sizes and times.
    static let largestLong: Int64 = 0o777_7777_7777
    /// The largest number in seven octal digits: ids.
    static let largestShort: Int64 = 0o777_7777

    var bytes = [UInt8](repeating: 0, count: TarBlock.size)

    init(_ entry: TarEntry, typeFlag: UInt8) {
        put(entry.name.bytes.prefix(Self.nameSize), at: 0)
        put(octal: Int64(entry.mode), at: 100, digits: 7)
        put(octal: min(Int64(entry.userID), Self.largestShort), at: 108, digits: 7)
        put(octal: min(Int64(entry.groupID), Self.largestShort), at: 116, digits: 7)
        put(octal: min(entry.size, Self.largestLong), at: 124, digits: 11)
        put(octal: min(max(entry.modified.seconds, 0), Self.largestLong), at: 136, digits: 11)
        bytes[156] = typeFlag
        put(entry.linkTarget.bytes.prefix(Self.nameSize), at: 157)
        put(Array("ustar\0".utf8) + Array("00".utf8), at: 257)
        switch entry.kind {
        case .characterDevice(let major, let minor), .blockDevice(let major, let minor):
            put(octal: Int64(major), at: 329, digits: 7)
            put(octal: Int64(minor), at: 337, digits: 7)
        default: break
        }
        // The sum is taken with spaces in its own place.
        put([UInt8](repeating: 0x20, count: 8), at: 148)
        put(octal: bytes.reduce(0) { $0 + Int64($1) }, at: 148, digits: 6)
        bytes[154] = 0
    }

    private mutating func put(_ field: some Collection<UInt8>, at offset: Int) {
        bytes.replaceSubrange(offset..<offset + field.count, with: field)
    }

    private mutating func put(octal value: Int64, at offset: Int, digits: Int) {
        var value = value
        for index in (offset..<offset + digits).reversed() {
            bytes[index] = 0x30 + UInt8(value & 7)
            value >>= 3
        }
    }
}

/// The pax records of an entry: what its ustar header can't say.
private struct PaxRecordWriter {
    private(set) var bytes: [UInt8] = []

    init(_ entry: TarEntry) {
        if needsRecord(entry.name) { add("path", entry.name.bytes) }
        if needsRecord(entry.linkTarget) { add("linkpath", entry.linkTarget.bytes) }
        if entry.size > TarHeaderWriter.largestLong { add("size", "\(entry.size)") }
        if entry.userID > TarHeaderWriter.largestShort { add("uid", "\(entry.userID)") }
        if entry.groupID > TarHeaderWriter.largestShort { add("gid", "\(entry.groupID)") }
        let modified = entry.modified
        if modified.nanoseconds != 0 || !(0...TarHeaderWriter.largestLong).contains(modified.seconds) {
            add("mtime", modified.decimal)
        }
        if let accessed = entry.accessed { add("atime", accessed.decimal) }
        for attribute in entry.attributes {
            add("SCHILY.xattr.", key: attribute.name.bytes, attribute.value)
        }
    }

    /// Only ASCII means the same to every reader of the header's own field.
    private func needsRecord(_ path: PathBytes) -> Bool {
        path.bytes.count > TarHeaderWriter.nameSize || path.bytes.contains { $0 >= 0x80 }
    }

    private mutating func add(_ key: String, _ value: String) { add(key, Array(value.utf8)) }

    /// The length counts its own digits.
    private mutating func add(_ prefix: String, key: [UInt8] = [], _ value: [UInt8]) {
        let rest = [0x20] + Array(prefix.utf8) + key + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
        var length = rest.count
        while length != rest.count + String(length).utf8.count { length = rest.count + String(length).utf8.count }
        bytes += Array(String(length).utf8) + rest
    }
}

extension FileTime {
    /// Seconds with as many digits behind the point as it takes: `-1.5`.
    fileprivate var decimal: String {
        guard nanoseconds != 0 else { return "\(seconds)" }
        let isNegative = seconds < 0
        let (whole, fraction) = isNegative ? (-(seconds + 1), 1_000_000_000 - nanoseconds) : (seconds, nanoseconds)
        var digits = String(fraction)
        digits = String(repeating: "0", count: 9 - digits.utf8.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return "\(isNegative ? "-" : "")\(whole).\(digits)"
    }
}
