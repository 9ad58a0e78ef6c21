import CLinux
import Glibc

/// A clock that becomes readable when its time has come. timerfd_create(2), CLOCK_MONOTONIC.
public struct Timer: ~Copyable, Sendable {
    public let descriptor: FileDescriptor

    public init() throws(SystemCallError) {
        descriptor = FileDescriptor(
            adopting: try retryingInterrupts("timerfd_create", on: "a timer") { hako_timerfd_create() })
    }

    /// Fires once, `milliseconds` from now; 0 stops it. An earlier time no longer holds, also one that has come.
    public borrowing func set(milliseconds: Int64) throws(SystemCallError) {
        let number = descriptor.number
        let nanoseconds = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        _ = try retryingInterrupts("timerfd_settime", on: "descriptor \(number)") {
            hako_timerfd_set(number, nanoseconds.overflow ? .max : nanoseconds.partialValue)
        }
    }
}
