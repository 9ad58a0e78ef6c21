import Compression
import Glibc
import Linux

/// `hako-image decompress`: turns what is on standard input, gzip or zstd, into plain bytes on standard output.
enum Decompression {
    static func run() -> Int32 {
        do {
            let source = try DecodingSource(FileSource(FileDescriptor(adopting: StandardDescriptor.input)))
            let output = FileDescriptor(adopting: StandardDescriptor.output)
            try source.forEachBuffer { try output.writeAll($0) }
            return 0
        } catch {
            complain("\(error)")
            return 1
        }
    }
}
