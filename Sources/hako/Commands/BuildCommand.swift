import Builder
import CommandLineTables
import Engine
import Glibc
import Linux
import OCI

/// `hako build`
enum BuildCommand {
    static let command = Command(
        "build", "Build an image from a Dockerfile", usage: "PATH | URL | -",
        examples: ["build -t web:v2 .", "build --check .", "build --secret id=token,env=TOKEN -o out ."],
        alsoAt: ["image build", "builder build", "buildx build"], group: .common, arity: .exactly(1), completion: .directories,
        options: BuildOptions.table, run: run)

    static func run(_ arguments: ParsedArguments) throws -> Int32 {
        do {
            for warning in BuildOptions.warnings(arguments) { Terminal.printError("WARNING: \(warning)\n") }
            let call = try BuildCall.read(arguments)
            let style = try BuildProgressStyle.read(arguments)
            try BuildOptions.refuseForeign(arguments)
            var request = try BuildOptions.request(arguments)
            // One of an earlier build must not pass for this one's.
            if let path = arguments.value("iidfile") { try removeImageIDFile(path) }
            let progress = BuildProgress(
                call == nil ? style.view : nil, signals: try SignalDescriptor([SIGINT, SIGTERM, SIGHUP]),
                lineLimit: style == .tty ? 1000 : 10, clock: Timings.monotonicNanoseconds)
            let sources = BuildSources(arguments, progress)
            defer { sources.finish() }
            let input = try sources.find(for: &request)
            if let call { return try BuildCheckCommand.run(call, request, input, sources) }
            return try build(request, style, sources, progress)
        } catch let error as BuildRefusal {
            refuse(error.description + (error.hint.map { ". \($0)" } ?? ""))
            return 1
        }
    }

    static func refuse(_ message: String) {
        let prefix = HakoProgram.isCalledDocker ? "ERROR" : HakoProgram.name
        Terminal.printError("\(prefix): \(Terminal.escapedLines(message))\n")
    }

    private static func build(
        _ request: BuildRequest, _ style: BuildProgressStyle, _ sources: BuildSources, _ progress: BuildProgress
    ) throws -> Int32 {
        let engine = try sources.engine()
        let end: Result<BuildResult, BuildError>
        do throws(BuildError) {
            end = .success(try Builder.build(request, engine: engine, reporter: progress))
        } catch { end = .failure(error) }
        progress.finish()
        switch end {
        case .success(let result):
            showWarnings(of: progress, request, style)
            try write(result, of: request, style, sources.arguments)
            engine.printWarnings()
            return 0
        case .failure(let error): return try report(error, progress, request, style)
        }
    }

    private static func showWarnings(of progress: BuildProgress, _ request: BuildRequest, _ style: BuildProgressStyle) {
        guard [.plain, .tty].contains(style) else { return }
        Terminal.printError(
            BuildFailureText.warnings(
                progress.findings, expanded: request.keepsFailedState, isColored: BuildColor.isWanted, file: request.file,
                fileName: request.fileName))
    }

    /// - Returns: 1 whatever the code of a step was, as with BuildKit; after a signal what a shell has for it.
    private static func report(
        _ error: BuildError, _ progress: BuildProgress, _ request: BuildRequest, _ style: BuildProgressStyle
    ) throws -> Int32 {
        if let signal = try progress.interruptingSignal() {
            refuse("failed to build: failed to solve: Canceled: context canceled")
            return 128 + signal
        }
        Terminal.printError(BuildFailureText.step(error, progress.failure))
        showWarnings(of: progress, request, style)
        Terminal.printError(BuildFailureText.place(error, file: request.file, fileName: request.fileName))
        refuse(BuildFailureText.message(error, isKept: request.keepsFailedState))
        return 1
    }

    // MARK: Results

    private static func removeImageIDFile(_ path: String) throws(BuildRefusal) {
        do throws(SystemCallError) { try FileDescriptor.removeIfThere(path) } catch {
            throw BuildRefusal("removing image ID file: remove \(path): \(error.errno)")
        }
    }

    private static func write(
        _ result: BuildResult, of request: BuildRequest, _ style: BuildProgressStyle, _ arguments: ParsedArguments
    ) throws {
        let id = BuildMetadata.id(of: result)
        // Where the result itself goes there, nothing else may.
        if style == .quiet, !request.outputs.contains(where: { $0.destination == "-" }) { Terminal.print(id + "\n") }
        if let path = arguments.value("iidfile") {
            do throws(SystemCallError) {
                // What was there is gone: what is there now, somebody else has put in the way.
                try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644).writeAll(Array(id.utf8))
            } catch { throw BuildRefusal("writing image ID file: open \(path): \(error.errno)") }
        }
        if let path = arguments.value("metadata-file") {
            let text = try BuildMetadata.document(of: result, for: request).text(indent: 2)
            do {
                try OutputFile.replace(path, mode: 0o644) { try $0.writeAll(text) }
            } catch { throw BuildRefusal("\(error)") }
        }
    }
}
