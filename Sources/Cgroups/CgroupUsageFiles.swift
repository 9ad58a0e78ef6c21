import Glibc
import Linux

/// What a cgroup's processes have used, as few numbers. What isn't told is nil.
public struct CgroupUsage: Hashable, Sendable {
    /// In nanoseconds.
    public var processor: UInt64?
    /// In bytes, with caches.
    public var memory: UInt64?
    public var pids: UInt64?
    /// In microseconds: the totals of ``CgroupPressure/Resource/some``.
    public var processorPressure: UInt64?
    public var memoryPressure: UInt64?
    public var blockPressure: UInt64?
    /// In nanoseconds.
    public var throttled: UInt64?

    public init() {}
}

/// Open files of a cgroup, for who reads them again and again and should not be felt: nothing is allocated, and no path is looked
/// up. They keep no cgroup from being removed; then nothing is told any more.
public struct CgroupUsageFiles: ~Copyable, Sendable {
    private let isV1: Bool
    /// -1 for one that isn't there.
    private var processor: CInt = -1
    private var statistics: CInt = -1
    private var memory: CInt = -1
    private var pids: CInt = -1
    private var processorPressure: CInt = -1
    private var memoryPressure: CInt = -1
    private var blockPressure: CInt = -1

    init(v1 cgroup: CgroupV1) {
        isV1 = true
        processor = Self.open(cgroup.directory(of: "cpuacct"), "cpuacct.usage")
        statistics = Self.open(cgroup.directory(of: "cpu"), "cpu.stat")
        memory = Self.open(cgroup.directory(of: "memory"), "memory.usage_in_bytes")
        pids = Self.open(cgroup.directory(of: "pids"), "pids.current")
        openPressure(cgroup.unified)
    }

    init(v2 cgroup: CgroupV2) {
        isV1 = false
        statistics = Self.open(cgroup.directory, "cpu.stat")
        memory = Self.open(cgroup.directory, "memory.current")
        pids = Self.open(cgroup.directory, "pids.current")
        openPressure(cgroup.directory)
    }

    private mutating func openPressure(_ directory: CgroupDirectory?) {
        processorPressure = Self.open(directory, "cpu.pressure")
        memoryPressure = Self.open(directory, "memory.pressure")
        blockPressure = Self.open(directory, "io.pressure")
    }

    private static func open(_ directory: CgroupDirectory?, _ name: String) -> CInt {
        // What isn't there is not told.
        (try? directory?.open(name, flags: O_RDONLY).relinquish()) ?? -1
    }

    deinit {
        for number in [processor, statistics, memory, pids, processorPressure, memoryPressure, blockPressure] where number >= 0 {
            _ = FileDescriptor(adopting: number)
        }
    }

    /// - Parameter buffer: What is read into; a page is enough.
    public borrowing func read(_ buffer: inout [UInt8]) -> CgroupUsage {
        var usage = CgroupUsage()
        let count = Self.fill(&buffer, statistics)
        if isV1 {
            usage.throttled = Self.number(after: "throttled_time ", buffer[..<count])
            usage.processor = Self.number(&buffer, processor)
        } else {
            usage.throttled = Self.number(after: "throttled_usec ", buffer[..<count])?.thousands
            usage.processor = Self.number(after: "usage_usec ", buffer[..<count])?.thousands
        }
        usage.memory = Self.number(&buffer, memory)
        usage.pids = Self.number(&buffer, pids)
        // The first line is that of `some`.
        usage.processorPressure = Self.number(&buffer, processorPressure, after: "total=")
        usage.memoryPressure = Self.number(&buffer, memoryPressure, after: "total=")
        usage.blockPressure = Self.number(&buffer, blockPressure, after: "total=")
        return usage
    }

    private static func fill(_ buffer: inout [UInt8], _ number: CInt) -> Int {
        guard number >= 0 else { return 0 }
        // ENODEV: the cgroup is gone.
        return (try? FileDescriptor.readStart(number: number, into: &buffer)) ?? 0
    }

    private static func number(_ buffer: inout [UInt8], _ file: CInt, after name: StaticString = "") -> UInt64? {
        let count = fill(&buffer, file)
        return number(after: name, buffer[..<count])
    }

    private static func number(after name: StaticString, _ bytes: ArraySlice<UInt8>) -> UInt64? {
        var rest = bytes
        let name = name.description.utf8
        while !rest.isEmpty {
            guard rest.starts(with: name) else {
                rest = rest.dropFirst()
                continue
            }
            var value: UInt64?
            for byte in rest.dropFirst(name.count) {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { break }
                value = (value ?? 0) &* 10 &+ UInt64(byte - UInt8(ascii: "0"))
            }
            return value
        }
        return nil
    }
}

extension UInt64 {
    fileprivate var thousands: UInt64 { self &* 1000 }
}
