import CLinux
import Glibc

/// Reading and writing streams that belong to whoever started us.
extension StandardDescriptor {
    /// Reads into `buffer`. 0 is the end, which a terminal that is gone or a closed stream is too; nil means that nothing is
    /// there now.
    public static func read(_ number: CInt, into buffer: inout [UInt8]) -> Int? {
        let count = buffer.withUnsafeMutableBytes { bytes in
            while true {
                let count = Glibc.read(number, bytes.baseAddress, bytes.count)
                if count >= 0 || errno != EINTR { return count }
            }
        }
        if count >= 0 { return count }
        return errno == EAGAIN ? nil : 0
    }

    /// One write(2), of as much as is taken. Ignore SIGPIPE to have a missing reader as EPIPE.
    public static func write(_ bytes: ArraySlice<UInt8>, to number: CInt) throws(SystemCallError) -> Int {
        try retryingErrno("write", on: "descriptor \(number)") {
            bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
        }
    }

    /// A pipe, FIFO or terminal opened a second time with O_NONBLOCK, which the first then doesn't get. Nil for other
    /// files, where writing does not wait for a reader, and where it can't be opened (a terminal of another user).
    public static func reopenWithoutBlocking(_ number: CInt) -> FileDescriptor? {
        var status = stat()
        guard fstat(number, &status) == 0 else { return nil }
        guard status.st_mode & S_IFMT == S_IFIFO || isatty(number) == 1 else { return nil }
        let result = "/proc/self/fd/\(number)".withCString {
            hako_openat(AT_FDCWD, $0, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0)
        }
        return result >= 0 ? FileDescriptor(adopting: result) : nil
    }
}
