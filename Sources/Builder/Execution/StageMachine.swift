import Dockerfile
import ImageStore
import Linux
import OCI

/// A stage while it is built, instruction after instruction. It never waits: where something has to be waited for, it says for what.
final class StageMachine {
    unowned let build: PlatformBuild
    /// As steps show it.
    let name: String
    private let node: Dockerfile.StageGraph.Node
    /// What it is based on, for people.
    private let baseName: String
    var state: StageState
    private var next = 0
    /// Of the steps that are shown with a number: FROM and what makes layers.
    private var stepNumber = 0
    private let stepCount: Int
    /// A RUN that hasn't ended.
    var running: PendingRun?

    var session: BuildSession { build.session }

    init(_ node: Dockerfile.StageGraph.Node, name: String, base: StageBase, of build: PlatformBuild) throws {
        self.build = build
        self.node = node
        self.name = name
        baseName = base.name
        let layered = node.statements.reduce(0) { $0 + ($1.instruction.makesLayer ? 1 : 0) }
        stepCount = layered + (base.isImage ? 1 : 0)
        state = try build.begin(base)
        if case .image(let image, let reference) = base {
            stepNumber += 1
            let step = session.begin(kind, "FROM \(reference)")
            session.note(step, "\(image.record.id)")
            session.end(step, .done)
        }
    }

    private var kind: BuildStep.Kind { .instruction(stage: name, number: stepNumber, of: stepCount) }

    // MARK: Going on

    /// Goes on as far as is possible without waiting.
    ///
    /// - Returns: Whether the stage is done.
    func advance() throws(BuildError) -> Bool {
        while true {
            do {
                if let run = running {
                    guard let layer = try advance(run) else { return false }
                    running = nil
                    try finish(run.layerStep, layer)
                    next += 1
                }
                guard next < node.statements.count else { return true }
                try perform(node.statements[next])
            } catch {
                let failure = BuildError(error, at: statement?.source.lines)
                if let step { session.end(step, session.isToBeginAnew ? .cancelled : .failed(failure.message)) }
                step = nil
                throw failure
            }
            if running == nil { next += 1 }
        }
    }

    /// The instruction at hand.
    private var statement: Dockerfile.Statement? { next < node.statements.count ? node.statements[next] : nil }
    /// The step at hand, which has begun and not ended.
    private var step: BuildStep?

    /// Another stage has failed: what runs is given up.
    func cancel() {
        running = nil
        if let step { session.end(step, .cancelled) }
        step = nil
    }

    // MARK: Instructions

    private func perform(_ statement: Dockerfile.Statement) throws {
        // Variables double in a few lines: what they come to must not fill the memory before it is known to be no image's.
        guard state.textInBytes <= ImageConfig.maximumSize else {
            throw BuildError("the image's configuration would be larger than \(ImageConfig.maximumSize >> 20) MiB")
        }
        let title = (statement.isTrigger ? "ONBUILD " : "") + state.scope.title(of: statement)
        let instruction = try state.scope.evaluate(statement).instruction
        if case .workdir(let path) = instruction, state.configuration.absolutePath(path) == "/" {
            _ = state.configuration.apply(instruction)
            return note(HistoryText.workdir("/"))
        }
        guard instruction.makesLayer else {
            if let text = state.configuration.apply(instruction) { note(text) }
            return
        }
        stepNumber += 1
        step = session.begin(kind, title)
        guard let step else { return }
        try make(instruction, LayerStep.Name(step: step, place: place(of: statement)))
    }

    private func place(of statement: Dockerfile.Statement) -> StepPlace {
        StepPlace(stage: name, position: stepNumber, title: statement.title, base: baseName)
    }

    private func note(_ text: String) { state.note(text, created: session.epoch == nil ? nil : session.created) }

    private func make(_ instruction: Dockerfile.Instruction, _ name: LayerStep.Name) throws {
        switch instruction {
        case .copy(let copy): try make(copy, name)
        case .add(let add): try make(add, name)
        case .run(let run): try start(run, name)
        default: try makeWorkingDirectory(instruction, name)
        }
    }

    // MARK: Layers

    /// Does a step unless it was done before.
    ///
    /// - Parameter body: Makes the layer.
    func make(_ layerStep: LayerStep, _ body: () throws -> StageLayer) throws {
        guard try !isFound(layerStep) else { return }
        try finish(layerStep, try body())
    }

    /// Takes the layer of a step that was done before.
    func isFound(_ layerStep: LayerStep) throws -> Bool {
        var miss = BuildCache.Miss.unknown
        for (index, inputs) in layerStep.keys.enumerated() {
            switch try build.cache.step(try inputs.value(), at: layerStep.name.place) {
            case .found(let cached):
                guard let diffID = cached.layer, let blob = cached.blob else { continue }
                explain(layerStep, .cached)
                // Next time, the ways before this one lead to it, too.
                if index > 0 { try enter(cached, layerStep) }
                try add(StageLayer(diffID, blob: blob), layerStep, created: cached.created, foundBy: index)
                end(.cached)
                return true
            case .missing(let reason):
                miss = reason
                if try isFoundElsewhere(layerStep, after: reason, index) { return true }
            }
        }
        try explain(layerStep, miss)
        // What it is made on has to stay until an image holds it.
        try session.keep(state.layers)
        return false
    }

