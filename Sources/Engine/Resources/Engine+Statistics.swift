import Cgroups
import Linux
import Metadata

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
    /// Processor time up to a moment, both in nanoseconds.
    private struct Mark {
        let time: UInt64
        let processor: UInt64
    }

    private let engine: Engine
    private let withPressure: Bool
    private var cgroups: [String: any Cgroup] = [:]
    private var marks: [String: Mark] = [:]

    /// - Parameter withPressure: Whether ``ContainerUsage/pressure`` is wanted: three files more for each.
    public init(_ engine: Engine, withPressure: Bool) {
        self.engine = engine
        self.withPressure = withPressure
    }

    /// Begins to measure what the containers use of the processors.
    public func begin(_ records: [ContainerRecord]) {
        for record in records { marks[record.id] = mark(record) }
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

    private func mark(_ record: ContainerRecord) -> Mark? {
        guard let cgroup = cgroup(of: record), let processor = try? cgroup.processorTime() else { return nil }
        return Mark(time: Timings.monotonicNanoseconds(), processor: processor)
    }

    private func usage(_ record: ContainerRecord) -> ContainerUsage {
        let hostMemory = UInt64(clamping: HostInfo.memory)
        let cgroup = cgroup(of: record)
        // A cgroup that is gone is a container that has ended since.
        let used = cgroup.flatMap { try? $0.statistics() } ?? CgroupStatistics()
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
