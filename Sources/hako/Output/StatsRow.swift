import Engine
import GoTemplate
import OCI

/// A container as `stats` shows it, and as its templates see it.
struct StatsRow: Formattable {
    let id: String
    let name: String
    /// As the user named it, or its id.
    let asked: String
    let cpu: String
    let memory: String
    let memoryShare: String
    let network: String
    let block: String
    let pids: String
    /// Shares of the last ten seconds in which a process waited for it.
    let cpuPressure: String
    let memoryPressure: String
    let blockPressure: String
    /// In how many periods its quota was used up, and how long it stood still for that.
    let throttled: String

    init(_ now: ContainerUsage, asked: String?, isTruncated: Bool) {
        id = isTruncated ? String(now.id.prefix(12)) : now.id
        name = now.name
        self.asked = asked ?? id
        cpu = Units.fixed(now.processorShare, places: 2) + "%"
        let limit = now.memoryLimit
        memory = "\(Units.binarySize(Int64(clamping: now.memory))) / \(Units.binarySize(Int64(clamping: limit)))"
        memoryShare = Units.fixed(limit == 0 ? 0 : Double(now.memory) / Double(limit) * 100, places: 2) + "%"
        network = Self.pair(now.received, now.sent)
        let devices = now.used.devices ?? []
        block = Self.pair(
            devices.reduce(0) { $0 &+ $1.readBytes }, devices.reduce(0) { $0 &+ $1.writtenBytes })
        pids = String(now.used.pids?.current ?? 0)
        cpuPressure = Self.share(now.pressure?.cpu?.some.average10)
        memoryPressure = Self.share(now.pressure?.memory?.some.average10)
        blockPressure = Self.share(now.pressure?.io?.some.average10)
        throttled = now.used.cpu.map {
            "\($0.throttledPeriods) / \(Units.fixed(Double($0.throttledTime) / 1e9, places: 2))s"
        } ?? "--"
    }

    private static func share(_ percent: Double?) -> String { percent.map { Units.fixed($0, places: 2) + "%" } ?? "--" }

    private static func pair(_ first: UInt64, _ second: UInt64) -> String {
        "\(Units.size(Int64(clamping: first), digits: 3)) / \(Units.size(Int64(clamping: second), digits: 3))"
    }

    var cells: [String] { [id, name, cpu, memory, memoryShare, network, block, pids] }

    var pressureCells: [String] { [cpuPressure, memoryPressure, blockPressure, throttled] }

    static let header = ["CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS"]

    static let pressureHeader = ["CPU PRESSURE", "MEM PRESSURE", "I/O PRESSURE", "THROTTLED"]

    static let headings: [(key: String, value: String)] = [
        ("Container", "CONTAINER"), ("ID", "CONTAINER ID"), ("Name", "NAME"), ("CPUPerc", "CPU %"),
        ("MemUsage", "MEM USAGE / LIMIT"), ("MemPerc", "MEM %"), ("NetIO", "NET I/O"), ("BlockIO", "BLOCK I/O"),
        ("PIDs", "PIDS"), ("CPUPressure", "CPU PRESSURE"), ("MemPressure", "MEM PRESSURE"), ("IOPressure", "I/O PRESSURE"),
        ("Throttled", "THROTTLED"),
    ]

    var template: TemplateRecord {
        TemplateRecord(
            "*container.statsContext",
            [
                .value("BlockIO", .string(block)), .value("CPUPerc", .string(cpu)), .value("Container", .string(asked)),
                .value("ID", .string(id)), .value("MemPerc", .string(memoryShare)), .value("MemUsage", .string(memory)),
                .value("Name", .string(name)), .value("NetIO", .string(network)), .value("PIDs", .string(pids)),
                // Beyond Docker.
                .value("CPUPressure", .string(cpuPressure)), .value("MemPressure", .string(memoryPressure)),
                .value("IOPressure", .string(blockPressure)), .value("Throttled", .string(throttled)),
            ], escapesHTML: true)
    }
}
