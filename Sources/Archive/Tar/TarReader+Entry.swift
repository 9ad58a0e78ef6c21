import Linux

/// The headers that may stand before an entry's own.
private struct Extensions {
    var pax = PaxRecords()
    var longName: [UInt8]?
    var longLink: [UInt8]?
    var sizeInBytes = 0
    var isEmpty = true
}

extension TarReader {
    /// Reads the headers up to and with the next entry's own; nil at the end of the archive.
    func readEntry() throws -> TarEntry? {
        var extensions = Extensions()
        while try readHeaderBlock() {
            switch block.typeFlag {
            case UInt8(ascii: "x"), UInt8(ascii: "X"):
                let records = try readExtension(&extensions)
                try orFail { () throws(ArchiveError.Reason) in try extensions.pax.merge(records, limits: limits) }
            case UInt8(ascii: "g"):
                let records = try readExtension(&extensions)
                try orFail { () throws(ArchiveError.Reason) in
                    var pax = globals
                    try pax.merge(records, limits: limits)
                    globals = pax.globalPart
                }
            case UInt8(ascii: "L"): extensions.longName = Array(try readExtension(&extensions).prefix { $0 != 0 })
            case UInt8(ascii: "K"): extensions.longLink = Array(try readExtension(&extensions).prefix { $0 != 0 })
            case UInt8(ascii: "V"):
                // GNU's volume label: a name for the archive, no file.
                body = TarBody(storedInBytes: try storedSize(nil))
                _ = try skipLabel()
            default: return try makeEntry(extensions)
            }
        }
        // Headers for an entry that doesn't come.
        guard extensions.isEmpty else { throw failure(.truncated) }
        return nil
    }

    private func skipLabel() throws { _ = try readMetadata(body.storedRemaining, limit: limits.headerInBytes) }

    private func readExtension(_ extensions: inout Extensions) throws -> [UInt8] {
        let bytes = try readMetadata(
            try storedSize(nil), limit: limits.headerInBytes - extensions.sizeInBytes)
        extensions.sizeInBytes += bytes.count
        extensions.isEmpty = block.typeFlag == UInt8(ascii: "g") && extensions.isEmpty
        return bytes
    }

    private func makeEntry(_ extensions: Extensions) throws -> TarEntry {
        let (pax, offset) = (extensions.pax, offset - Int64(TarBlock.size))
        let name = try path(
            extensions.longName ?? pax.sparse.name ?? pax.path ?? block.name, .name)
        setEntryName(name)
        let kind = try kind(name)
        var entry = TarEntry(kind, name, offset: offset)
        if kind == .symlink || kind == .hardLink {
            entry.linkTarget = try path(extensions.longLink ?? pax.linkPath ?? block.linkName, .linkTarget)
        }
        entry.mode = UInt32(try number(100..<108, .mode) & 0o7777)
        entry.userID = try identifier(pax.userID ?? globals.userID, 108..<116, .userID)
        entry.groupID = try identifier(pax.groupID ?? globals.groupID, 116..<124, .groupID)
        entry.modified = try pax.modified ?? globals.modified ?? FileTime(seconds: number(136..<148, .modified))
        entry.accessed = pax.accessed ?? globals.accessed
        // Global attributes hold for every entry that has no own of the name.
        entry.attributes = globals.attributes.merging(pax.attributes) { _, own in own }
            .map { ExtendedAttribute($0.key, $0.value) }
            .sorted { $0.name.bytes.lexicographicallyPrecedes($1.name.bytes) }
        let body = try makeBody(kind, pax)
        entry.size = body.fileSize
        try startEntry(name, body: body)
        return entry
    }

    private func kind(_ name: PathBytes) throws -> TarEntry.Kind {
        switch block.typeFlag {
        // v7 has no directories of their own: a name that ends with a slash is one.
        case UInt8(ascii: "0"), 0: name.bytes.last == UInt8(ascii: "/") ? .directory : .regular
        // 7 is a file that should lie contiguously on the disk.
        case UInt8(ascii: "7"), UInt8(ascii: "S"): .regular
        case UInt8(ascii: "1"): .hardLink
        case UInt8(ascii: "2"): .symlink
        case UInt8(ascii: "3"): .characterDevice(major: try device(329..<337), minor: try device(337..<345))
        case UInt8(ascii: "4"): .blockDevice(major: try device(329..<337), minor: try device(337..<345))
        // D is GNU's directory with a list of names as its body.
        case UInt8(ascii: "5"), UInt8(ascii: "D"): .directory
        case UInt8(ascii: "6"): .fifo
        case let flag: throw failure(.unsupportedType(flag))
        }
    }

    /// Where the entry's bytes are. Links, devices and directories have none, whatever their size field says.
    private func makeBody(_ kind: TarEntry.Kind, _ pax: PaxRecords) throws -> TarBody {
        let flag = block.typeFlag
        let stored = try storedSize(pax.size)
        guard kind == .regular else {
            var body = TarBody(storedInBytes: flag == UInt8(ascii: "D") || flag == 0 ? stored : 0)
            body.fileSize = 0
            return body
        }
        if flag == UInt8(ascii: "S") { return try oldSparseBody(stored) }
        if pax.sparse.major == 1, pax.sparse.minor == 0 { return try sparseBodyWithMap(stored, pax.sparse) }
        guard pax.sparse.hasMap else { return TarBody(storedInBytes: stored) }
        guard let fileSize = pax.sparse.realSize else { throw failure(.invalidField(.sparseMap)) }
        let map = try orFail { () throws(ArchiveError.Reason) in
            try SparseMap(pairs: pax.sparse.pairs, fileSize: fileSize, limit: limits.sparseFragments)
        }
        return try sparseBody(TarBody(storedInBytes: stored), map, fileSize: fileSize)
    }

