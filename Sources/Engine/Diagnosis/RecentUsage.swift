import Linux
import Metadata
import MonitorProtocol

/// What a container has used in the last minute of its life, as its monitor noted it down.
public struct RecentUsage: Sendable {
    /// From one sample to the next.
    public struct Interval: Sendable {
        /// Nanoseconds since 1970.
        public var end: UInt64
        /// In percent of one processor; nil where that isn't told, as with the others.
        public var processor: Double?
        /// In bytes, with caches, at its end.
        public var memory: UInt64?
        public var pids: UInt64?
        /// Percentages of the time in which a process waited for it.
        public var processorPressure: Double?
        public var memoryPressure: Double?
        public var blockPressure: Double?
        /// Percentage of the time in which the processor quota held it up, of all its processors together.
        public var throttled: Double?
    }

    /// The oldest first; at least one.
    public let intervals: [Interval]

    private static let minute: UInt64 = 60_000_000_000

    /// - Parameter range: When the container ran, in nanoseconds since 1970.
    /// - Returns: Nil where there aren't two samples of it.
    init?(_ samples: [UsageSample], in range: ClosedRange<UInt64>) {
        let own = samples.filter { range.contains($0.time) }
        guard let last = own.last?.time else { return nil }
        let recent = own.filter { $0.time + Self.minute + 2_500_000_000 >= last }
        intervals = zip(recent, recent.dropFirst()).map { Interval(from: $0, to: $1) }
        if intervals.isEmpty { return nil }
    }

    /// In seconds.
    public var duration: Double {
        Double(intervals.count) * Double(UsageRing.intervalMilliseconds) / 1000
    }
}

extension RecentUsage.Interval {
    init(from before: UsageSample, to now: UsageSample) {
        let nanoseconds = Double(max(now.time &- before.time, 1))
        // A counter that went back is another's.
        func share(_ counter: KeyPath<UsageSample, UInt64>, unit: Double) -> Double? {
            let (first, second) = (before[keyPath: counter], now[keyPath: counter])
            guard first != UsageSample.unknown, second != UsageSample.unknown, second >= first else { return nil }
            return Double(second - first) * unit / nanoseconds * 100
        }
        func known(_ value: UInt64) -> UInt64? { value == UsageSample.unknown ? nil : value }
        end = now.time
        processor = share(\.processor, unit: 1)
        memory = known(now.memory)
        pids = known(now.pids)
        processorPressure = share(\.processorPressure, unit: 1000)
        memoryPressure = share(\.memoryPressure, unit: 1000)
        blockPressure = share(\.blockPressure, unit: 1000)
        throttled = share(\.throttled, unit: 1)
    }
}

extension Engine {
    /// Nil where the container has not run for ten seconds, or nobody has noted anything down.
    func recentUsage(of record: ContainerRecord) -> RecentUsage? {
        guard let started = record.state.started else { return nil }
        let end = record.state.isUp ? .max : UInt64(clamping: record.state.finished ?? .max)
        let start = UInt64(clamping: started)
        guard start <= end else { return nil }
        return RecentUsage(usageSamples(of: record), in: start...end)
    }

    /// What a container's monitor has noted down, also of an earlier run; the oldest first.
    func usageSamples(of record: ContainerRecord) -> [UsageSample] {
        let path = "\(runtimePaths.directory(record.id))/\(UsageRing.file)"
        // Nothing is noted down in the first seconds.
        return (try? FileDescriptor.contents(of: path, limit: 64 << 10)).map(UsageRing.samples) ?? []
    }
}
