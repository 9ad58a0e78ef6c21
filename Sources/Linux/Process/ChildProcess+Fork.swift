import CLinux
import Glibc

extension ChildProcess {
    /// Runs `body` in a copy of this process, which ends with what it returns: what it allocates is gone with it.
    ///
    /// Only for a process with one thread: locks that another one holds would never be let go in the copy.
    public static func fork(_ body: () -> CInt) throws(SystemCallError) -> ChildProcess {
        var pidfd: CInt = -1
        let pid = try retryingInterrupts("fork", on: "this process") { hako_fork(&pidfd) }
        if pid == 0 { _exit(body()) }
        return ChildProcess(pid: pid, pidfd: FileDescriptor(adopting: pidfd))
    }
}
