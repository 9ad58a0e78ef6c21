import CommandLineTables
import Engine
import Linux

/// `hako save`
enum SaveCommand {
    static let command = Command(
        "save", "Save one or more images to a tar archive (streamed to STDOUT by default)", usage: "IMAGE [IMAGE...]",
        examples: ["save -o app.tar app:v1"], alsoAt: ["image save"], arity: .atLeast(1), completion: .images,
        options: [
            .text("output", short: "o", "Write to a file, instead of STDOUT", completion: .files),
            .text("platform", "Save only images for this platform"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        guard let path = arguments.value("output"), !path.isEmpty else {
            guard !RawMode.isTerminal(StandardDescriptor.output) else {
                throw EngineError(
                    .invalidArgument, "cowardly refusing to save to a terminal. Use the -o flag or redirect")
            }
            try save(arguments, to: StandardDescriptor.output)
            return 0
        }
        do {
            try OutputFile.replace(path) { file in
                try save(arguments, to: file.number)
                try file.close()
            }
        } catch let error as OutputFile.Refusal {
            throw EngineError(.invalidArgument, "failed to save image: \(error)")
        }
        return 0
    }

    private static func save(_ arguments: ParsedArguments, to output: CInt) throws {
        let engine = try arguments.engine()
        defer { engine.finish() }
        try engine.save(arguments.positionals, platform: arguments.value("platform"), to: output)
        engine.printWarnings()
    }
}
