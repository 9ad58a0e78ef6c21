/// Tells whether a container writes little and often: then what it writes in a millisecond is better read at once. A web server
/// that logs each request gives a tenth of its processor to waking us else. The log and whoever is attached have it that much
/// later; one that writes much is read as fast as it goes.
struct OutputPace {
    /// In nanoseconds. Longer than a pause, which is none of the container's.
    private static let shortTime: UInt64 = 2_000_000
    private static let fewBytes = 4096
    /// So many reads in a row, that a command which prints a few lines and ends is not held up.
    private static let streak = 16

    private var last: UInt64 = 0
    private var hurried = 0

    /// Notes a read.
    ///
    /// - Parameters:
    ///   - count: How many bytes there were.
    ///   - now: In nanoseconds, on a clock that only goes forward.
    /// - Returns: Whether to pause before the next.
    mutating func note(_ count: Int, at now: UInt64) -> Bool {
        let isHurried = count < Self.fewBytes && now &- last < Self.shortTime
        hurried = isHurried ? hurried + 1 : 0
        last = now
        return hurried >= Self.streak
    }
}
