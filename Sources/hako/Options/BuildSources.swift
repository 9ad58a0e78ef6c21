import Builder
import CommandLineTables
import Engine
import Linux
import OCI

/// What a build reads: its Dockerfile, its context, and those that `--build-context` names; fetched where they are elsewhere.
///
/// What was fetched lies in the store as long as this is there.
final class BuildSources {
    let arguments: ParsedArguments
    private let progress: BuildProgress
    private var openedEngine: Engine?
    private var openedLoader: ContextLoader?
    /// The step that is shown while something is fetched.
    private var fetching: BuildStep?

    init(_ arguments: ParsedArguments, _ progress: BuildProgress) {
        self.arguments = arguments
        self.progress = progress
    }

    /// Opened when it is first needed: most checks need none.
    func engine() throws -> Engine {
        if let openedEngine { return openedEngine }
        let engine = try arguments.engine()
        openedEngine = engine
        return engine
    }

    /// Gives up what was fetched and opened.
    func finish() {
        openedLoader?.removeAll()
        openedEngine?.finish()
    }

    /// Puts Dockerfile and contexts into the request.
    func find(for request: inout BuildRequest) throws -> BuildInput {
        let input = try input(for: request)
        (request.file, request.fileName, request.context) = (input.file, input.fileName, input.context)
        request.origin = input.origin
        for word in arguments.values("build-context") where !word.isEmpty {
            let (name, value) = try Self.named(word)
            request.namedContexts[name] = try context(value, named: name, for: request)
        }
        progress.read(input.file, named: input.fileName)
        return input
    }

    private func input(for request: BuildRequest) throws -> BuildInput {
        let place = arguments.positionals[0]
        let file = arguments.value("file").flatMap { $0.isEmpty ? nil : $0 }
        guard !place.isEmpty else {
            throw BuildRefusal.building("please specify build context (e.g. \".\" for the current directory)")
        }
        guard place != "-" || file != "-" else {
            throw BuildRefusal.building("invalid argument: can't use stdin for both build context and dockerfile")
        }
        switch try Self.source(place) {
        case .directory(let path): return try BuildInput.ofDirectory(path, file: file)
        case let source:
            let loaded = try fetch(for: request) { loader throws(BuildError) in
                try loader.load(source, file: file, arguments: request.arguments)
            }
            let path = source == .standardInput && file == nil ? "stdin" : file ?? BuildInput.usualName
            return BuildInput(
                file: loaded.file, fileName: loaded.fileName, filePath: path, context: loaded.tree, origin: "\(place)\n\(path)")
        }
    }

    /// `NAME=PATH`
    private static func named(_ word: String) throws(BuildRefusal) -> (name: String, value: String) {
        guard let (name, value) = word.assignment() else {
            throw BuildRefusal("invalid context value: \(word), expected key=value")
        }
        do throws(ReferenceError) { _ = try Reference(name) } catch {
            throw BuildRefusal("invalid context name \(name): \(error)")
        }
        return (name, value)
    }

    private func context(_ value: String, named name: String, for request: BuildRequest) throws -> NamedContext {
        switch try Self.source(value) {
        case .directory(let path):
            return .tree(try BuildInput.tree(path, refusing: "failed to get build context \(name)"))
        case .image(let reference): return .image(reference)
        case let source: return try fetch(for: request) { loader throws(BuildError) in try loader.named(source) }
        }
    }

    private static func source(_ text: String) throws(BuildRefusal) -> ContextSource {
        do throws(BuildError) {
            return try ContextSource(text) { (try? FileDescriptor.status(of: $0))?.kind == .directory }
        } catch { throw .building(error.message, hint: error.advice) }
    }

    // MARK: Fetching

    private func fetch<Fetched>(
        for request: BuildRequest, _ body: (ContextLoader) throws(BuildError) -> Fetched
    ) throws -> Fetched {
        do throws(BuildError) {
            let fetched = try body(try loader(for: request))
            end(.done)
            return fetched
        } catch {
            end(.failed(error.message))
            progress.finish()
            throw BuildRefusal.building("failed to solve: " + error.message, hint: error.advice)
        }
    }

    private func loader(for request: BuildRequest) throws(BuildError) -> ContextLoader {
        if let openedLoader { return openedLoader }
        let engine: Engine
        do { engine = try self.engine() } catch { throw BuildError("\(error)") }
        let loader = try ContextLoader(
            engine: engine, secrets: request.secrets, agents: request.agents, interruption: progress.interruption
        ) { [unowned self] text in begin(text) }
        openedLoader = loader
        return loader
    }

    private func begin(_ text: String) {
        end(.done)
        // Before all steps of the build itself.
        let step = BuildStep(number: 0, kind: .preparation, title: "[internal] \(text)")
        fetching = step
        progress.report(.started(step))
    }

    private func end(_ outcome: BuildOutcome) {
        guard let step = fetching else { return }
        fetching = nil
        progress.report(.finished(step, outcome))
    }
}
