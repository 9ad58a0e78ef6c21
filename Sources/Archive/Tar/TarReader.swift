import Linux

/// Reads a tar stream entry by entry: v7, ustar, pax and GNU, with their extensions for long names, big numbers, sparse
/// files and extended attributes.
///
/// One pass; memory is one buffer and one entry's headers, whatever the stream's size. What the stream says is checked
/// and never trusted: every malformed header is an ``ArchiveError``. Errors of the source are thrown on as they are.
public final class TarReader {
    private let source: any ByteSource
    let limits: ExtractionLimits

    /// Bytes that were read and not yet used: `buffer[position..<end]`.
    private var buffer: [UInt8]
    private var position = 0
    private var end = 0

    /// How many bytes of the stream have been used.
    public private(set) var offset: Int64 = 0
    var block = TarBlock()
    var body = TarBody()
    var globals = PaxRecords()
    var entryCount = 0
    private(set) var bodyBytes: Int64 = 0
    private var hasEnded = false
    /// Which entry the reader stands at, for ``TarBodySource``.
    private(set) var generation = 0
    private(set) var entryName: PathBytes?
    private var entryOffset: Int64 = 0

    public init(
        _ source: any ByteSource, limits: ExtractionLimits = ExtractionLimits(), bufferSize: Int = 256 << 10
    ) {
        self.source = source
        self.limits = limits
        buffer = [UInt8](repeating: 0, count: max(bufferSize, TarBlock.size))
    }

    /// The next entry; nil after the last. What was not read of the one before is skipped.
    public func next() throws -> TarEntry? {
        try skipBody()
        generation += 1
        entryName = nil
        guard !hasEnded else { return nil }
        return try readEntry()
    }

    /// Reads what follows the archive's end, so that a hash before this reader sees the whole stream.
    public func finish() throws {
        while try next() != nil {}
        entryName = nil
        while position < end ? true : try fill() {
            offset += Int64(end - position)
            position = end
        }
    }

    /// An error about the entry at hand.
    func failure(_ reason: ArchiveError.Reason) -> ArchiveError {
        ArchiveError(reason, entry: entryName, offset: entryOffset)
    }

    // MARK: For the headers

    /// Reads one block. False at the stream's end, which an archive may have without its marker.
    func readBlock() throws -> Bool {
        var filled = 0
        while filled < TarBlock.size {
            if position == end, try !fill() {
                guard filled == 0 else { throw failure(.truncated) }
                return false
            }
            let count = min(TarBlock.size - filled, end - position)
            block.bytes.replaceSubrange(filled..<filled + count, with: buffer[position..<position + count])
            filled += count
            use(count)
        }
        return true
    }

    /// Reads the next header block; false at the end of the archive, which is two blocks of zeros.
    func readHeaderBlock() throws -> Bool {
        entryOffset = offset
        guard try readBlock() else {
            hasEnded = true
            return false
        }
        guard !block.isZero else {
            hasEnded = true
            guard try !readBlock() || block.isZero else { throw failure(.invalidField(.endOfArchive)) }
            return false
        }
        guard block.hasValidChecksum else { throw failure(.wrongChecksum) }
        entryCount += 1
        guard entryCount <= limits.entries else { throw failure(.limit(.entries, Int64(limits.entries))) }
        return true
    }

