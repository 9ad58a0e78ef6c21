import Cgroups
import Linux
import Metadata

/// What a container has used up to a moment. Two of them tell what it uses.
public struct ContainerSample: Sendable {
    public let id: String
    public let name: String
    /// On the clock that only goes forward, in nanoseconds.
    public let time: UInt64
    /// Without anything where the container doesn't run.
    public let used: CgroupStatistics
    /// Bytes that came in and went out by its own network.
    public let received: UInt64
    public let sent: UInt64
    /// What it may have at most, in bytes: its own limit, or all that the host has.
    public let memoryLimit: UInt64

    /// In percent of one processor, since an earlier sample.
    public func processorUse(since earlier: ContainerSample) -> Double {
        guard let now = used.cpu?.total, let before = earlier.used.cpu?.total, now > before, time > earlier.time else { return 0 }
        return Double(now - before) / Double(time - earlier.time) * 100
    }

    /// In bytes, without what the kernel would drop first, as Docker counts.
    public var memory: UInt64 {
        guard let memory = used.memory else { return 0 }
        return memory.usage > memory.inactiveFile ? memory.usage - memory.inactiveFile : memory.usage
    }
}

extension Engine {
    /// What these containers have used so far; one that doesn't run, or ends meanwhile, has used nothing.
    public func samples(of records: [ContainerRecord]) -> [ContainerSample] { records.map(sample) }

    private func sample(_ record: ContainerRecord) -> ContainerSample {
        let time = Timings.monotonicNanoseconds()
        let hostMemory = UInt64(clamping: HostInfo.memory)
        var used = CgroupStatistics()
        var traffic = NetworkCounters()
        if record.state.hasProcess {
            // A cgroup that is gone is a container that has ended since.
            used = (try? onCgroup(of: record, "read what the container uses") { cgroup throws(CgroupError) in
                try cgroup.statistics()
            }) ?? used
            if record.networkMode != "host" { traffic = NetworkCounters(of: record.state.pid) }
        }
        let limit = record.state.hasProcess ? min(used.memory?.limit ?? hostMemory, hostMemory) : 0
        return ContainerSample(
            id: record.id, name: record.name, time: time, used: used, received: traffic.received, sent: traffic.sent,
            memoryLimit: limit)
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
