import Cgroups
import Linux
import Metadata
import MonitorProtocol

/// What a container has used up to a moment.
public struct ContainerUsage: Sendable {
    public let id: String
    public let name: String
    /// In percent of one processor, since the ``UsageMeter`` looked before; 0 at its first look.
    public internal(set) var processorShare: Double
    /// Without anything where the container doesn't run.
    public let used: CgroupStatistics
    /// Nil where it wasn't asked for, or the kernel doesn't tell.
    public let pressure: CgroupPressure?
    /// Bytes that came in and went out by its own network.
    public let received: UInt64
    public let sent: UInt64
    /// What it may have at most, in bytes: its own limit, or all that the host has.
    public let memoryLimit: UInt64

    /// In bytes, without what the kernel would drop first, as Docker counts.
    public var memory: UInt64 {
        guard let memory = used.memory else { return 0 }
        return memory.usage > memory.inactiveFile ? memory.usage - memory.inactiveFile : memory.usage
    }
}

/// Looks at what containers use, again and again. Where a container's cgroup is, is found out once.
public final class UsageMeter {
    /// Long enough to count what a processor does in it (the kernel counts at each of its ticks, 1 to 10 ms), and short enough to
    /// wait for.
    public static let leastNanoseconds: UInt64 = 60_000_000

    private let engine: Engine
    private let withPressure: Bool
    private let hostMemory = UInt64(clamping: HostInfo.memory)
    private var cgroups: [String: any Cgroup] = [:]
    private var marks: [String: ProcessorMark] = [:]

    /// - Parameter withPressure: Whether ``ContainerUsage/pressure`` is wanted: three files more for each.
    public init(_ engine: Engine, withPressure: Bool) {
        self.engine = engine
        self.withPressure = withPressure
    }

    /// Begins to measure what the containers use of the processors: some seconds ago, as their monitors have noted down what they
    /// had used then, or now.
    ///
    /// - Returns: Whether it has begun some time ago for all: then there is nothing to wait for.
    public func begin(_ records: [ContainerRecord]) -> Bool {
        var isLongAgo = true
        for record in records where record.state.hasProcess {
            let noted = engine.processorMark(of: record)
            if noted == nil { isLongAgo = false }
            marks[record.id] = noted ?? mark(record)
        }
        return isLongAgo
    }

    /// What these containers have used; one that doesn't run, or ends meanwhile, has used nothing.
    ///
    /// The processors come last, all containers' close together: before that, there is time for `rest`.
    public func usage(of records: [ContainerRecord], rest: () -> Void) -> [ContainerUsage] {
        var usages = records.map(usage)
        rest()
        for index in usages.indices {
            let id = usages[index].id
            let now = mark(records[index])
            if let now, let before = marks[id], now.time > before.time, now.processor > before.processor {
                usages[index].processorShare = Double(now.processor - before.processor) / Double(now.time - before.time) * 100
            }
            marks[id] = now
        }
        return usages
    }

    private func mark(_ record: ContainerRecord) -> ProcessorMark? {
        guard let cgroup = cgroup(of: record), let processor = try? cgroup.processorTime() else { return nil }
        return ProcessorMark(time: Timings.monotonicNanoseconds(), processor: processor)
    }

    private func usage(_ record: ContainerRecord) -> ContainerUsage {
        let cgroup = cgroup(of: record)
        // A cgroup that is gone is a container that has ended since.
        let used = cgroup.flatMap { try? $0.statistics(isBrief: !withPressure) } ?? CgroupStatistics()
        var traffic = NetworkCounters()
        if cgroup != nil, record.networkMode != "host" { traffic = NetworkCounters(of: record.state.pid) }
        return ContainerUsage(
            id: record.id, name: record.name, processorShare: 0, used: used,
            pressure: withPressure ? cgroup.flatMap { $0.pressure() } : nil, received: traffic.received, sent: traffic.sent,
            memoryLimit: cgroup == nil ? 0 : min(used.memory?.limit ?? hostMemory, hostMemory))
    }

    /// Nil for a container that doesn't run.
    private func cgroup(of record: ContainerRecord) -> (any Cgroup)? {
        guard record.state.hasProcess else { return nil }
        if let known = cgroups[record.id] { return known }
        let found = try? engine.cgroup(of: record)
        cgroups[record.id] = found
        return found
    }
}

/// Processor time of a container up to a moment of the clock that only goes forward, both in nanoseconds.
struct ProcessorMark {
    let time: UInt64
    let processor: UInt64
}

extension Engine {
    /// In nanoseconds. What was less long ago tells little about a container that works now and then.
    private static let shortTime: UInt64 = 500_000_000
    /// Longer than from one sample to the next: of a monitor that was killed, or of before the clock was set.
    private static let longTime: UInt64 = 10_000_000_000

    /// What a container had used of the processors half a second to some seconds ago: as its monitor has noted it down, or nothing,
    /// at its start, which may be as short a time ago as one would wait. Nil where neither is so.
    func processorMark(of record: ContainerRecord) -> ProcessorMark? {
        guard let started = record.state.started.map(UInt64.init(clamping:)) else { return nil }
        let (now, clock) = (UInt64(clamping: RealTime.now), Timings.monotonicNanoseconds())
        func isUsable(_ time: UInt64, after least: UInt64) -> Bool { time &+ least <= now && now &- time <= Self.longTime }
        var (time, processor): (UInt64, UInt64) = (started, 0)
        // The newest is the last.
        for sample in usageSamples(of: record)
        where sample.time > time && isUsable(sample.time, after: Self.shortTime) && sample.processor != UsageSample.unknown {
            (time, processor) = (sample.time, sample.processor)
        }
        guard isUsable(time, after: UsageMeter.leastNanoseconds) else { return nil }
        return ProcessorMark(time: clock - (now - time), processor: processor)
    }
}

/// Of all links of a network namespace but the loopback. proc_pid_net(5), `dev`.
struct NetworkCounters {
    var received: UInt64 = 0
    var sent: UInt64 = 0

    init() {}

    /// - Parameter pid: Of a process in it. One that is gone has sent nothing.
    init(of pid: Int64) {
        self.init(text: (try? FileDescriptor.contents(of: "/proc/\(pid)/net/dev", limit: 1 << 20)) ?? [])
    }

    /// `eth0: 1156 14 0 0 0 0 0 0 936 11 0 …`, below two lines of heads: the first and the ninth number are bytes.
    init(text: [UInt8]) {
        for line in text.split(separator: UInt8(ascii: "\n")).dropFirst(2) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = line[..<colon].drop { $0 == UInt8(ascii: " ") }
            guard !name.elementsEqual("lo".utf8) else { continue }
            let numbers = line[line.index(after: colon)...].split(separator: UInt8(ascii: " ")).map {
                UInt64(String(decoding: $0, as: UTF8.self)) ?? 0
            }
            guard numbers.count >= 9 else { continue }
            received &+= numbers[0]
            sent &+= numbers[8]
        }
    }
}
