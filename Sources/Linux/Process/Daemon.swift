import CLinux

/// What goes on when nobody waits any more.
public enum Daemon {
    /// Lets whoever waits for this process see it end with `status`, at once, and goes on in another one: without a terminal, in a
    /// session of its own, with `/dev/null` as standard streams and without other descriptors that this program was given. As
    /// daemon(3), but without a copy of the memory, which neither has to pay for.
    ///
    /// Only for a process with one thread. Locks of fcntl(2) are not taken along: an open database is to be closed before.
    ///
    /// - Throws: ``SystemCallError`` where there can't be another process; then this one goes on, without its streams.
    public static func become(leaving status: CInt) throws(SystemCallError) {
        _ = try retryingInterrupts("clone", on: "this process") { hako_daemonize(status) }
    }
}
