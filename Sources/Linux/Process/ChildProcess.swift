import CLinux
import Glibc

/// How a process ended.
public enum ExitStatus: Hashable, Sendable {
    case exited(code: CInt)
    case killed(signal: CInt, dumpedCore: Bool)

    /// As wait(2) encodes it.
    public init(waitStatus status: CInt) {
        let signal = status & 0x7F
        self = signal == 0 ? .exited(code: status >> 8 & 0xFF) : .killed(signal: signal, dumpedCore: status & 0x80 != 0)
    }

    /// As a shell tells it: the exit code, or 128 + the signal.
    public var shellCode: CInt {
        switch self {
        case .exited(let code): code
        case .killed(let signal, _): 128 + signal
        }
    }
}

/// A child of this process, held by a pidfd: what is waited for is this child, whoever has its number later.
@frozen public struct ChildProcess: ~Copyable, Sendable {
    /// For messages and for what is written down.
    public let pid: CInt
    /// Readable once the child has ended. pidfd_open(2).
    public let pidfd: FileDescriptor

    public init(pid: CInt, pidfd: consuming FileDescriptor) {
        self.pid = pid
        self.pidfd = pidfd
    }

    /// Takes hold of a child by its number. Only safe for a child that this process has not reaped: until then, nobody
    /// else gets the number. For any other process the caller must check afterwards that it is the one that was meant.
    public init(adopting pid: CInt) throws(SystemCallError) {
        let pidfd = try retryingInterrupts("pidfd_open", on: "process \(pid)") { hako_pidfd_open(pid) }
        self.init(pid: pid, pidfd: FileDescriptor(adopting: pidfd))
    }

    /// Waits until the child ends, and reaps it.
    ///
    /// - Throws: `ECHILD` if it was reaped before.
    public borrowing func wait() throws(SystemCallError) -> ExitStatus {
        while true { if let status = try waitid(blocking: true) { return status } }
    }

    /// The child's status if it has ended, which reaps it; nil while it runs.
    public borrowing func statusIfEnded() throws(SystemCallError) -> ExitStatus? { try waitid(blocking: false) }

    /// Sends it a signal; one that has ended, reaped or not, is no error. pidfd_send_signal(2).
    public borrowing func send(signal: CInt) throws(SystemCallError) {
        let result = hako_pidfd_send_signal(pidfd.number, signal)
        guard result == 0 || result == -ESRCH else {
            throw SystemCallError("pidfd_send_signal", on: "process \(pid)", result: result)
        }
    }

    private borrowing func waitid(blocking: Bool) throws(SystemCallError) -> ExitStatus? {
        var (code, status): (CInt, CInt) = (0, 0)
        let number = pidfd.number
        let ended = try retryingInterrupts("waitid", on: "process \(pid)") {
            hako_wait_pidfd(number, blocking ? 1 : 0, &code, &status)
        }
        guard ended != 0 else { return nil }
        return code == CLD_EXITED ? .exited(code: status) : .killed(signal: status, dumpedCore: code == CLD_DUMPED)
    }

    /// Makes this process the new parent of orphans among its descendants, whose exit it can then wait for.
    public static func becomeSubreaper() throws(SystemCallError) {
        _ = try retryingInterrupts("prctl", on: "PR_SET_CHILD_SUBREAPER") { hako_become_subreaper() }
    }

    /// Reaps a child that nobody waits for: what a subreaper inherits. Returns its pid, or nil when there is none.
    ///
    /// - Parameter pids: Children that are left alone, also if they have ended; -1 is none. While one of them is the first in
    ///   line, others may wait behind it.
    public static func reapAny(except pids: [CInt]) throws(SystemCallError) -> CInt? {
        let reaped = try retryingInterrupts("waitid", on: "any child") { hako_reap_any(pids, CInt(pids.count)) }
        return reaped == 0 ? nil : reaped
    }
}
