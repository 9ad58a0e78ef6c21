import Glibc
import Linux

/// The files of one log: `path`, and the older ones `path.1`, `path.2`, ….
struct LogFiles {
    let path: String
    private static let chunkSize = 64 << 10

    /// Those that are there, the oldest first.
    private func existing() throws(SystemCallError) -> [String] {
        var names = [path]
        var number = 1
        while access("\(path).\(number)", F_OK) == 0 {
            names.insert("\(path).\(number)", at: 0)
            number += 1
        }
        return names.filter { access($0, F_OK) == 0 }
    }

    /// Opens them all at once, so that a rotation in between loses and repeats nothing; the last one is the current one.
    func open() throws(SystemCallError) -> [LogFile] {
        var files: [LogFile] = []
        for name in try existing() {
            do throws(SystemCallError) {
                files.append(LogFile(try FileDescriptor.open(name)))
            } catch {
                guard error.errno == .noSuchFile else { throw error }
            }
        }
        // A file renamed between two opens is there twice.
        var seen: Set<UInt64> = []
        var distinct: [LogFile] = []
        for file in files where seen.insert(try file.inode()).inserted { distinct.append(file) }
        return distinct
    }

    /// The current file anew, after a rotation.
    func reopen() throws(SystemCallError) -> LogFile { LogFile(try FileDescriptor.open(path)) }
}

/// One open file of a log, read line by line.
final class LogFile {
    private let file: FileDescriptor
    private var buffer: [UInt8] = []
    private var position = 0

    init(_ file: consuming FileDescriptor) { self.file = file }

    func inode() throws(SystemCallError) -> UInt64 { try file.status().inode }

    /// The next whole line without its end; nil where none is there yet.
    func nextLine() throws(SystemCallError) -> [UInt8]? {
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                return Array(buffer[position..<end])
            }
            buffer.removeFirst(position)
            position = 0
            searched = buffer.count
            let chunk = try file.read(upTo: 64 << 10)
            guard !chunk.isEmpty else { return nil }
            buffer.append(contentsOf: chunk)
        }
    }

    /// How many lines the file has, counted from its end, up to `limit`; and moves to the first of them.
    func seek(toLast limit: Int) throws(SystemCallError) -> Int {
        var offset = try file.status().size
        var count = 0
        let size = Int64(64 << 10)
        // The line end of the last line doesn't begin another one: one more is looked for.
        while offset > 0 {
            let start = max(0, offset - size)
            try file.seek(to: start)
            let chunk = try read(exactly: Int(offset - start))
            for index in chunk.indices.reversed() where chunk[index] == UInt8(ascii: "\n") {
                count += 1
                if count > limit {
                    try file.seek(to: start + Int64(index) + 1)
                    return limit
                }
            }
            offset = start
        }
        try file.seek(to: 0)
        return count
    }

    private func read(exactly count: Int) throws(SystemCallError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let chunk = try file.read(upTo: count - bytes.count)
            if chunk.isEmpty { break }
            bytes += chunk
        }
        return bytes
    }
}
