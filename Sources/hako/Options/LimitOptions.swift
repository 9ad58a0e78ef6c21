import CommandLineTables
import Engine

/// Limits that a container may be given when it is made, and later.
enum LimitOptions {
    /// Those that `update` takes, as `run` has them.
    static var table: [Option] { ContainerOptions.limits.filter { names.contains($0.name) } }

    private static let names: Set<String> = [
        "blkio-weight", "cpu-period", "cpu-quota", "cpu-rt-period", "cpu-rt-runtime", "cpu-shares", "cpus", "cpuset-cpus", "cpuset-mems", "memory",
        "memory-reservation", "memory-swap", "pids-limit", "device-read-bps", "device-read-iops", "device-write-bps", "device-write-iops",
    ]

    static func isGiven(_ arguments: ParsedArguments) -> Bool { names.contains { arguments.isGiven($0) } }

    static func fill(_ resources: inout Resources, _ arguments: ParsedArguments) throws {
        resources.memory = arguments.bytes("memory") ?? 0
        resources.memoryReservation = arguments.bytes("memory-reservation") ?? 0
        if let swap = arguments.value("memory-swap") { resources.memorySwap = try memorySwap(swap, arguments) }
        resources.nanoCPUs = arguments.billionths("cpus") ?? 0
        resources.cpuShares = Int64(arguments.integer("cpu-shares") ?? 0)
        resources.cpuPeriod = Int64(arguments.integer("cpu-period") ?? 0)
        resources.cpuQuota = Int64(arguments.integer("cpu-quota") ?? 0)
        resources.cpuRealtimePeriod = Int64(arguments.integer("cpu-rt-period") ?? 0)
        resources.cpuRealtimeRuntime = Int64(arguments.integer("cpu-rt-runtime") ?? 0)
        resources.cpusetCPUs = arguments.value("cpuset-cpus") ?? ""
        resources.cpusetMems = arguments.value("cpuset-mems") ?? ""
        resources.pidsLimit = arguments.integer("pids-limit").map(Int64.init)
        resources.blkioWeight = Int64(arguments.integer("blkio-weight") ?? 0)
    }

    /// Rates of block devices.
    ///
    /// - Parameter takesZero: Whether 0 takes a rate away.
    static func fillRates(_ resources: inout Resources, _ arguments: ParsedArguments, takesZero: Bool = false) throws {
        resources.readBps = try rates(arguments, "device-read-bps", takesZero: takesZero, OptionValue.bytes)
        resources.writeBps = try rates(arguments, "device-write-bps", takesZero: takesZero, OptionValue.bytes)
        resources.readIOps = try rates(arguments, "device-read-iops", takesZero: takesZero, count)
        resources.writeIOps = try rates(arguments, "device-write-iops", takesZero: takesZero, count)
    }

    private static func count(_ text: String) throws(OptionValueError) -> Int64 {
        Int64(try OptionValue.integer(text))
    }

    private static func value(
        _ text: String, _ option: String, _ arguments: ParsedArguments,
        _ parse: (String) throws(OptionValueError) -> Int64
    ) throws -> Int64 {
        do throws(OptionValueError) {
            return try parse(text)
        } catch { throw arguments.invalid(text, for: option, because: error.reason) }
    }

    /// `/dev/sda:1mb`
    private static func rates(
        _ arguments: ParsedArguments, _ option: String, takesZero: Bool,
        _ parse: (String) throws(OptionValueError) -> Int64
    ) throws -> [DeviceRate] {
        try arguments.values(option).map { text in
            guard let colon = text.lastIndex(of: ":"), text.hasPrefix("/dev/") else {
                throw arguments.invalid(text, for: option, because: "expected /dev/NAME:RATE")
            }
            let rate = try value(String(text[text.index(after: colon)...]), option, arguments, parse)
            guard rate > 0 || (rate == 0 && takesZero) else {
                throw arguments.invalid(text, for: option, because: "the rate must be positive")
            }
            return DeviceRate(path: String(text[..<colon]), rate: rate)
        }
    }

    /// -1 is no limit.
    static func memorySwap(_ text: String, _ arguments: ParsedArguments) throws -> Int64 {
        if text == "-1" { return -1 }
        do throws(OptionValueError) { return try OptionValue.bytes(text) } catch {
            throw arguments.invalid(text, for: "memory-swap", because: error.reason)
        }
    }
}
