import Glibc
import Linux
import MonitorProtocol
import OCI

/// A container's log as files: the current one, and `.1`, `.2`, … before it, up to a size and a number.
///
/// A log that can't be written never holds up the container: what doesn't fit on the disk is counted, and the first record
/// that can be written again says so. A file never ends in half a record.
final class RotatingLog {
    private let settings: MonitorSettings.LogFile
    private var file: FileDescriptor
    private var size: Int64
    private var batch: [UInt8] = []
    private var batchRecords = 0
    /// Records that were lost and not yet told of.
    private var untoldLosses = 0
    /// All records that were lost, and why the last was.
    private(set) var losses = 0
    private(set) var lastFailure: Errno?

    init(_ settings: MonitorSettings.LogFile) throws(SystemCallError) {
        self.settings = settings
        let file = try Self.open(settings.path)
        size = try Self.repair(file)
        self.file = file
    }

    private static func open(_ path: String) throws(SystemCallError) -> FileDescriptor {
        try FileDescriptor.open(path, flags: O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, mode: 0o600)
    }

    /// A host that went down in the middle of a write leaves half a record: it gets a line of its own.
    private static func repair(_ file: borrowing FileDescriptor) throws(SystemCallError) -> Int64 {
        let size = try file.status().size
        guard size > 0 else { return 0 }
        try file.seek(to: size - 1)
        guard try file.read(upTo: 1) != [UInt8(ascii: "\n")] else { return size }
        try file.writeAll("\n")
        return size + 1
    }

    /// Adds one piece of output; it is written with ``flush()``, or before if much has come together.
    func append(_ piece: ArraySlice<UInt8>, of stream: LogStream, at time: Timestamp) {
        let start = batch.count
        LogRecordEncoder.append(piece, of: stream, at: time, to: &batch)
        batchRecords += 1
        if let maxSize = settings.maxSize, size + Int64(batch.count) > maxSize, size + Int64(start) > 0 {
            let record = Array(batch[start...])
            batch.removeSubrange(start...)
            batchRecords -= 1
            flush()
            rotate()
            batch.append(contentsOf: record)
            batchRecords += 1
        }
        if batch.count >= 32 << 10 { flush() }
    }

    /// Writes what was added.
    func flush() {
        if untoldLosses > 0 { tellLosses() }
        guard !batch.isEmpty else { return }
        write(batch, records: batchRecords)
        batchRecords = 0
        // A burst of short lines takes several times its size; that memory is not kept.
        batch.removeAll(keepingCapacity: batch.capacity <= 64 << 10)
    }

    private func tellLosses() {
        let lost = untoldLosses
        let text = "[hako: \(lost) log records were lost: \(lastFailure?.description ?? "unknown error")]\n"
        var record: [UInt8] = []
        LogRecordEncoder.append(Array(text.utf8)[...], of: .stderr, at: Clock.now(), to: &record)
        untoldLosses = 0
        if write(record, records: 0) < record.count { untoldLosses = lost }
    }

    /// Writes whole records, as many as the disk takes. Returns how many bytes stay.
    @discardableResult
    private func write(_ bytes: [UInt8], records: Int) -> Int {
        var written = 0
        while written < bytes.count {
            do throws(SystemCallError) {
                written += try file.write(bytes[written...])
            } catch {
                lastFailure = error.errno
                break
            }
        }
        guard written < bytes.count else {
            size += Int64(written)
            return written
        }
        let whole = (bytes[..<written].lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
        // Failing leaves half a record, which readers pass over as they do after a crash of the host.
        if whole < written { try? file.truncate(to: size + Int64(whole)) }
        size += Int64(whole)
        let lost = bytes[whole...].reduce(0) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        if records > 0 {
            untoldLosses += lost
            losses += lost
        }
        return whole
    }

    /// Readers that follow the log see a new file under its name; what they have open ends where it ended.
    private func rotate() {
        do throws(SystemCallError) {
            if settings.maxFile > 1 {
                for number in stride(from: settings.maxFile - 1, through: 1, by: -1) {
                    let older = number == 1 ? settings.path : "\(settings.path).\(number - 1)"
                    do throws(SystemCallError) {
                        try FileDescriptor.rename(older, to: "\(settings.path).\(number)")
                    } catch { guard error.errno == .noSuchFile else { throw error } }
                }
                file = try Self.open(settings.path)
                size = try file.status().size
            } else {
                try file.truncate(to: 0)
                size = 0
            }
        } catch {
            // The current file goes on growing: better too long than lost.
            lastFailure = error.errno
        }
    }
}
