/// What a container has used up to a moment, as its monitor notes it down every few seconds.
public struct UsageSample: Hashable, Sendable {
    /// Nanoseconds since 1970.
    public var time: UInt64 = 0
    /// Nanoseconds on all processors together.
    public var processor: UInt64 = UsageSample.unknown
    /// In bytes, with caches.
    public var memory: UInt64 = UsageSample.unknown
    public var pids: UInt64 = UsageSample.unknown
    /// Microseconds in which a process waited for it (pressure, `some`).
    public var processorPressure: UInt64 = UsageSample.unknown
    public var memoryPressure: UInt64 = UsageSample.unknown
    public var blockPressure: UInt64 = UsageSample.unknown
    /// Nanoseconds in which its quota of processor time held it up.
    public var throttled: UInt64 = UsageSample.unknown

    /// What the host's cgroups don't tell.
    public static let unknown = UInt64.max

    public init() {}
}

/// The file of a container's last samples: `usage` in its directory. Its size never changes.
///
/// 64 bytes of head: `HAKOUSE1`, the size of a sample and their number (4 bytes each), zeros; then ``count`` places of ``size``
/// bytes, each a sample of eight numbers in the order of ``UsageSample``, 8 bytes each. All numbers are little-endian. The oldest
/// sample is overwritten by the next; a place with the time 0 has none yet. A run of a container begins the file anew;
/// a monitor that takes it over goes on in it.
public enum UsageRing {
    public static let file = "usage"
    /// From one sample to the next, and from the start to the first.
    public static let intervalMilliseconds: UInt64 = 5000
    /// More than a minute's.
    public static let count = 16
    public static let size = 64

    private static let magic = Array("HAKOUSE1".utf8)

    public static var head: [UInt8] {
        let numbers = [UInt32(size), UInt32(count)].flatMap { number in
            [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: number >> $0) }
        }
        let bytes = magic + numbers
        return bytes + [UInt8](repeating: 0, count: size - bytes.count)
    }

    /// The number of the place where the next sample belongs: that of the oldest one. 0 for a file that isn't one.
    public static func next(in bytes: [UInt8]) -> Int {
        guard bytes.starts(with: head) else { return 0 }
        let times = stride(from: size, through: size * count, by: size).map { start in
            start + size <= bytes.count ? sample(bytes[start..<start + size]).time : 0
        }
        return times.indices.min { times[$0] < times[$1] } ?? 0
    }

    /// Where the sample with this number, counted from 0 on, stands.
    public static func offset(of number: Int) -> Int64 { Int64(size * (1 + number % count)) }

    /// Writes a sample to the beginning of a buffer.
    public static func encode(_ sample: UsageSample, into buffer: inout [UInt8]) {
        put(sample.time, 0, &buffer)
        put(sample.processor, 1, &buffer)
        put(sample.memory, 2, &buffer)
        put(sample.pids, 3, &buffer)
        put(sample.processorPressure, 4, &buffer)
        put(sample.memoryPressure, 5, &buffer)
        put(sample.blockPressure, 6, &buffer)
        put(sample.throttled, 7, &buffer)
    }

    private static func put(_ number: UInt64, _ place: Int, _ buffer: inout [UInt8]) {
        for byte in 0..<8 { buffer[place * 8 + byte] = UInt8(truncatingIfNeeded: number >> UInt64(byte * 8)) }
    }

    /// The samples of a file, the oldest first. A file that isn't one, or is cut, has those that are whole.
    public static func samples(in bytes: [UInt8]) -> [UsageSample] {
        guard bytes.starts(with: head) else { return [] }
        return stride(from: size, through: min(bytes.count, size * (count + 1)) - size, by: size).map { start in
            sample(bytes[start..<start + size])
        }.filter { $0.time > 0 }.sorted { $0.time < $1.time }
    }

    private static func sample(_ bytes: ArraySlice<UInt8>) -> UsageSample {
        var sample = UsageSample()
        (sample.time, sample.processor) = (number(0, bytes), number(1, bytes))
        (sample.memory, sample.pids) = (number(2, bytes), number(3, bytes))
        (sample.processorPressure, sample.memoryPressure) = (number(4, bytes), number(5, bytes))
        (sample.blockPressure, sample.throttled) = (number(6, bytes), number(7, bytes))
        return sample
    }

    private static func number(_ place: Int, _ bytes: ArraySlice<UInt8>) -> UInt64 {
        var value: UInt64 = 0
        for byte in 0..<8 { value |= UInt64(bytes[bytes.startIndex + place * 8 + byte]) << UInt64(byte * 8) }
        return value
    }
}
