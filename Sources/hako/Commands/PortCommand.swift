import CommandLineTables
import Engine

/// `hako port`
enum PortCommand {
    static let command = Command(
        "port", "List port mappings or a specific mapping for the container", usage: "CONTAINER [PRIVATE_PORT[/PROTO]]",
        alsoAt: ["container port"], arity: .range(1, 2), completion: .containers, run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        let record = try engine.container(arguments.positionals[0])
        let published = PortList(text: record.state.isUp ? record.ports : "").entries.filter { $0.hostPort != nil }
        guard let wanted = arguments.positionals.dropFirst().first else {
            let sorted = published.map { ($0.containerPort, "\($0.containerPort)/\($0.proto) -> \(PortText.hostPlace($0))\n") }
                .sorted { $0 < $1 }
            Terminal.print(sorted.map(\.1).joined())
            return 0
        }
        let (port, proto) = try parsed(wanted)
        let places = published.filter { $0.containerPort == port && $0.proto == proto }.map(PortText.hostPlace)
        guard !places.isEmpty else {
            throw EngineError(.notFound, "No public port '\(wanted)' published for \(arguments.positionals[0])")
        }
        Terminal.print(places.map { $0 + "\n" }.joined())
        return 0
    }

    /// `80`, `53/udp`
    private static func parsed(_ text: String) throws -> (port: Int64, proto: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let port = Int64(parts[0]), (0...65_535).contains(port) else {
            throw EngineError(.invalidArgument, "invalid port '\(text)'", hint: "Write it as 80 or 53/udp.")
        }
        return (port, parts.count > 1 ? parts[1] : "tcp")
    }
}
