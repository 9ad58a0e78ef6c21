import Glibc
import Linux
import MonitorProtocol
import OCI

/// Reads what monitors appended to the journal since the last time.
public struct JournalReader: Sendable {
    private let path: String

    public init(path: String) { self.path = path }

    public struct Batch: Sendable {
        public var records: [JournalRecord]
        /// Where the next batch begins: past the last whole line.
        public var nextOffset: Int64
        /// How many lines were no records. They are skipped: one bad line must not hide what comes after it.
        public var skipped: Int
        /// Whether more was there than one batch takes.
        public var hasMore: Bool
    }

    /// The journal's length in bytes, 0 where there is none: a caller that has folded up to there has nothing to read.
    public func length() throws(RuntimeClientError) -> Int64 {
        do throws(SystemCallError) {
            return try FileDescriptor.status(of: path).size
        } catch {
            if error.errno == .noSuchFile { return 0 }
            throw .system(error)
        }
    }

    /// The records from `offset` on, up to 1 MiB of them. A line without its end is left for the next time.
    ///
    /// - Parameter offset: A former ``Batch/nextOffset``; more than the journal's length means that it is a new one, and
    ///   reading starts over.
    public func read(from offset: Int64) throws(RuntimeClientError) -> Batch {
        let limit = 1 << 20
        let bytes: [UInt8]
        let start: Int64
        do throws(SystemCallError) {
            let file = try FileDescriptor.open(path)
            start = offset <= (try file.status().size) ? max(offset, 0) : 0
            try file.seek(to: start)
            bytes = try file.read(upTo: limit)
        } catch {
            if error.errno == .noSuchFile { return Batch(records: [], nextOffset: 0, skipped: 0, hasMore: false) }
            throw .system(error)
        }
        return batch(of: bytes, from: start, isFull: bytes.count == limit)
    }

    private func batch(of bytes: [UInt8], from start: Int64, isFull: Bool) -> Batch {
        var batch = Batch(records: [], nextOffset: start, skipped: 0, hasMore: isFull)
        var lineStart = 0
        while let end = bytes[lineStart...].firstIndex(of: UInt8(ascii: "\n")) {
            // Failing is an answer here: the line is counted and stepped over.
            if let json = try? JSON(parsing: Array(bytes[lineStart..<end])), let record = try? JournalRecord(json: json) {
                batch.records.append(record)
            } else {
                batch.skipped += 1
            }
            lineStart = end + 1
        }
        if lineStart == 0, isFull {  // a line that no monitor writes
            batch.skipped += 1
            lineStart = bytes.count
        }
        batch.nextOffset += Int64(lineStart)
        return batch
    }
}
