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

/// What a mount reads from.
private struct MountSource {
    let origin: StepOrigin
    /// Of the files that it names.
    let digest: Deferred<[UInt8]>
}

extension StageMachine {
    /// Begins a RUN, unless it was done before.
    func start(_ run: Dockerfile.Run, _ name: LayerStep.Name) throws {
        let sources = try run.mounts.map { mount in
            try origin(of: mount).map { origin in MountSource(origin: origin, digest: Deferred { try Self.digest(mount, origin) }) }
        }
        let instruction = runStep(run, name, sources)
        try instruction.requireEntitlements()
        let createdBy = HistoryText.run(instruction.words, arguments: state.scope.historyArguments)
        let layerStep = LayerStep(name: name, createdBy: createdBy, keys: keys(of: run, sources))
        guard try !isFound(layerStep) else { return }
        for case .layers(let layers) in sources.compactMap({ $0?.origin.place }) { try session.keep(filesOf: layers) }
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

    private func runStep(_ run: Dockerfile.Run, _ name: LayerStep.Name, _ sources: [MountSource?]) -> RunStep {
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
        for case (let index, let source?) in sources.enumerated() {
            switch source.origin.place {
            case .layers(let layers): step.sources[index] = .layers(layers)
            case .context(let tree):
                step.sources[index] = .files(session.copying(tree))
                // One who may mount could write to it all the same.
                guard case .bind(let bind) = run.mounts[index], bind.isReadOnly, run.security != .insecure else { continue }
                step.copies[index] = { [session] in
                    try session.contextCopies.path(bind.source, of: tree, called: bind.from ?? "", digest: try source.digest.value())
                }
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

    private func keys(of run: Dockerfile.Run, _ sources: [MountSource?]) -> [Deferred<StepInputs>] {
        let (base, configuration, settings) = (base(), state.configuration, session.request.run)
        let (environment, names) = (state.scope.environment, Set(state.scope.arguments.map(\.name)))
        let inputs = { (digests: [[UInt8]?]) in
            StepInputs.run(
                run, on: base, in: configuration, environment: environment, argumentNames: names, settings: settings,
                mountDigests: digests)
        }
        let read = zip(run.mounts, sources).map { mount, source in (quick: source?.origin.quickDigest(of: [mount.source]), whole: source?.digest) }
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
    init(literal path: String) {
        let special = Array("*?[\\".utf8)
        let bytes = path.utf8.flatMap { special.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
        self = PathBytes(bytes) ?? "."
    }
}
