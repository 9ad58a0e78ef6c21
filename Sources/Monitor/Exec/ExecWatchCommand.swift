import Glibc
import Linux
import MonitorProtocol
import OCI
import OCIRuntime

/// `hako-runtime watch-exec JOURNAL CONTAINER EXEC FILE RUNTIME ARGUMENTS...`: starts, by a runtime's `exec --detach`, a program
/// that nobody is connected to, and stays until its end, which the journal is told.
///
/// The runtime's arguments begin with its name and hold `--pid-file FILE.pid`; its descriptors are passed on. A byte on descriptor
/// 16 says that the program runs. FILE is there, and holds this process's number, until it ends.
public enum ExecWatchCommand {
    /// - Returns: The exit status: the runtime's where it could not start the program.
    public static func run(_ words: [String]) -> Int32 {
        guard words.count > 5 else {
            _ = try? StandardDescriptor.write(Array("hako-runtime watch-exec: too few words\n".utf8)[...], to: 2)
            return 125
        }
        SignalAction.ignore([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE])
        let (journal, container, exec, file) = (words[0], words[1], words[2], words[3])
        do throws(SystemCallError) {
            // The program's parent is a runtime that has ended.
            try ChildProcess.becomeSubreaper()
            let started = try start(words[4], Array(words[5...]))
            guard started == .exited(code: 0) else { return started.shellCode }
            let program = try adopt(file + ".pid")
            try FileDescriptor.open(file, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600).writeAll("\(getpid())")
            try answer()
            Memory.shrink()
            let status = try program.wait()
            // Whoever sees that it is gone finds its end told. The container may have ended with it, and its bundle be gone.
            defer { try? FileDescriptor.removeIfThere(file) }
            let end = JournalRecord(
                time: Clock.now(), id: container,
                event: .note(
                    type: "container", action: ExecNote.end,
                    attributes: ["execID": exec, "exitCode": String(status.shellCode)]))
            try FileDescriptor.open(journal, flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o600).writeAll(end.line)
            return 0
        } catch { return 125 }
    }

    private static func start(_ path: String, _ arguments: [String]) throws(SystemCallError) -> ExitStatus {
        var spawn = Spawn(path, arguments)
        for number in RuntimeCall.ownNumbers where fcntl(number, F_GETFD) >= 0 { spawn.pass(number: number) }
        return try spawn.start().wait()
    }

    private static func adopt(_ pidFile: String) throws(SystemCallError) -> ChildProcess {
        let digits = try FileDescriptor.contents(of: pidFile, limit: 32)
        try? FileDescriptor.removeIfThere(pidFile)
        guard let pid = CInt(String(decoding: digits, as: UTF8.self)) else {
            throw SystemCallError("read", on: pidFile, .invalidArgument)
        }
        return try ChildProcess(adopting: pid)
    }

    private static func answer() throws(SystemCallError) {
        try FileDescriptor(adopting: RuntimeCall.firstFreeNumber).writeAll([1])
    }
}
