import BuildContext
import Dockerfile
import ImageStore
import Linux
import OCI

/// What a stage begins with.
enum StageBase {
    case scratch
    case stage(Int)
    /// With its whole name.
    case image(BaseImage, reference: String)
    /// A directory that `--build-context` names.
    case context(ContextTree)

    var isImage: Bool { if case .image = self { true } else { false } }

    /// For people.
    var name: String {
        switch self {
        case .scratch: "scratch"
        case .stage(let index): "stage \(index)"
        case .image(_, let reference): reference
        case .context: "a build context"
        }
    }
}

/// A Dockerfile's target, built for one platform.
final class PlatformBuild {
    let session: BuildSession
    let trees: LayerTrees
    let images: BaseImages
    let cache: BuildCache
    /// What earlier builds have read of the build context.
    private let digests: FileDigestCache
    private let dockerfile: Dockerfile
    private let arguments: Dockerfile.BuildArguments
    private let platform: Platform
    private var graph: Dockerfile.StageGraph
    private var bases: [Int: StageBase] = [:]
    private var running: [Int: StageMachine] = [:]
    private var finished: [Int: StageMachine] = [:]

    init(_ dockerfile: Dockerfile, for platform: Platform, _ session: BuildSession) throws {
        self.session = session
        self.dockerfile = dockerfile
        self.platform = platform
        let request = session.request
        arguments = try request.arguments(of: dockerfile, for: platform.name)
        graph = try Dockerfile.StageGraph(
            dockerfile, arguments: arguments, target: request.target, contexts: Set(request.namedContexts.keys))
        trees = LayerTrees(session)
        images = BaseImages(session)
        cache = BuildCache(
            session.store.database, origin: request.origin, platform: platform.description, usesCache: request.usesCache,
            uncachedStages: request.uncachedStages, keepsSteps: request.cachesInline || !request.cacheDestinations.isEmpty)
        digests = FileDigestCache(path: try session.digestCache(of: request.origin))
    }

    /// Builds all stages that the target needs.
    func run() throws -> StageState {
        do {
            try findBases()
            try requireEmulators()
            try lint()
            try buildStages()
            if session.request.needsFiles, let target = finished[graph.target] {
                try session.foreignCaches.fetch(target.state.diffIDs)
            }
            try cache.noteUses()
            // Without it the next build reads more.
            _ = try? digests.save()
        } catch {
            for machine in running.values { machine.cancel() }
            throw error
        }
        guard let target = finished[graph.target] else { throw BuildError("the target was not built") }
        var state = target.state
        state.steps = cache.steps
        return state
    }

    private func buildStages() throws {
        var schedule = StageSchedule(graph)
        var ready = schedule.first
        while true {
            for index in ready { try begin(index) }
            guard finished[graph.target] == nil else { return }
            let done = try advance()
            if done.isEmpty { try wait() }
            ready = schedule.next(after: done)
        }
    }

    /// Goes on with what has begun.
    ///
    /// - Returns: The stages that are done by now.
    private func advance() throws -> [Int] {
        var done: [Int] = []
        for index in running.keys.sorted() {
            try session.requireNoInterruption()
            guard let machine = running[index], try machine.advance() else { continue }
            running[index] = nil
            finished[index] = machine
            done.append(index)
        }
        return done
    }

    /// Until one of the RUNs has something to say.
    private func wait() throws {
        let machines = running.values
        try session.wait(machines.flatMap(\.descriptors), milliseconds: machines.compactMap(\.pause).min())
    }

    /// Begins a stage whose base and sources are there.
    private func begin(_ index: Int) throws {
        guard let node = graph.nodes[index], let base = bases[index] else { return }
        let stage = dockerfile.stages[index]
        // As the only one it needs no name.
        let name = dockerfile.stages.count == 1 && stage.name == nil ? "" : stage.displayName
        do {
            running[index] = try StageMachine(node, name: name, base: base, of: self)
        } catch { throw BuildError(error, at: stage.source.lines) }
    }

    /// A RUN for another processor is refused before anything is built.
    private func requireEmulators() throws {
        var platforms: [Int: Platform] = [:]
        for index in graph.order {
            guard let node = graph.nodes[index] else { continue }
            let run = node.statements.first { if case .run = $0.instruction { true } else { false } }
            do {
                let platform = try runPlatform(of: node, among: platforms)
                platforms[index] = platform
                if run != nil { try Emulator.require(platform) }
            } catch { throw BuildError(error, at: (run?.source ?? dockerfile.stages[index].source).lines) }
        }
    }

    /// What a stage's programs are for: what its base is.
    ///
    /// - Parameter known: Of the stages before it.
    private func runPlatform(of node: Dockerfile.StageGraph.Node, among known: [Int: Platform]) throws -> Platform {
        switch bases[node.index] {
        case .image(let image, _): image.config.platform
        case .stage(let index): known[index] ?? platform
        case .scratch, .context, nil: try platform(of: node)
        }
    }

    // MARK: Bases

    /// Finds what every stage begins with; the triggers of an image may need further stages.
    private func findBases() throws {
        while bases.count < graph.nodes.count {
            try session.requireNoInterruption()
            for index in graph.order where bases[index] == nil {
                guard let node = graph.nodes[index] else { continue }
                do { bases[index] = try base(of: node) } catch { throw BuildError(error, at: dockerfile.stages[index].source.lines) }
            }
        }
    }

