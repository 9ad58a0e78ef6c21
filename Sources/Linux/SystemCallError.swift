import Glibc

/// A number that the kernel gives for a failure (errno(3)).
public struct Errno: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: CInt

    public init(rawValue: CInt) { self.rawValue = rawValue }

    public static let notPermitted = Errno(rawValue: EPERM)
    public static let noSuchFile = Errno(rawValue: ENOENT)
    public static let noSuchProcess = Errno(rawValue: ESRCH)
    public static let interrupted = Errno(rawValue: EINTR)
    public static let badDescriptor = Errno(rawValue: EBADF)
    public static let wouldBlock = Errno(rawValue: EAGAIN)
    public static let noMemory = Errno(rawValue: ENOMEM)
    public static let accessDenied = Errno(rawValue: EACCES)
    public static let busy = Errno(rawValue: EBUSY)
    public static let exists = Errno(rawValue: EEXIST)
    public static let crossesDevices = Errno(rawValue: EXDEV)
    public static let notDirectory = Errno(rawValue: ENOTDIR)
    public static let isDirectory = Errno(rawValue: EISDIR)
    public static let invalidArgument = Errno(rawValue: EINVAL)
    public static let noSpace = Errno(rawValue: ENOSPC)
    public static let quotaExceeded = Errno(rawValue: EDQUOT)
    public static let readOnly = Errno(rawValue: EROFS)
    public static let brokenPipe = Errno(rawValue: EPIPE)
    public static let outOfRange = Errno(rawValue: ERANGE)
    public static let nameTooLong = Errno(rawValue: ENAMETOOLONG)
    public static let notImplemented = Errno(rawValue: ENOSYS)
    public static let notEmpty = Errno(rawValue: ENOTEMPTY)
    public static let symlinkLoop = Errno(rawValue: ELOOP)
    public static let notSupported = Errno(rawValue: EOPNOTSUPP)
    public static let addressInUse = Errno(rawValue: EADDRINUSE)
    public static let connectionRefused = Errno(rawValue: ECONNREFUSED)

    /// The C library's words for it, in lower case: `no such file or directory`.
    public var description: String {
        guard let text = strerror(rawValue) else { return "error \(rawValue)" }
        let words = String(cString: text)
        guard let first = words.first else { return "error \(rawValue)" }
        // "RPC version wrong" keeps its capitals; "No such file" does not.
        let second = words.dropFirst().first
        return second.map { $0.isUppercase } == true ? words : first.lowercased() + words.dropFirst()
    }
}

/// A system call that failed: which one, on what, and why.
public struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call's name as the manual has it: `openat2`.
    public let call: String
    /// What it was asked to work on, fit to be shown to a person: a path, an address, `descriptor 5`.
    public let operand: String
    public let errno: Errno

    public init(_ call: String, on operand: String, _ errno: Errno) {
        self.call = call
        self.operand = operand
        self.errno = errno
    }

    /// For a result of `CLinux`, which is a value or `-errno`.
    init(_ call: String, on operand: String, result: some BinaryInteger) {
        self.init(call, on: operand, Errno(rawValue: CInt(truncatingIfNeeded: 0 - Int(result))))
    }

    /// `operation not permitted (mount, /proc)`
    public var description: String { "\(errno) (\(call), \(operand))" }
}

/// Runs a call of `CLinux` until it isn't interrupted by a signal; its result is a value or `-errno`.
@inline(__always)
func retryingInterrupts<Result: BinaryInteger>(
    _ call: String, on operand: @autoclosure () -> String, _ body: () -> Result
) throws(SystemCallError) -> Result {
    while true {
        let result = body()
        if result >= 0 { return result }
        guard Int(result) == -Int(EINTR) else { throw SystemCallError(call, on: operand(), result: result) }
    }
}

/// The same for a call of the C library, which returns -1 and sets `errno`.
@inline(__always)
func retryingErrno<Result: BinaryInteger>(
    _ call: String, on operand: @autoclosure () -> String, _ body: () -> Result
) throws(SystemCallError) -> Result {
    while true {
        let result = body()
        if result >= 0 { return result }
        let errno = Errno(rawValue: Glibc.errno)
        guard errno == .interrupted else { throw SystemCallError(call, on: operand(), errno) }
    }
}
