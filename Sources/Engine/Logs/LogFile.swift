import Glibc
import Gzip
import Linux
import MonitorProtocol

/// One open file of a log, read record by record.
final class LogFile {
    private let format: LogDestination.LogFile.Format
    private let source: any LogBytes
    /// The inode of the file that was written, or of the one that this was made of when it was compressed.
    let identity: UInt64
    private var buffer: [UInt8] = []
    /// Where the next record begins in ``buffer``, and where ``buffer`` begins in the file.
    private var position = 0
    private var base: Int64 = 0
    private var lines = JSONLogLine()
    private static let chunkSize = 64 << 10

    init(
        _ file: consuming FileDescriptor, _ format: LogDestination.LogFile.Format, isCompressed: Bool = false
    ) throws(SystemCallError) {
        self.format = format
        if isCompressed {
            identity = try Gzip.label(of: file)
            source = try CompressedLog(file)
        } else {
            identity = try file.status().inode
            source = PlainLog(file)
        }
    }

    /// The next whole record; nil where none is there yet.
    ///
    /// What is half there is read again: a record that did not fit on the disk is cut off, and another one takes its place.
    func next() throws(SystemCallError) -> LogRecord? {
        while let bytes = try nextBytes() {
            switch format {
            case .json: if let record = lines.record(bytes.dropLast()) { return record }
            case .local:
                if let record = LocalLogRecord(bytes) {
                    return LogRecord(
                        record.isError ? .stderr : .stdout, record.time, Array(record.text),
                        details: Array(record.details))
                }
            }
        }
        return nil
    }

    /// The bytes of the next record, or of what stands in the place of one.
    private func nextBytes() throws(SystemCallError) -> ArraySlice<UInt8>? {
        while true {
            if let end = endOfRecord() {
                defer { position = end }
                return buffer[position..<end]
            }
            base += Int64(position)
            buffer.removeFirst(position)
            position = 0
            guard try source.read(Self.chunkSize, to: &buffer) else {
                if !buffer.isEmpty { try source.seek(to: base) }
                buffer.removeAll(keepingCapacity: true)
                return nil
            }
        }
    }

    private func endOfRecord() -> Int? {
        let rest = buffer[position...]
        switch format {
        case .json: return rest.place(of: UInt8(ascii: "\n")).map { $0 + 1 }
        case .local:
            guard rest.count >= 4 else { return nil }
            // No length: the file is damaged from here on.
            guard let length = LocalLogRecord.length(at: position, in: rest) else { return buffer.endIndex }
            let size = LocalLogRecord.size(length: length)
            return rest.count >= size ? position + size : nil
        }
    }

    /// How many records the file has, counted from its end, up to `limit`; and moves to the first of them.
    func seek(toLast limit: Int) throws(SystemCallError) -> Int {
        buffer = []
        position = 0
        if let size = try source.size() {
            let place = try format == .json ? placeOfLine(limit, size) : placeOfRecord(limit, size)
            base = place.offset
            try source.seek(to: base)
            return place.count
        }
        // Compressed: it can be read only forwards, twice.
        var count = 0
        while try nextBytes() != nil { count += 1 }
        try source.seek(to: 0)
        base = 0
        for _ in 0..<max(0, count - limit) { _ = try nextBytes() }
        return min(count, limit)
    }

    private func placeOfLine(_ limit: Int, _ size: Int64) throws(SystemCallError) -> (offset: Int64, count: Int) {
        var end = size
        var count = 0
        // The line end of the last line doesn't begin another one: one more is looked for.
        while end > 0 {
            let start = max(0, end - Int64(Self.chunkSize))
            let chunk = try source.bytes(start..<end)
            for index in chunk.indices.reversed() where chunk[index] == UInt8(ascii: "\n") {
                count += 1
                if count > limit { return (start + Int64(index) + 1, limit) }
            }
            end = start
        }
        return (0, count)
    }

    private func placeOfRecord(_ limit: Int, _ size: Int64) throws(SystemCallError) -> (offset: Int64, count: Int) {
        var end = try endOfRecords(size)
        var count = 0
        var (chunk, start): ([UInt8], Int64) = ([], end)
        while end > 0, count < limit {
            if end - start < 4 {
                start = max(0, end - Int64(Self.chunkSize))
                chunk = try source.bytes(start..<end)
            }
            guard let length = LocalLogRecord.length(at: Int(end - start) - 4, in: chunk[...]) else { break }
            let size = Int64(LocalLogRecord.size(length: length))
            guard size <= end else { break }
            end -= size
            count += 1
            if end < start { start = end }
        }
        return (end, count)
    }

    /// Where the last whole record ends. One that is being written is whole in a moment.
    private func endOfRecords(_ size: Int64) throws(SystemCallError) -> Int64 {
        var size = size
        for _ in 0..<100 {
            let start = max(0, size - Int64(LocalLogRecord.size(length: LocalLogRecord.limit)))
            let bytes = try source.bytes(start..<size)[...]
            if bytes.isEmpty { return 0 }
            if let length = LocalLogRecord.length(at: bytes.endIndex - 4, in: bytes),
                LocalLogRecord.size(length: length) <= bytes.count,
                LocalLogRecord(bytes.suffix(LocalLogRecord.size(length: length))) != nil
            {
                return size
            }
            sched_yield()
            size = try source.size() ?? size
        }
        // Half a record that stays: from the front, where it begins is seen.
        try source.seek(to: 0)
        base = 0
        while try nextBytes() != nil {}
        return base
    }
}

/// The bytes of a log's file.
private protocol LogBytes: AnyObject {
    /// Adds up to so many bytes; false at the end.
    func read(_ count: Int, to buffer: inout [UInt8]) throws(SystemCallError) -> Bool
    func seek(to offset: Int64) throws(SystemCallError)
    /// Nil where it isn't known.
    func size() throws(SystemCallError) -> Int64?
    func bytes(_ range: Range<Int64>) throws(SystemCallError) -> [UInt8]
}

private final class PlainLog: LogBytes {
    private let file: FileDescriptor

    init(_ file: consuming FileDescriptor) { self.file = file }

    func read(_ count: Int, to buffer: inout [UInt8]) throws(SystemCallError) -> Bool {
        let chunk = try file.read(upTo: count)
        buffer += chunk
        return !chunk.isEmpty
    }

    func seek(to offset: Int64) throws(SystemCallError) { try file.seek(to: offset) }
    func size() throws(SystemCallError) -> Int64? { try file.status().size }

    func bytes(_ range: Range<Int64>) throws(SystemCallError) -> [UInt8] {
        try file.seek(to: range.lowerBound)
        var bytes: [UInt8] = []
        while bytes.count < range.count {
            let chunk = try file.read(upTo: range.count - bytes.count)
            if chunk.isEmpty { break }
            bytes += chunk
        }
        return bytes
    }
}

private final class CompressedLog: LogBytes {
    private let stream: GzipReader

    init(_ file: consuming FileDescriptor) throws(SystemCallError) { stream = try GzipReader(file) }

    func read(_ count: Int, to buffer: inout [UInt8]) throws(SystemCallError) -> Bool {
        let chunk = try stream.read(upTo: count)
        buffer += chunk
        return !chunk.isEmpty
    }

    func seek(to offset: Int64) throws(SystemCallError) { try stream.seek(to: offset) }
    func size() -> Int64? { nil }
    func bytes(_ range: Range<Int64>) -> [UInt8] { [] }
}
