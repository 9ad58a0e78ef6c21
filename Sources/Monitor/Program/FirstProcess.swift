import Glibc
import Linux

/// The first process of a container: a child of this one, or, taken over from a monitor that was killed, somebody else's.
struct FirstProcess: ~Copyable {
    private let process: ChildProcess
    private let isChild: Bool

    /// - Parameter pid: Of a child that this process has not reaped.
    init(child pid: CInt) throws(SystemCallError) {
        process = try ChildProcess(adopting: pid)
        isChild = true
    }

    /// - Parameter pidfd: Held since it ran: only of such a process the kernel keeps how it ended.
    init(stranger pid: CInt, pidfd: consuming FileDescriptor) {
        process = ChildProcess(pid: pid, pidfd: pidfd)
        isChild = false
    }

    var pid: CInt { process.pid }
    /// Of its pidfd, which is readable once it has ended.
    var number: CInt { process.pidfd.number }

    borrowing func send(signal: CInt) throws(SystemCallError) { try process.send(signal: signal) }

    /// How it ended, if it has; a child is reaped.
    ///
    /// - Throws: Where nobody tells: of a stranger that was reaped, Linux does since 6.15.
    borrowing func statusIfEnded() throws(SystemCallError) -> ExitStatus? {
        if isChild { return try process.statusIfEnded() }
        return try hasEnded(withinMilliseconds: 0) ? try statusOfEnded() : nil
    }

    borrowing func waitForEnd() throws(SystemCallError) {
        if isChild { _ = try process.wait() } else { _ = try hasEnded(withinMilliseconds: nil) }
    }

    private borrowing func hasEnded(withinMilliseconds limit: CInt?) throws(SystemCallError) -> Bool {
        var entries = [PollEntry(number, .readable)]
        return try PollEntry.wait(&entries, timeoutMilliseconds: limit) > 0
    }

    /// Its new parent may reap it at any moment: before, it is a zombie that shows its status, and after, the pidfd does.
    private borrowing func statusOfEnded() throws(SystemCallError) -> ExitStatus {
        for _ in 0..<1000 {
            if let status = statusOfZombie() { return status }
            do throws(SystemCallError) {
                if let status = try ProcessHandle.exitStatus(of: process.pidfd) { return status }
            } catch { guard error.errno == .noSuchProcess else { throw error } }
            Clock.pause()
        }
        throw SystemCallError("ioctl", on: "PIDFD_GET_INFO", .noSuchProcess)
    }

    /// The last field, the 52nd. proc_pid_stat(5).
    private borrowing func statusOfZombie() -> ExitStatus? {
        guard let fields = try? ProcessStat.fields(of: Int64(pid)), fields.count > 49,
            fields[0].elementsEqual([UInt8(ascii: "Z")]), let status = CInt(String(decoding: fields[49], as: UTF8.self)),
            // It still has its number: what was read is not another's.
            (try? ProcessHandle.send(0, to: process.pidfd)) != nil
        else { return nil }
        return ExitStatus(waitStatus: status)
    }
}

extension Optional where Wrapped == FirstProcess {
    /// -1 where there is none.
    var pid: CInt {
        switch self {
        case .some(let process): process.pid
        case .none: -1
        }
    }

    func statusIfEnded() throws(SystemCallError) -> ExitStatus? {
        switch self {
        case .some(let process): try process.statusIfEnded()
        case .none: nil
        }
    }

    func kill() {
        switch self {
        case .some(let process):
            // It can only fail for a process that has ended.
            try? process.send(signal: SIGKILL)
        case .none: break
        }
    }

    func waitForEnd() {
        switch self {
        case .some(let process): try? process.waitForEnd()
        case .none: break
        }
    }
}
