import Glibc

/// Signals by name, as signal(7) has them for this architecture.
public enum Signals {
    private static let names: [(String, CInt)] = [
        ("HUP", SIGHUP), ("INT", SIGINT), ("QUIT", SIGQUIT), ("ILL", SIGILL), ("TRAP", SIGTRAP), ("ABRT", SIGABRT),
        ("BUS", SIGBUS), ("FPE", SIGFPE), ("KILL", SIGKILL), ("USR1", SIGUSR1), ("SEGV", SIGSEGV), ("USR2", SIGUSR2),
        ("PIPE", SIGPIPE), ("ALRM", SIGALRM), ("TERM", SIGTERM), ("STKFLT", 16), ("CHLD", SIGCHLD), ("CONT", SIGCONT),
        ("STOP", SIGSTOP), ("TSTP", SIGTSTP), ("TTIN", SIGTTIN), ("TTOU", SIGTTOU), ("URG", SIGURG), ("XCPU", SIGXCPU),
        ("XFSZ", SIGXFSZ), ("VTALRM", SIGVTALRM), ("PROF", SIGPROF), ("WINCH", SIGWINCH), ("IO", SIGIO), ("POLL", SIGIO),
        ("PWR", SIGPWR), ("SYS", SIGSYS), ("IOT", SIGABRT), ("CLD", SIGCHLD),
    ]

    /// `SIGTERM`; one of real time by its number.
    public static func name(of number: CInt) -> String {
        names.first { $0.1 == number }.map { "SIG" + $0.0 } ?? "signal \(number)"
    }

    /// Of `TERM`, `SIGTERM`, `15`, `RTMIN+3` or `RTMAX-1`, in any case; nil for no signal.
    public static func number(of text: String) -> CInt? {
        if let number = CInt(text) { return (1...64).contains(number) ? number : nil }
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name.removeFirst(3) }
        if let known = names.first(where: { $0.0 == name }) { return known.1 }
        // glibc keeps 32 and 33 to itself: SIGRTMIN is 34 (signal(7)).
        for (base, start, sign) in [("RTMIN", CInt(34), "+"), ("RTMAX", CInt(64), "-")] where name.hasPrefix(base) {
            let rest = name.dropFirst(base.count)
            if rest.isEmpty { return start }
            guard rest.hasPrefix(sign), let offset = CInt(rest.dropFirst()), (0...30).contains(offset) else { return nil }
            return sign == "+" ? start + offset : start - offset
        }
        return nil
    }
}
