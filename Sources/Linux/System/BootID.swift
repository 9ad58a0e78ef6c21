import Glibc

/// What tells this boot of the machine from every other.
public enum BootID {
    /// A UUID that the kernel makes anew at each boot. random(4). No process lives longer: it is read once.
    public static func current() throws(SystemCallError) -> String {
        if let known { return known }
        return try read()
    }

    /// Nil where it can't be read: the next look says why.
    private static let known = try? read()

    private static func read() throws(SystemCallError) -> String {
        let bytes = try FileDescriptor.contents(of: "/proc/sys/kernel/random/boot_id", limit: 4096)
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}

/// The time of day.
public enum RealTime {
    /// Nanoseconds since 1970, UTC. clock_gettime(2), CLOCK_REALTIME.
    public static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
