import Glibc

/// The steps of a command and how long each took, for `--timings`.
///
/// Every process of a command writes its own lines to one descriptor that they share, `HAKO_TIMINGS_FD`, opened for
/// appending: `program step start end` (a step is one word), in nanoseconds of CLOCK_MONOTONIC. Without that variable a span
/// costs one comparison.
public enum Timings {
    /// The environment variable that hands the descriptor on to the next program.
    public static let variable = "HAKO_TIMINGS_FD"

    /// The shared descriptor's number; negative where nobody asked. Read once: an environment does not change.
    public static let descriptor: CInt = getenv(variable).flatMap { CInt(String(cString: $0)) } ?? -1

    private static let program: String = CommandLine.arguments.first.map {
        String($0.split(separator: "/").last ?? "")
    } ?? ""

    /// Runs one step and writes down its time, also when it throws.
    @inline(__always)
    public static func span<Result: ~Copyable, Failure: Error>(
        _ step: StaticString, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard descriptor >= 0 else { return try body() }
        let start = monotonicNanoseconds()
        defer { write(step, from: start, to: monotonicNanoseconds()) }
        return try body()
    }

    /// For a step that does not fit a closure: its start from ``monotonicNanoseconds()``, its end now.
    public static func record(_ step: StaticString, since start: UInt64) {
        guard descriptor >= 0 else { return }
        write(step, from: start, to: monotonicNanoseconds())
    }

    public static func monotonicNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func write(_ step: StaticString, from start: UInt64, to end: UInt64) {
        var line = "\(program) \(step) \(start) \(end)\n"
        // One write: the lines of several processes must not mix. A lost line is no reason to fail.
        _ = line.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