    /// The bytes of a header's own body, such as pax records, with the padding behind it taken away.
    func readMetadata(_ size: Int64, limit: Int) throws -> [UInt8] {
        guard size <= limit else { throw failure(.limit(.headerInBytes, Int64(limits.headerInBytes))) }
        body = TarBody(storedInBytes: size)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(size))
        while let range = try nextChunk(upTo: .max) {
            bytes.append(contentsOf: buffer[range])
            use(range.count)
        }
        try skipBody()
        return bytes
    }

    /// Starts the body of an entry that ``next()`` is about to return.
    func startEntry(_ name: PathBytes, body: TarBody) throws {
        entryName = name
        self.body = body
        // Neither can overflow: both are at most 2⁶³-1 and the limit is checked by subtraction.
        guard body.storedRemaining <= limits.totalInBytes - bodyBytes else {
            throw failure(.limit(.totalInBytes, limits.totalInBytes))
        }
        bodyBytes += body.storedRemaining
    }

    /// For errors that come before ``startEntry(_:body:)``.
    func setEntryName(_ name: PathBytes) { entryName = name }

    // MARK: The body

    /// Skips what is left of the body and its padding.
    private func skipBody() throws {
        var left = body.storedRemaining + Int64(body.padding)
        while left > 0 {
            if position == end, try !fill() {
                // `umoci insert` ends a layer with its last file's last byte, and Go's archive/tar takes that for the end.
                guard left <= Int64(body.padding) else { throw failure(.truncated) }
                hasEnded = true
                break
            }
            let count = Int(min(Int64(end - position), left))
            left -= Int64(count)
            use(count)
        }
        body = TarBody()
    }

    /// Where in the buffer the body's next stored bytes are, at most `count` of them; nil at its end. They are still to
    /// be marked as used.
    private func nextChunk(upTo count: Int64) throws -> Range<Int>? {
        guard body.storedRemaining > 0 else { return nil }
        if position == end, try !fill() { throw failure(.truncated) }
        let chunk = Int(min(Int64(end - position), body.storedRemaining, count))
        body.storedRemaining -= Int64(chunk)
        return position..<position + chunk
    }

    /// Writes the body to a new, empty file. Holes of a sparse file stay holes.
    ///
    /// - Throws: ``ArchiveError``, with the kernel's refusal as its reason where writing failed.
    public func copyBody(to file: borrowing FileDescriptor) throws {
        guard let map = body.map else {
            while let range = try nextChunk(upTo: .max) {
                try write(range, to: file)
            }
            return
        }
        for fragment in map.fragments where fragment.length > 0 {
            do throws(SystemCallError) { try file.seek(to: fragment.offset) } catch { throw failure(.systemCall(error)) }
            var left = fragment.length
            while left > 0, let range = try nextChunk(upTo: left) {
                try write(range, to: file)
                left -= Int64(range.count)
            }
        }
        do throws(SystemCallError) {
            try file.truncate(to: body.fileSize)
        } catch { throw failure(.systemCall(error)) }
    }

    private func write(_ range: Range<Int>, to file: borrowing FileDescriptor) throws {
        do throws(SystemCallError) {
            try file.writeAll(buffer.span.extracting(range))
        } catch { throw failure(.systemCall(error)) }
        use(range.count)
    }

    /// Reads the body's next bytes into `buffer`, zeros for the holes of a sparse file. 0 is its end.
    public func readBody(into buffer: inout [UInt8]) throws -> Int {
        guard !buffer.isEmpty else { return 0 }
        let hole = body.holeAhead
        if hole > 0 {
            let count = Int(min(hole, Int64(buffer.count)))
            buffer.replaceSubrange(..<count, with: repeatElement(0, count: count))
            body.position += Int64(count)
            return count
        }
        guard let range = try nextChunk(upTo: min(Int64(buffer.count), body.dataAhead)) else { return 0 }
        buffer.replaceSubrange(..<range.count, with: self.buffer[range])
        body.position += Int64(range.count)
        use(range.count)
        return range.count
    }

    /// Reads all that is left of the body, for small files such as a manifest.
    ///
    /// - Throws: ``ArchiveError/Limit/totalInBytes`` if it is longer than `limit`.
    public func readBody(limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(limit, 64 << 10) + 1)
        while true {
            let count = try readBody(into: &chunk)
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else { throw failure(.limit(.totalInBytes, Int64(limit))) }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    private func use(_ count: Int) {
        position += count
        offset += Int64(count)
    }

    private func fill() throws -> Bool {
        position = 0
        end = 0
        end = try source.read(into: &buffer)
        return end > 0
    }
}

/// The body of the entry that a ``TarReader`` stands at, as a stream: an archive inside an archive.
public final class TarBodySource: ByteSource {
    private let reader: TarReader
    private let generation: Int

    /// Valid until the reader goes on to its next entry; reading later is an error.
    public init(_ reader: TarReader) {
        self.reader = reader
        generation = reader.generation
    }

    public func read(into buffer: inout [UInt8]) throws -> Int {
        guard generation == reader.generation else { throw reader.failure(.truncated) }
        return try reader.readBody(into: &buffer)
    }
}

/// Where a ``TarReader`` stands in the body of an entry.
struct TarBody {
    /// Bytes of the stream that are still to come, without the padding.
    var storedRemaining: Int64 = 0
    /// What fills up the last block.
    private(set) var padding = 0
    /// Of a sparse file; the stored bytes are its fragments, one after another.
    var map: SparseMap?
    var fileSize: Int64 = 0
    /// How much of the file ``TarReader/readBody(into:)`` has given.
    var position: Int64 = 0
    private var fragment = 0

    init() {}

    init(storedInBytes: Int64) {
        storedRemaining = storedInBytes
        padding = Int((512 - storedInBytes % 512) % 512)
        fileSize = storedInBytes
    }

    /// How many zeros come before the next data, or before the end.
    var holeAhead: Int64 {
        mutating get {
            guard let map else { return 0 }
            while fragment < map.fragments.count, map.fragments[fragment].end <= position { fragment += 1 }
            let next = fragment < map.fragments.count ? map.fragments[fragment].offset : fileSize
            return max(0, next - position)
        }
    }

    /// How much data comes before the next hole.
    var dataAhead: Int64 {
        guard let map else { return .max }
        return fragment < map.fragments.count ? map.fragments[fragment].end - position : 0
    }
}
