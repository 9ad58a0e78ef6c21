import CZlib
import Glibc
import Linux

/// One gzip member (RFC 1952), labelled with a number: eight bytes in the extra field "HK" of its header.
public enum Gzip {
    private static let headerSize = 24

    /// Writes what is left of one file, compressed, to another.
    public static func compress(
        _ input: CInt, to output: CInt, label: UInt64
    ) throws(SystemCallError) {
        let result = hako_gzip(input, output, label)
        guard result == 0 else { throw SystemCallError("deflate", on: "a stream", Errno(rawValue: -result)) }
    }

    /// 0 for a file that somebody else compressed. The file's offset is at its beginning afterwards.
    public static func label(of file: borrowing FileDescriptor) throws(SystemCallError) -> UInt64 {
        let head = try file.read(upTo: headerSize)
        try file.seek(to: 0)
        // Flag FEXTRA; its length; the field's name and length. RFC 1952, 2.3.
        guard head.count == headerSize, head[3] & 4 != 0,
            head[12..<16].elementsEqual([UInt8(ascii: "H"), UInt8(ascii: "K"), 8, 0])
        else { return 0 }
        return head[16..<24].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// What a compressed file unpacks to, read from its beginning.
public final class GzipReader {
    private let file: gzFile

    public init(_ descriptor: consuming FileDescriptor) throws(SystemCallError) {
        let number = descriptor.relinquish()
        guard let file = gzdopen(number, "rb") else {
            _ = FileDescriptor(adopting: number)
            throw SystemCallError("gzdopen", on: "a compressed file", .noMemory)
        }
        self.file = file
    }

    deinit { gzclose_r(file) }

    /// An empty array is the end.
    public func read(upTo count: Int) throws(SystemCallError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let length = gzread(file, &bytes, UInt32(clamping: count))
        guard length >= 0 else { throw SystemCallError("gzread", on: "a compressed file", Errno(rawValue: EIO)) }
        bytes.removeLast(count - Int(length))
        return bytes
    }

    /// To an offset of what it unpacks to; backwards means from the beginning.
    public func seek(to offset: Int64) throws(SystemCallError) {
        guard gzseek(file, Int(offset), SEEK_SET) >= 0 else {
            throw SystemCallError("gzseek", on: "a compressed file", Errno(rawValue: EIO))
        }
    }
}
