import CLinux
import Glibc

/// Signals as something to read instead of something that interrupts. signalfd(2).
///
/// The signals are blocked in this thread from then on; a program started by ``Spawn`` has none blocked.
public struct SignalDescriptor: ~Copyable, Sendable {
    /// Readable when a signal waits.
    public let descriptor: FileDescriptor

    /// - Parameter signals: Numbers from 1 to 64; SIGKILL and SIGSTOP can't be had.
    public init(_ signals: [CInt]) throws(SystemCallError) {
        let mask = signals.reduce(0 as UInt64) { (1...64).contains($1) ? $0 | 1 << UInt64($1 - 1) : $0 }
        descriptor = FileDescriptor(
            adopting: try retryingInterrupts("signalfd", on: "\(signals.count) signals") { hako_signalfd(mask) })
    }

    /// The next signal that waits, nil if none does. Several of the same kind may have become one (signal(7)).
    public borrowing func next() throws(SystemCallError) -> CInt? {
        let number = descriptor.number
        let signal = hako_signalfd_read(number)
        if signal == -EAGAIN { return nil }
        guard signal >= 0 else { throw SystemCallError("read", on: "signal descriptor \(number)", result: signal) }
        return signal
    }
}

/// What this process does with signals of its own.
public enum SignalAction {
    /// Lets signals pass by unseen; programs started by ``Spawn`` have the default action again.
    public static func ignore(_ signals: [CInt]) { for number in signals { _ = signal(number, SIG_IGN) } }

    /// Calls `body` with these signals kept waiting until it is done: what it begins and takes back is not left half-done by one.
    public static func holding<Result, Failure: Error>(
        _ signals: [CInt], _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var (held, before) = (sigset_t(), sigset_t())
        sigemptyset(&held)
        for number in signals { sigaddset(&held, number) }
        pthread_sigmask(SIG_BLOCK, &held, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        return try body()
    }

    /// Calls `body` with no signal blocked in this thread: one that waits comes now. pthread_sigmask(3).
    public static func lettingThrough<Result>(_ body: () throws -> Result) rethrows -> Result {
        var (none, before) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        return try body()
    }
}