    /// GNU's first form: four fragments in the header, more in blocks behind it.
    private func oldSparseBody(_ stored: Int64) throws -> TarBody {
        let fileSize = try number(483..<495, .size)
        guard fileSize >= 0 else { throw failure(.invalidField(.size)) }
        var map = SparseMap()
        var (starts, extended) = (stride(from: 386, to: 482, by: 24), 482)
        while true {
            for start in starts {
                guard block.bytes[start] != 0 else { break }
                let offset = try number(start..<start + 12, .sparseMap)
                let length = try number(start + 12..<start + 24, .sparseMap)
                try orFail { () throws(ArchiveError.Reason) in
                    try map.append(
                        offset: offset, length: length, fileSize: fileSize, limit: limits.sparseFragments)
                }
            }
            guard block.bytes[extended] != 0 else { break }
            guard try readBlock() else { throw failure(.truncated) }
            (starts, extended) = (stride(from: 0, to: 504, by: 24), 504)
        }
        return try sparseBody(TarBody(storedInBytes: stored), map, fileSize: fileSize)
    }

    /// Version 1.0: the map is lines of decimal numbers at the start of the body, filled up to a block.
    private func sparseBodyWithMap(_ stored: Int64, _ sparse: PaxSparse) throws -> TarBody {
        guard let fileSize = sparse.realSize else { throw failure(.invalidField(.sparseMap)) }
        var lines = SparseMapLines()
        var left = stored
        while !lines.isComplete {
            guard left >= Int64(TarBlock.size), try readBlock() else { throw failure(.truncated) }
            left -= Int64(TarBlock.size)
            try orFail { () throws(ArchiveError.Reason) in
                try lines.read(block.bytes, limit: limits.sparseFragments)
            }
        }
        let map = try orFail { () throws(ArchiveError.Reason) in
            try SparseMap(pairs: lines.pairs, fileSize: fileSize, limit: limits.sparseFragments)
        }
        return try sparseBody(TarBody(storedInBytes: left), map, fileSize: fileSize)
    }

    private func sparseBody(_ body: TarBody, _ map: SparseMap, fileSize: Int64) throws -> TarBody {
        guard map.storedInBytes == body.storedRemaining else { throw failure(.invalidField(.sparseMap)) }
        var body = body
        body.map = map
        body.fileSize = fileSize
        return body
    }

    // MARK: Fields

    private func orFail<Value>(_ work: () throws(ArchiveError.Reason) -> Value) throws -> Value {
        do throws(ArchiveError.Reason) { return try work() } catch { throw failure(error) }
    }

    private func path(_ bytes: [UInt8], _ field: ArchiveError.Field) throws -> PathBytes {
        guard bytes.count <= limits.pathInBytes else {
            throw failure(.limit(.pathInBytes, Int64(limits.pathInBytes)))
        }
        guard let path = PathBytes(bytes) else { throw failure(.invalidField(field)) }
        return path
    }

    private func number(_ range: Range<Int>, _ field: ArchiveError.Field) throws -> Int64 {
        guard let value = block.number(range) else { throw failure(.invalidField(field)) }
        return value
    }

    private func storedSize(_ pax: Int64?) throws -> Int64 {
        let size = try pax ?? number(124..<136, .size)
        // Room for the padding, so that no later sum overflows.
        guard (0...(Int64.max - 512)).contains(size) else { throw failure(.invalidField(.size)) }
        return size
    }

    /// 2³²-1 is no id: to chown(2) it says "leave it".
    private func identifier(_ pax: Int64?, _ range: Range<Int>, _ field: ArchiveError.Field) throws -> UInt32 {
        guard let value = UInt32(exactly: try pax ?? number(range, field)), value != .max else {
            throw failure(.invalidField(field))
        }
        return value
    }

    private func device(_ range: Range<Int>) throws -> UInt32 {
        // The kernel's dev_t has 12 bits for the major and 20 for the minor number (kdev_t.h); larger ones would wrap.
        let largest: Int64 = range.lowerBound == 329 ? 0xFFF : 0xFFFFF
        guard let value = block.number(range), (0...largest).contains(value) else {
            throw failure(.invalidField(.device))
        }
        return UInt32(value)
    }
}

/// Reads the numbers of a sparse map in version 1.0: their count, then offset and length of each fragment, a line each.
private struct SparseMapLines {
    private(set) var pairs: [Int64] = []
    private var expected: Int?
    private var line: [UInt8] = []

    var isComplete: Bool { expected == pairs.count }

    mutating func read(_ block: [UInt8], limit: Int) throws(ArchiveError.Reason) {
        for byte in block where !isComplete {
            guard byte == UInt8(ascii: "\n") else {
                // 2⁶³ has 19 digits.
                guard line.count < 19 else { throw .invalidField(.sparseMap) }
                line.append(byte)
                continue
            }
            guard let number = decimal(line) else { throw .invalidField(.sparseMap) }
            line.removeAll(keepingCapacity: true)
            if expected == nil {
                guard number <= limit else { throw .limit(.sparseFragments, Int64(limit)) }
                expected = 2 * Int(number)
            } else {
                pairs.append(number)
            }
        }
    }
}