    private func base(of node: Dockerfile.StageGraph.Node) throws -> StageBase {
        switch node.base {
        case .scratch: return .scratch
        case .stage(let index): return .stage(index)
        case .image(let name): return try imageBase(name, of: node)
        case .context(let name):
            switch session.request.namedContexts[name] {
            case .tree(let tree): return .context(tree)
            case .image(let reference): return try imageBase(reference, of: node)
            case nil: throw BuildError("there is no build context \(name)")
            }
        }
    }

    private func imageBase(_ name: String, of node: Dockerfile.StageGraph.Node) throws -> StageBase {
        do throws(ReferenceError) { _ = try Reference(name) } catch {
            throw BuildError("failed to parse stage name \"\(name)\": invalid reference format")
        }
        let image = try images.image(name, for: try platform(of: node))
        try graph.addTriggers(image.config.config.onBuild, to: node.index)
        return .image(image, reference: BaseImages.wholeName(name))
    }

    private func platform(of node: Dockerfile.StageGraph.Node) throws -> Platform {
        guard let text = node.platform else { return platform }
        do throws(PlatformError) { return try Platform(text) } catch {
            throw BuildError("failed to parse platform \(text): \(error.reason)")
        }
    }

    /// What a stage is before its first instruction.
    func begin(_ base: StageBase) throws -> StageState {
        switch base {
        case .image(let image, _):
            let configuration = StageConfiguration(base: image.inherited, author: image.config.author)
            return StageState(
                layers: image.layers, configuration: configuration,
                scope: Dockerfile.StageScope(arguments, environment: configuration.config.environment),
                history: image.config.history, platform: image.config.platform, isDocker: image.isDocker)
        case .stage(let index):
            guard let base = finished[index]?.state else { throw BuildError("a stage is used before it was built") }
            var state = base
            state.configuration = StageConfiguration(base: base.configuration.config, author: base.configuration.author)
            state.scope = Dockerfile.StageScope(
                inheriting: base.scope, environment: state.configuration.config.environment)
            return state
        case .scratch, .context:
            let configuration = StageConfiguration(base: nil)
            var state = StageState(
                layers: [], configuration: configuration,
                scope: Dockerfile.StageScope(arguments, environment: configuration.config.environment), history: [],
                platform: platform, isDocker: false)
            if case .context(let tree) = base { try state.layers.append(layer(of: tree)) }
            return state
        }
    }

    /// All of a named context as one layer.
    private func layer(of tree: ContextTree) throws -> StageLayer {
        let draft = try session.store.layerDraft()
        let empty = try LayeredTree([])
        let options = FileCopy.Options(isFromImage: true)
        let staged = try StagedLayer(in: try draft.openFiles(), over: empty, missing: FileCopy.missing(options, session.now))
        try FileCopy(session, into: staged, at: "/", of: empty, options).put(try tree.select(["."]))
        try staged.finish()
        return try session.adopt(draft, .files)
    }

    // MARK: Origins

    /// Where a COPY or a mount reads from.
    ///
    /// - Parameter name: Of `--from`; nil for the build context.
    func origin(_ name: String?, for state: StageState) throws -> StepOrigin {
        guard let name else {
            // Without one, only what is written in the Dockerfile can be copied.
            return origin(session.request.context.map { .context($0) } ?? .layers([]), digests)
        }
        switch graph.origin(of: name) {
        case .scratch: return origin(.layers([]))
        case .stage(let index):
            guard let stage = finished[index] else { throw BuildError("stage \(name) is used before it was built") }
            return origin(.layers(stage.state.diffIDs))
        case .image(let reference): return try origin(ofImage: reference, for: state)
        case .context(let context):
            switch session.request.namedContexts[context] {
            case .tree(let tree): return origin(.context(tree))
            case .image(let reference): return try origin(ofImage: reference, for: state)
            case nil: throw BuildError("there is no build context \(context)")
            }
        }
    }

    private func origin(ofImage name: String, for state: StageState) throws -> StepOrigin {
        origin(.layers(try images.image(name, for: state.platform).config.diffIDs))
    }

    private func origin(_ place: StepOrigin.Place, _ digests: FileDigestCache = FileDigestCache(path: nil)) -> StepOrigin {
        StepOrigin(place: place, trees: trees, digests: digests)
    }

    // MARK: Advice

    /// Tells what BuildKit advises against, now that the bases are known.
    private func lint() throws {
        let request = session.request
        let images = baseImages()
        let report = dockerfile.lint(
            graph, arguments: arguments, options: request.lintOptions,
            expectedPlatform: { [platform] in $0.platform == nil ? platform.name : nil }, baseImage: { images[$0] }, isIgnored: request.isIgnored)
        if !report.findings.isEmpty { session.report(.findings(report.findings)) }
        if let violation = report.violation { throw BuildError(violation) }
    }

    private func baseImages() -> [Dockerfile.StageGraph.Origin: Dockerfile.BaseImage] {
        var images: [Dockerfile.StageGraph.Origin: Dockerfile.BaseImage] = [:]
        for node in graph.nodes.values where images[node.base] == nil {
            guard case .image(let image, _) = bases[node.index] else { continue }
            images[node.base] = Dockerfile.BaseImage(
                environment: image.config.config.environment, hasShell: image.config.config.shell != nil,
                platform: image.config.platform.name)
        }
        return images
    }
}

extension Platform {
    /// As the predefined arguments name it.
    var name: Dockerfile.PlatformName {
        Dockerfile.PlatformName(os: os, architecture: architecture, variant: variant ?? "", osVersion: osVersion ?? "")
    }
}
