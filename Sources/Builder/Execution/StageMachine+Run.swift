import BuildContext
import Dockerfile
import Linux
import OCI

/// A RUN that hasn't ended.
struct PendingRun {
    let layerStep: LayerStep
    fileprivate let instruction: RunStep
    fileprivate let step: RunningStep
}

extension StageMachine {
    /// Begins a RUN, unless it was done before.
    func start(_ run: Dockerfile.Run, _ name: LayerStep.Name) throws {
        let origins = try run.mounts.map { mount in try origin(of: mount) }
        let instruction = runStep(run, name, origins)
        try instruction.requireEntitlements()
        let createdBy = HistoryText.run(instruction.words, arguments: state.scope.historyArguments)
        let layerStep = LayerStep(name: name, createdBy: createdBy, keys: keys(of: run, origins))
        guard try !isFound(layerStep) else { return }
        for case .layers(let layers) in origins.compactMap({ $0?.place }) { try session.foreignCaches.fetch(layers) }
        let step = try instruction.start(engine: session.engine, lease: session.lease(), reporter: session.reporter)
        running = PendingRun(layerStep: layerStep, instruction: instruction, step: step)
    }

    /// - Returns: Nil until it has ended.
    func advance(_ pending: PendingRun) throws -> StageLayer? {
        guard let outcome = try pending.step.advance() else { return nil }
        guard outcome.exitCode == 0, let blob = outcome.layer else { throw try failure(pending, outcome) }
        return StageLayer(made: blob)
    }

    /// What to wait for before it can go on.
    var descriptors: [PollEntry] { running?.step.descriptors ?? [] }
    /// In milliseconds; nil for as long as it takes.
    var pause: CInt? { running?.step.pause }

    private func runStep(_ run: Dockerfile.Run, _ name: LayerStep.Name, _ origins: [StepOrigin?]) -> RunStep {
        let request = session.request
        var step = RunStep(
            name.step, run, configuration: state.configuration, environment: state.scope.runEnvironment, layers: state.diffIDs)
        step.architecture = state.platform.architecture
        step.settings = request.run
        step.secrets = request.secrets
        step.agents = request.agents
        step.usesCache = request.usesCache && !request.uncachedStages.contains(self.name)
        step.renewedCaches = session.renewedCaches
        step.keepsFailedState = request.keepsFailedState
        step.latestModified = session.epoch
        for (index, origin) in origins.enumerated() {
            switch origin?.place {
            case .layers(let layers): step.sources[index] = .layers(layers)
            case .context(let tree): step.sources[index] = .files(session.copying(tree))
            case nil: break
            }
        }
        return step
    }

    /// Where a mount reads from; nil for one that reads nothing.
    private func origin(of mount: Dockerfile.RunMount) throws -> StepOrigin? {
        switch mount {
        case .bind(let bind): try build.origin(bind.from, for: state)
        case .cache(let cache): try cache.from.map { from in try build.origin(from, for: state) }
        case .tmpfs, .secret, .ssh: nil
        }
    }

    // MARK: What it depends on

    private func keys(of run: Dockerfile.Run, _ origins: [StepOrigin?]) -> [Deferred<StepInputs>] {
        let (base, configuration, settings) = (base(), state.configuration, session.request.run)
        let (environment, names) = (state.scope.environment, Set(state.scope.arguments.map(\.name)))
        let inputs = { (digests: [[UInt8]?]) in
            StepInputs.run(
                run, on: base, in: configuration, environment: environment, argumentNames: names, settings: settings,
                mountDigests: digests)
        }
        let read = zip(run.mounts, origins).map { mount, origin in
            (quick: origin?.quickDigest(of: [mount.source]), whole: origin.map { origin in Deferred { try Self.digest(mount, origin) } })
        }
        let whole = Deferred { inputs(try read.map { try $0.whole?.value() }) }
        // Whence the files of stages and images come is known without reading them.
        guard read.contains(where: { $0.quick != nil }) else { return [whole] }
        return [Deferred { inputs(try read.map { try $0.quick ?? $0.whole?.value() }) }, whole]
    }

    private static func digest(_ mount: Dockerfile.RunMount, _ origin: StepOrigin) throws -> [UInt8] {
        let source = PathBytes(literal: mount.source)
        return try origin.digest(of: try origin.tree().select([source], includingTopDirectory: true))
    }

    // MARK: Its failure

    private func failure(_ pending: PendingRun, _ outcome: RunOutcome) throws -> BuildError {
        var error = pending.instruction.failure(exitCode: outcome.exitCode)
        error.output = outcome.lastOutput
        error.advice = outcome.advice
        guard let blob = outcome.layer else { return error }
        var left = state
        left.add(StageLayer(made: blob), createdBy: pending.layerStep.createdBy, created: session.created)
        let image = try ImageAssembly(session: session).enter(left, names: []).id.short
        error.advice = "What it left is image \(image): look into it with `hako run --rm -it \(image) sh`."
        return error
    }
}

extension Dockerfile.RunMount {
    /// Below the root of what it reads from.
    fileprivate var source: String {
        switch self {
        case .bind(let bind): bind.source
        case .cache(let cache): cache.source
        case .tmpfs, .secret, .ssh: ""
        }
    }
}

extension PathBytes {
    /// A path as a pattern that matches nothing else.
    fileprivate init(literal path: String) {
        let special = Array("*?[\\".utf8)
        let bytes = path.utf8.flatMap { special.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
        self = PathBytes(bytes) ?? "."
    }
}

extension BuildSession {
    /// Puts what a mount names in a context into a directory: as COPY does, so that the files are root's, and what is ignored isn't
    /// there.
    func copying(_ tree: ContextTree) -> (_ source: String, _ directory: String) throws -> String? {
        { source, directory in
            let selection = try tree.select([PathBytes(literal: source)])
            let root = try FileDescriptor.directory(directory)
            try root.changeMode(0o755)
            let empty = try LayeredTree([])
            let options = FileCopy.Options()
            let staged = try StagedLayer(in: root, over: empty, missing: FileCopy.missing(options, self.now))
            try FileCopy(self, into: staged, at: "/", of: empty, options).put(selection)
            try staged.finish()
            guard let only = selection.sources.first, !only.isDirectory else { return nil }
            return only.name.description
        }
    }
}
