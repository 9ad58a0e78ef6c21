import CLinux
import Glibc

extension FileDescriptor {
    /// Reads up to `count` bytes; an empty array is the end of the file.
    public borrowing func read(upTo count: Int) throws(SystemCallError) -> [UInt8] {
        let number = self.number
        var failure: SystemCallError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(SystemCallError) {
                filled = try retryingErrno("read", on: "descriptor \(number)") {
                    Glibc.read(number, buffer.baseAddress, count)
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads into `buffer`, which the caller keeps between calls. Returns how many bytes; 0 is the end of the file.
    public borrowing func read(into buffer: inout [UInt8]) throws(SystemCallError) -> Int {
        let number = self.number
        return try retryingErrno("read", on: "descriptor \(number)") {
            buffer.withUnsafeMutableBytes { Glibc.read(number, $0.baseAddress, $0.count) }
        }
    }

    /// The same by number, for a descriptor that is held in an optional.
    public static func read(number: CInt, into buffer: inout [UInt8]) throws(SystemCallError) -> Int {
        try retryingErrno("read", on: "descriptor \(number)") {
            buffer.withUnsafeMutableBytes { Glibc.read(number, $0.baseAddress, $0.count) }
        }
    }

    /// Reads up to `count` bytes at a place in a regular file, wherever its offset is; an empty array is its end. pread(2).
    public borrowing func read(upTo count: Int, at offset: Int64) throws(SystemCallError) -> [UInt8] {
        let number = self.number
        var failure: SystemCallError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(SystemCallError) {
                filled = try retryingErrno("pread", on: "descriptor \(number)") {
                    Glibc.pread(number, buffer.baseAddress, count, off_t(offset))
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads a file's beginning, wherever its offset is, by number. Returns how many bytes. pread(2).
    public static func readStart(number: CInt, into buffer: inout [UInt8]) throws(SystemCallError) -> Int {
        try retryingErrno("pread", on: "descriptor \(number)") {
            buffer.withUnsafeMutableBytes { Glibc.pread(number, $0.baseAddress, $0.count, 0) }
        }
    }

    /// Reads all that is left.
    ///
    /// - Throws: `EFBIG` if there is more than `limit` bytes: files that a stranger wrote may have no end.
    public borrowing func readAll(limit: Int = 64 << 20) throws(SystemCallError) -> [UInt8] {
        var all: [UInt8] = []
        // One byte past the size of a regular file, so that the second read finds its end.
        let size = (try? status())?.size ?? 0
        var chunk = [UInt8](repeating: 0, count: min(max(4096, Int(clamping: size) + 1), 1 << 20))
        while true {
            let count = try read(into: &chunk)
            if count == 0 { return all }
            guard all.count + count <= limit else {
                throw SystemCallError("read", on: "descriptor \(number)", Errno(rawValue: EFBIG))
            }
            all.append(contentsOf: chunk[..<count])
        }
    }

    /// Writes all of `bytes`, in as many writes as it takes.
    public borrowing func writeAll(_ bytes: some Collection<UInt8>) throws(SystemCallError) {
        let number = self.number
        var failure: SystemCallError?
        let contiguous: Void? = bytes.withContiguousStorageIfAvailable { buffer in
            failure = Self.write(UnsafeRawBufferPointer(buffer), to: number)
        }
        if contiguous == nil { Array(bytes).withUnsafeBytes { failure = Self.write($0, to: number) } }
        if let failure { throw failure }
    }

    public borrowing func writeAll(_ text: String) throws(SystemCallError) {
        var text = text
        let number = self.number
        if let failure = text.withUTF8({ Self.write(UnsafeRawBufferPointer($0), to: number) }) { throw failure }
    }

    /// Writes what the file takes now, at most all of `bytes`. Returns how many.
    public borrowing func write(_ bytes: ArraySlice<UInt8>) throws(SystemCallError) -> Int {
        let number = self.number
        return try retryingErrno("write", on: "descriptor \(number)") {
            bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
        }
    }

    /// Writes at a place in a regular file, wherever its offset is. A disk that is full may take a part. pwrite(2).
    @discardableResult
    public borrowing func write(_ bytes: ArraySlice<UInt8>, at offset: Int64) throws(SystemCallError) -> Int {
        let number = self.number
        return try retryingErrno("pwrite", on: "descriptor \(number)") {
            bytes.withUnsafeBytes { Glibc.pwrite(number, $0.baseAddress, $0.count, off_t(offset)) }
        }
    }

    private static func write(_ buffer: UnsafeRawBufferPointer, to number: CInt) -> SystemCallError? {
        var rest = buffer
        while !rest.isEmpty {
            do throws(SystemCallError) {
                let count = try retryingErrno("write", on: "descriptor \(number)") {
                    Glibc.write(number, rest.baseAddress, rest.count)
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } catch { return error }
        }
        return nil
    }

    /// Flushes the file's data and metadata to the disk. fsync(2).
    public borrowing func synchronize() throws(SystemCallError) {
        let number = self.number
        _ = try retryingErrno("fsync", on: "descriptor \(number)") { Glibc.fsync(number) }
    }

    /// Moves the file's offset to `offset` from its start.
    public borrowing func seek(to offset: Int64) throws(SystemCallError) {
        let number = self.number
        _ = try retryingErrno("lseek", on: "descriptor \(number)") { Glibc.lseek(number, off_t(offset), SEEK_SET) }
    }
}

extension FileDescriptor {
    /// Reads a file that Hako or the kernel wrote.
    public static func contents(of path: some Path, limit: Int = 64 << 20) throws(SystemCallError) -> [UInt8] {
        try open(path).readAll(limit: limit)
    }

    /// Opens a file for writing from its beginning: a new one, or one that loses what is in it.
    ///
    /// Without O_TRUNC: a file to which that was done, even an empty one, is written to the disk when it is closed (ext4(5),
    /// `auto_da_alloc`), half a millisecond.
    public static func openEmpty(_ path: String, mode: mode_t) throws(SystemCallError) -> FileDescriptor {
        let file = try open(path, flags: O_WRONLY | O_CREAT, mode: mode)
        if try file.status().size > 0 { try file.truncate(to: 0) }
        return file
    }

    /// Writes `bytes` to a temporary file beside `path` and renames it there: a reader sees the old file or the whole new
    /// one, also after a crash of this process. It is not synced to the disk.
    ///
    /// - Parameter temporary: The temporary file's path; if `nil`, one that no other process takes.
    public static func replaceContents(
        of path: String, with bytes: some Collection<UInt8>, mode: mode_t = 0o600, by temporary: String? = nil
    ) throws(SystemCallError) {
        let temporary = temporary ?? "\(path).\(getpid()).tmp"
        let file = try openEmpty(temporary, mode: mode)
        do throws(SystemCallError) {
            try file.writeAll(bytes)
            _ = try retryingErrno("rename", on: path) { Glibc.rename(temporary, path) }
        } catch {
            _ = Glibc.unlink(temporary)
            throw error
        }
    }
}
