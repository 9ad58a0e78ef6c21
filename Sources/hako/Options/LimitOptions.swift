import CommandLineTables
import Engine

/// Limits that a container may be given when it is made, and later.
enum LimitOptions {
    /// Those that `update` takes, as `run` has them.
    static var table: [Option] { ContainerOptions.limits.filter { names.contains($0.name) } }

    private static let names: Set<String> = [
        "blkio-weight", "cpu-period", "cpu-quota", "cpu-shares", "cpus", "cpuset-cpus", "cpuset-mems", "memory",
        "memory-reservation", "memory-swap", "pids-limit",
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
        resources.cpusetCPUs = arguments.value("cpuset-cpus") ?? ""
        resources.cpusetMems = arguments.value("cpuset-mems") ?? ""
        resources.pidsLimit = arguments.integer("pids-limit").map(Int64.init)
        resources.blkioWeight = Int64(arguments.integer("blkio-weight") ?? 0)
    }

    /// -1 is no limit.
    private static func memorySwap(_ text: String, _ arguments: ParsedArguments) throws -> Int64 {
        if text == "-1" { return -1 }
        do throws(OptionValueError) { return try OptionValue.bytes(text) } catch {
            throw arguments.invalid(text, for: "memory-swap", because: error.reason)
        }
    }
}
