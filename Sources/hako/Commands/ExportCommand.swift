import CommandLineTables
import Engine
import Linux

/// `hako export`
enum ExportCommand {
    static let command = Command(
        "export", "Export a container's filesystem as a tar archive", usage: "CONTAINER",
        examples: ["export -o box.tar box"], alsoAt: ["container export"], arity: .exactly(1), completion: .containers,
        options: [.text("output", short: "o", "Write to a file, instead of STDOUT", completion: .files)], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let engine = try arguments.engine()
        defer { engine.finish() }
        let name = arguments.positionals[0]
        let output = arguments.value("output") ?? ""
        guard output.isEmpty else {
            do { try OutputFile.write(output) { try engine.export(name, into: $0) } } catch let error as OutputFile.Refusal {
                throw EngineError(.invalidArgument, "failed to export container: \(error)")
            }
            engine.printWarnings()
            return 0
        }
        guard !RawMode.isTerminal(StandardDescriptor.output) else {
            throw EngineError(
                .invalidArgument, "cowardly refusing to save to a terminal. Use the -o flag or redirect")
        }
        try engine.export(name, into: StandardOutputSink())
        engine.printWarnings()
        return 0
    }
}
