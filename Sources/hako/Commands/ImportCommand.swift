import CommandLineTables
import Engine
import Linux

/// `hako import`
enum ImportCommand {
    static let command = Command(
        "import", "Import the contents from a tarball to create a filesystem image", usage: "file|URL|- [REPOSITORY[:TAG]]",
        examples: ["import -c 'CMD [\"/bin/sh\"]' rootfs.tar.gz app:v1"], alsoAt: ["image import"], arity: .range(1, 2),
        completion: .files,
        options: [
            .list("change", short: "c", "Apply Dockerfile instruction to the created image"),
            .text("message", short: "m", "Set commit message for imported image"),
            .text("platform", "Set platform of the image"),
        ], run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let source = arguments.positionals[0]
        let name = arguments.positionals.dropFirst().first.flatMap { $0.isEmpty ? nil : $0 }
        let engine = try arguments.engine()
        defer { engine.finish() }
        let request = ImportRequest(
            source: source == "-" ? nil : source, name: name, message: arguments.value("message") ?? "",
            platform: arguments.value("platform"), changes: arguments.values("change"))
        let result = try engine.importImage(request) { event in
            if case .status(let text) = event { Terminal.print(Terminal.escaped(text) + "\n") }
        }
        Terminal.print("\(result.imageID)\n")
        engine.printWarnings()
        return 0
    }
}