    /// Takes the layer of a step that one of the caches of `--cache-from` has, by its key of that index. It isn't fetched yet.
    private func isFoundElsewhere(_ layerStep: LayerStep, after miss: BuildCache.Miss, _ index: Int) throws -> Bool {
        guard miss == .unknown || miss == .lost, !session.request.cacheSources.isEmpty,
            let found = try session.foreignCaches.step(try layerStep.keys[index].value().key)
        else { return false }
        explain(layerStep, .imported(found.cache.place.description))
        let made = CachedStep(layer: found.layer.diffID, blob: found.layer.blob, created: found.created)
        // Under these alone by which it was asked for.
        let asked = try layerStep.keys[...index].map { try $0.value() }
        let (cache, name) = (build.cache, layerStep.name)
        try session.foreignCaches.count(on: found) {
            for inputs in asked { try cache.add(made, inputs, at: name.place, title: name.step.title, isImported: true) }
        }
        build.cache.note(made, by: keys(of: layerStep, asked, known: found.keys), at: name.place)
        append(StageLayer(found.layer.diffID, blob: found.layer.blob), layerStep, created: found.created)
        end(.cached)
        return true
    }

    private func explain(_ layerStep: LayerStep, _ explanation: BuildExplanation) {
        if session.request.explainsCache { session.report(.explained(layerStep.name.step, explanation)) }
    }

    private func enter(_ made: CachedStep, _ layerStep: LayerStep) throws {
        let files = try layerStep.files()
        for inputs in layerStep.keys {
            try build.cache.add(made, try inputs.value(), at: layerStep.name.place, title: layerStep.name.step.title, files: files)
        }
    }

    /// Says why a step isn't cached, where that was asked for.
    private func explain(_ layerStep: LayerStep, _ miss: BuildCache.Miss) throws {
        guard session.request.explainsCache, let inputs = try layerStep.keys.last?.value() else { return }
        explain(layerStep, try build.cache.explanation(of: inputs, at: layerStep.name.place, miss: miss, files: try layerStep.files()))
    }

    /// Enters what a step has made in the cache, at once, and goes on from there.
    func finish(_ layerStep: LayerStep, _ layer: StageLayer) throws {
        let created = session.createdNanoseconds
        try enter(CachedStep(layer: layer.diffID, blob: layer.blob, created: created), layerStep)
        try add(layer, layerStep, created: created)
        end(.done)
    }

    /// - Parameter index: Of the key by which it was found.
    private func add(_ layer: StageLayer, _ layerStep: LayerStep, created: Int64, foundBy index: Int? = nil) throws {
        if build.cache.keepsSteps {
            let made = CachedStep(layer: layer.diffID, blob: layer.blob, created: created)
            // By which further keys it is known may take files that would have to be fetched.
            let found = try index.map { try layerStep.keys[$0].value() }
            let known = found.flatMap { session.foreignCaches.keys(by: $0.key, of: layer.diffID) }
            let computed = try (known == nil ? layerStep.keys[...] : layerStep.keys[...(index ?? 0)]).map { try $0.value() }
            build.cache.note(made, by: keys(of: layerStep, computed, known: known ?? []), at: layerStep.name.place)
        }
        append(layer, layerStep, created: created)
    }

    /// All keys of a step: the first ones as they were worked out, the rest as somebody else has them.
    private func keys(of layerStep: LayerStep, _ computed: [StepInputs], known: [String]) -> [String] {
        computed.map(\.key.text) + known.suffix(layerStep.keys.count - computed.count)
    }

    private func append(_ layer: StageLayer, _ layerStep: LayerStep, created: Int64) {
        state.add(layer, createdBy: layerStep.createdBy, created: Timestamp(nanoseconds: created).description)
    }

    private func end(_ outcome: BuildOutcome) {
        if let step { session.end(step, outcome) }
        step = nil
    }
}

/// A step that makes a layer, at hand.
struct LayerStep {
    struct Name {
        let step: BuildStep
        let place: StepPlace
    }

    let name: Name
    /// What the history says of it.
    let createdBy: String
    /// What it depends on. Where that can be said in several ways, the one that is found out first comes first: whence files come
    /// before what they hold. Equal ones mean equal layers, whichever way.
    let keys: [Deferred<StepInputs>]
    /// The files that it reads, one by one, for ``BuildCache/explanation(of:at:miss:files:)``.
    var files: () throws -> [String: FileList] = { [:] }
}

extension Dockerfile.Instruction {
    var makesLayer: Bool {
        switch self {
        case .run, .copy, .add, .workdir: true
        default: false
        }
    }
}
