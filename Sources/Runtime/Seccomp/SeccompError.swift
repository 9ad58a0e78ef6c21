/// Why a bundle's seccomp section can't become a filter.
public enum SeccompError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknownArchitecture(String)
    case unknownFlag(String)
    /// An `errnoRet` above 4095 (the kernel's MAX_ERRNO), or beside an action that returns no error.
    case invalidErrno(UInt32)
    /// `SCMP_ACT_NOTIFY` needs somebody who answers.
    case notifyWithoutListener
    /// The kernel takes 4096 instructions.
    case tooLong(Int)

    public var description: String {
        switch self {
        case .unknownArchitecture(let name): "unknown seccomp architecture \"\(name)\""
        case .unknownFlag(let name): "unknown seccomp flag \"\(name)\""
        case .invalidErrno(let number): "seccomp errnoRet \(number) is no error number, or its action returns none"
        case .notifyWithoutListener: "seccomp action SCMP_ACT_NOTIFY without a listenerPath"
        case .tooLong(let count): "the seccomp filter has \(count) instructions, more than the kernel's 4096"
        }
    }
}
