import CZlib
import Glibc
import Linux

/// What a container's monitor starts for each older file of a log.
public enum LogCompression {
    /// Writes standard input, compressed, to standard output: one gzip member (RFC 1952), labelled with the input's inode.
    ///
    /// - Throws: ``EngineError`` of kind `system`.
    public static func run(label: String) throws(EngineError) {
        guard let label = UInt64(label) else { throw EngineError(.invalidArgument, "invalid inode number: \(label)") }
        // Whatever else the host does is more urgent.
        setpriority(CInt(PRIO_PROCESS.rawValue), 0, 10)
        let result = hako_gzip(StandardDescriptor.input, StandardDescriptor.output, label)
        guard result == 0 else {
            throw EngineError(.system, cannot: "compress the log", because: "\(Errno(rawValue: -result))")
        }
    }
}

/// The label of a compressed log: eight bytes in the gzip header's extra field "HK".
enum GzipLabel {
    private static let size = 24

    /// 0 for a file that somebody else compressed. The file's offset is at its beginning afterwards.
    static func read(_ file: borrowing FileDescriptor) throws(SystemCallError) -> UInt64 {
        let head = try file.read(upTo: size)
        try file.seek(to: 0)
        // Flag FEXTRA; its length; the field's name and length. RFC 1952, 2.3.
        guard head.count == size, head[3] & 4 != 0,
            head[12..<16].elementsEqual([UInt8(ascii: "H"), UInt8(ascii: "K"), 8, 0])
        else { return 0 }
        return head[16..<24].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// A compressed file, read from its beginning.
final class GzipStream {
    private let file: gzFile

    init(_ descriptor: consuming FileDescriptor) throws(SystemCallError) {
        let number = descriptor.relinquish()
        guard let file = gzdopen(number, "rb") else {
            _ = FileDescriptor(adopting: number)
            throw SystemCallError("gzdopen", on: "a compressed log", .noMemory)
        }
        self.file = file
    }

    deinit { gzclose_r(file) }

    /// An empty array is the end.
    func read(upTo count: Int) throws(SystemCallError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let length = gzread(file, &bytes, UInt32(clamping: count))
        guard length >= 0 else { throw SystemCallError("gzread", on: "a compressed log", Errno(rawValue: EIO)) }
        bytes.removeLast(count - Int(length))
        return bytes
    }

    func seek(to offset: Int64) throws(SystemCallError) {
        guard gzseek(file, Int(offset), SEEK_SET) >= 0 else {
            throw SystemCallError("gzseek", on: "a compressed log", Errno(rawValue: EIO))
        }
    }
}
