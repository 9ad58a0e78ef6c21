import CLinux
import Glibc

/// An open file descriptor. It is closed when its owner lets go of it, and can't be closed twice.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The number, for messages and for what is handed to another program. It is valid only while this value lives.
    public let number: CInt

    /// Takes over a descriptor that the kernel has just returned, or that another program handed down at start; nothing
    /// else may close it.
    public init(adopting number: CInt) { self.number = number }

    deinit { _ = Glibc.close(number) }

    /// Closes now and reports what `deinit` has to swallow: a write that the file system refused late.
    public consuming func close() throws(SystemCallError) {
        let number = self.number
        discard self
        // Linux frees the number even on EINTR: a retry could close a stranger's (close(2), NOTES).
        guard Glibc.close(number) == 0 || Glibc.errno == EINTR else {
            throw SystemCallError("close", on: "descriptor \(number)", Errno(rawValue: Glibc.errno))
        }
    }

    /// Gives the number away: whoever takes it has to close it.
    public consuming func relinquish() -> CInt {
        let number = self.number
        discard self
        return number
    }

    /// A second descriptor of the same open file, closed on exec. fcntl(2) F_DUPFD_CLOEXEC.
    public borrowing func duplicate() throws(SystemCallError) -> FileDescriptor {
        let number = self.number
        return FileDescriptor(
            adopting: try retryingInterrupts("fcntl", on: "descriptor \(number)") {
                hako_fcntl(number, F_DUPFD_CLOEXEC, 3)
            })
    }

    /// Sets or clears close-on-exec, which every descriptor of Hako has unless it is meant for the next program.
    public borrowing func setCloseOnExec(_ isOn: Bool) throws(SystemCallError) {
        let number = self.number
        _ = try retryingInterrupts("fcntl", on: "descriptor \(number)") {
            hako_fcntl(number, F_SETFD, isOn ? CLong(FD_CLOEXEC) : 0)
        }
    }

    /// Sets close-on-exec on a number that was handed down at start.
    public static func setCloseOnExec(number: CInt) throws(SystemCallError) {
        _ = try retryingInterrupts("fcntl", on: "descriptor \(number)") {
            hako_fcntl(number, F_SETFD, CLong(FD_CLOEXEC))
        }
    }

    /// Sets or clears O_NONBLOCK on the open file, which all its descriptors share.
    public borrowing func setNonBlocking(_ isOn: Bool) throws(SystemCallError) {
        let number = self.number
        let flags = try retryingInterrupts("fcntl", on: "descriptor \(number)") { hako_fcntl(number, F_GETFL, 0) }
        _ = try retryingInterrupts("fcntl", on: "descriptor \(number)") {
            hako_fcntl(number, F_SETFL, CLong(isOn ? flags | O_NONBLOCK : flags & ~O_NONBLOCK))
        }
    }

    /// `/proc/self/fd/N`: names the open file for calls that take only paths.
    public var procPath: String { "/proc/self/fd/\(number)" }
}

/// The standard streams and the working directory, as numbers that nobody owns.
public enum StandardDescriptor {
    public static let input: CInt = 0
    public static let output: CInt = 1
    public static let error: CInt = 2
}

extension Optional where Wrapped == FileDescriptor {
    /// The number of the descriptor; -1, which every call refuses and poll(2) skips, where there is none.
    public var number: CInt {
        switch self {
        case .some(let descriptor): descriptor.number
        case .none: -1
        }
    }
}
