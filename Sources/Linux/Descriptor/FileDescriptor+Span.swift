import Glibc

extension FileDescriptor {
    /// Writes all of `bytes`, which are not copied on the way, in as many writes as it takes.
    public borrowing func writeAll(_ bytes: Span<UInt8>) throws(SystemCallError) { try writeAll(bytes.bytes) }

    /// The same for what isn't made of bytes, as it is in memory.
    public borrowing func writeAll(_ bytes: RawSpan) throws(SystemCallError) {
        let number = self.number
        var position = 0
        while position < bytes.byteCount {
            position += try retryingErrno("write", on: "descriptor \(number)") {
                bytes.withUnsafeBytes {
                    Glibc.write(number, $0.baseAddress?.advanced(by: position), $0.count - position)
                }
            }
        }
    }

    /// Reads a regular file that holds 64-bit numbers in this machine's byte order, from its offset to its end; what is left
    /// at the end and makes no number is dropped.
    ///
    /// - Throws: `EFBIG` for a file of more than `limit` bytes.
    public borrowing func readWords(limit: Int) throws(SystemCallError) -> [UInt64] {
        let number = self.number
        let size = try status().size
        guard size <= limit else { throw SystemCallError("read", on: "descriptor \(number)", Errno(rawValue: EFBIG)) }
        var failure: SystemCallError?
        let words = [UInt64](unsafeUninitializedCapacity: Int(size) / 8) { buffer, count in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            var filled = 0
            do throws(SystemCallError) {
                while filled < Int(size) / 8 * 8 {
                    let read = try retryingErrno("read", on: "descriptor \(number)") {
                        Glibc.read(number, bytes.baseAddress?.advanced(by: filled), Int(size) / 8 * 8 - filled)
                    }
                    if read == 0 { break }
                    filled += read
                }
            } catch { failure = error }
            count = filled / 8
        }
        if let failure { throw failure }
        return words
    }
}
