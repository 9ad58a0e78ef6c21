import Compression
import Glibc
import Linux

/// `hako-image decompress`: turns what is on standard input, gzip or zstd, into plain bytes on standard output.
enum Decompression {
    static func run() -> Int32 {
        do {
            let source = try DecodingSource(FileSource(FileDescriptor(adopting: StandardDescriptor.input)))
            let output = FileDescriptor(adopting: StandardDescriptor.output)
            var buffer = [UInt8](repeating: 0, count: 256 << 10)
            while true {
                let count = try source.read(into: &buffer)
                guard count > 0 else { return 0 }
                try output.writeAll(buffer[..<count])
            }
        } catch {
            complain("\(error)")
            return 1
        }
    }
}
