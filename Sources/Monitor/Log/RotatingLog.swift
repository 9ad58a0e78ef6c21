import Glibc
import Linux
import MonitorProtocol
import OCI

/// A container's log as files: the current one, and `.1`, `.2`, … before it, up to a size and a number.
///
/// A log that can't be written never holds up the container: what doesn't fit on the disk is counted, and the first record
/// that can be written again says so. A file never ends in half a record.
///
/// Names change only while the current file is locked (flock(2)). Readers have a lock on it while they open the files: they see
/// all of them, each once. It is never waited for: with a reader in between, the file gets longer than it should, up to twice.
/// Then names change all the same; who opens the files meanwhile sees `.new`, or that the current one is another, and begins anew.
final class RotatingLog: LogSink {
    private let settings: LogDestination.LogFile
    private var file: FileDescriptor
    private var size: Int64
    private var encoder: LogRecordEncoder
    private var batch: [UInt8] = []
    private var compressor: LogCompressor
    private(set) var losses = LogLosses()
    private(set) var rotationFailure: Errno?

    init(_ settings: LogDestination.LogFile) throws(SystemCallError) {
        self.settings = settings
        let encoder = LogRecordEncoder(settings)
        let file = try Self.open(settings.path)
        size = try encoder.repair(file)
        self.file = file
        self.encoder = encoder
        compressor = LogCompressor(settings)
        // What an earlier monitor had begun.
        if !settings.compressor.isEmpty {
            compressor.close()
            compressor.startNext()
        }
    }

    private static func open(_ path: String, flags: CInt = 0) throws(SystemCallError) -> FileDescriptor {
        try FileDescriptor.open(path, flags: O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | flags, mode: 0o600)
    }

    /// So many bytes of records are written at once, and one record's more.
    private static let batchLimit = 32 << 10

    /// Adds output; it is written with ``flush()``, or before if much has come together.
    func append(_ text: ArraySlice<UInt8>, of stream: LogStream, at time: Timestamp) {
        var rest = text
        var limit = Self.batchLimit
        while !rest.isEmpty {
            let start = batch.count
            let length = encoder.append(rest, of: stream, at: time, to: &batch, until: limit)
            if isTooLong(batch.count) {
                guard limit == 0 else {
                    // Which of the records is too much shows one by one.
                    batch.removeSubrange(start...)
                    limit = 0
                    continue
                }
                if size + Int64(start) > 0 { moveToNextFile(recordAt: start) }
                limit = Self.batchLimit
            }
            rest = rest.dropFirst(length)
            if batch.count >= Self.batchLimit { flush() }
        }
    }

    private func isTooLong(_ more: Int) -> Bool { settings.maxSize.map { size + Int64(more) > $0 } ?? false }

    /// Rotates before the last record.
    private func moveToNextFile(recordAt start: Int) {
        let record = Array(batch[start...])
        batch.removeSubrange(start...)
        flush()
        rotate()
        batch.append(contentsOf: record)
    }

    /// Writes what was added.
    func flush() {
        if losses.untold > 0 { tellLosses() }
        guard !batch.isEmpty else { return }
        let written = write(batch)
        if written < batch.count { losses.note(encoder.count(of: batch[written...]), because: writeFailure) }
        // A burst of short lines takes several times its size; that memory is not kept.
        batch.removeAll(keepingCapacity: batch.capacity <= 64 << 10)
    }

    func finish() { flush() }

    private func tellLosses() {
        guard let line = losses.tell() else { return }
        var record: [UInt8] = []
        encoder.append(line.text[...], of: .stderr, at: Clock.now(), to: &record)
        if write(record) < record.count { losses.untell(line.count) }
    }

    private var writeFailure = ""

    /// Writes whole records, as many as the disk takes. Returns how many bytes they are.
    private func write(_ bytes: [UInt8]) -> Int {
        var written = 0
        while written < bytes.count {
            do throws(SystemCallError) {
                written += try file.write(bytes[written...])
            } catch {
                writeFailure = "\(error.errno)"
                break
            }
        }
        let whole = written < bytes.count ? encoder.wholeRecords(bytes[..<written]) : written
        // Failing leaves half a record, which readers pass over as they do after a crash of the host.
        if whole < written { try? file.truncate(to: size + Int64(whole)) }
        size += Int64(whole)
        return whole
    }

    // MARK: Older files

    private func rotate() {
        do throws(SystemCallError) {
            guard try file.tryLockWhole() || size >= (settings.maxSize ?? 0) * 2 else { return }
            let new = settings.path + ".new"
            try FileDescriptor.removeIfThere(new)
            // Before any name changes: where there is no room for one more file, all is as it was.
            let next = try Self.open(new, flags: O_EXCL)
            if settings.maxFile > 1 { try moveFiles() }
            try FileDescriptor.rename(new, to: settings.path)
            compressor.noteRotation()
            // Readers that wait for the lock on the old one get it, and see that it is no longer the current one.
            file = next
            size = 0
            rotationFailure = nil
        } catch {
            // The current file goes on growing, better too long than lost; but not one that is removed.
            rotationFailure = error.errno
            if (try? file.status().linkCount) == 0, (try? file.truncate(to: 0)) != nil { size = 0 }
            try? file.unlockWhole()
        }
        compressor.startNext()
    }

    /// `.1` becomes `.2`, and so on, the current file `.1`.
    private func moveFiles() throws(SystemCallError) {
        var count = 0
        while count < settings.maxFile - 1, isThere(count + 1) { count += 1 }
        if count == settings.maxFile - 1 {
            for suffix in suffixes { try FileDescriptor.removeIfThere("\(settings.path).\(count)\(suffix)") }
            count -= 1
        }
        for number in stride(from: count, through: 1, by: -1) {
            for suffix in suffixes {
                try moveIfThere("\(settings.path).\(number)\(suffix)", to: "\(settings.path).\(number + 1)\(suffix)")
            }
        }
        try moveIfThere(settings.path, to: "\(settings.path).1")
    }

    private var suffixes: [String] { settings.compressor.isEmpty ? [""] : ["", ".gz"] }

    private func isThere(_ number: Int) -> Bool {
        suffixes.contains { access("\(settings.path).\(number)\($0)", F_OK) == 0 }
    }

    private func moveIfThere(_ old: String, to new: String) throws(SystemCallError) {
        do throws(SystemCallError) { try FileDescriptor.rename(old, to: new) } catch {
            guard error.errno == .noSuchFile else { throw error }
        }
    }

    // MARK: Compression

    var child: CInt? { compressor.pid }

    func watch(_ queue: borrowing EventQueue) throws(SystemCallError) {
        nameCompressed()
        try compressor.watch(queue)
    }

    func serve() {
        compressor.check()
        nameCompressed()
    }

    private func nameCompressed() {
        // With a reader in between, it is tried again.
        guard compressor.isDone, (try? file.tryLockWhole()) == true else { return }
        compressor.nameOutput()
        try? file.unlockWhole()
        compressor.startNext()
    }

    func close() { compressor.close() }

    // MARK: Files never wait

    var hasRoom: Bool { true }
    func wait() {}

    var failure: String? { losses.failure ?? rotationFailure.map { "the log could not be rotated: \($0)" } }
}
