import Archive
import Glibc
import ImageStore
import Linux
import OCI

/// The files of what was built, outside of images.
struct FileOutput {
    let session: BuildSession
    let built: [BuiltPlatform]

    /// `type=local,dest=DIRECTORY`: of several platforms each has a directory of its own there.
    func copy(_ output: BuildOutput) throws {
        guard let path = output.destination else { throw BuildError("dest is required for local exporter") }
        try Self.inDirectory(path) { root in
            for each in built {
                let files = files(of: each)
                guard let name = directory(of: each, output) else {
                    try files.copy(into: root)
                    continue
                }
                do throws(SystemCallError) { try root.makeDirectory(name, mode: 0o755) } catch {
                    guard error.errno == .exists else { throw error }
                }
                try files.copy(into: try root.openChild(name, flags: O_RDONLY | O_DIRECTORY))
            }
        }
    }

    /// `type=tar,dest=FILE|-`
    func pack(_ output: BuildOutput) throws {
        try Self.write(output.destination ?? "-") { sink in
            var rules = PackingRules(.files)
            rules.latestModified = session.epoch
            let packer = TreePacker(sink, rules)
            for each in built {
                let prefix = directory(of: each, output).map { PathBytes(stringLiteral: $0 + "/") } ?? ""
                try files(of: each).pack(into: packer, below: prefix)
            }
            _ = try packer.finish()
        }
    }

    private func files(of each: BuiltPlatform) -> ImageFiles {
        ImageFiles(store: session.store, layers: each.state.diffIDs, epoch: session.epoch)
    }

    /// `linux_arm64`: where there are several platforms, or that is asked for.
    private func directory(of each: BuiltPlatform, _ output: BuildOutput) -> String? {
        let isSplit = output.attributes["platform-split"].map { $0 == "true" } ?? (built.count > 1)
        return isSplit ? each.platform.description.split(separator: "/").joined(separator: "_") : nil
    }

    /// Writes a file as a whole or not at all; `-` is standard output.
    static func write(_ destination: String, _ body: (any ByteSink) throws -> Void) throws {
        do {
            guard destination != "-" else { return try body(StandardOutputSink()) }
            try OutputFile.write(destination, mode: 0o644, body)
        } catch let error as OutputFile.Refusal { throw BuildError(error.description) }
    }

    static func unpack(_ source: any ByteSource, into path: String) throws {
        var rules = ExtractionRules()
        rules.readsWhiteouts = false
        try inDirectory(path) { _ = try LayerUnpacker.unpack(source, into: $0, rules: rules) }
    }

    private static func inDirectory(_ path: String, _ body: (borrowing FileDescriptor) throws -> Void) throws {
        do throws(SystemCallError) { try Directory.create(path, mode: 0o755) } catch {
            guard error.errno == .exists else { throw BuildError("cannot make the directory \(path): \(error.errno)") }
        }
        let root: FileDescriptor
        do throws(SystemCallError) { root = try FileDescriptor.directory(path) } catch {
            throw BuildError("destination directory \(path): \(error.errno)")
        }
        try body(root)
    }
}
