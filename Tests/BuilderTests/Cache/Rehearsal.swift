import Builder
import BuildContext
import Dockerfile
import Glibc
import Hashing
import ImageStore
import Linux
import Metadata
import OCI
import TestSupport
import Testing

/// Goes through a Dockerfile of one stage as a build does, asking the cache for each step; what is missing is entered with a layer
/// that holds nothing, instead of being run.
struct Rehearsal: ~Copyable {
    /// What became of the steps that make layers.
    struct Report {
        /// The titles of those that weren't cached.
        var made: [String] = []
        /// What is said of those, line by line.
        var explanations: [String] = []
        var layers: [DiffID] = []
    }

    let scratch: Scratch
    let store: ImageStore
    /// A name that the builds have for the Dockerfile.
    var origin = "/src"
    var base: [DiffID]
    var environment: [String] = []
    var settings = RunSettings()
    var platform = "linux/amd64"
    var epoch: Int64?
    var usesCache = true
    var uncachedStages: Set<String> = []
    var now: Int64 = 1_000_000_000_000
    /// Makes layers of their own.
    private var count: Int

    init(_ files: KeyValuePairs<String, Scratch.Entry> = [:]) throws {
        let scratch = try Scratch(["context": .directory])
        for (path, entry) in files { try scratch.add("context/" + path, entry) }
        let store = try ImageStore(root: scratch.path("store"))
        // Nothing may throw once a part of this value is there.
        let first = try Self.layer(1, in: store)
        self.scratch = scratch
        self.store = store
        base = [first]
        count = 1
    }

    mutating func newLayer() throws -> DiffID {
        count += 1
        return try Self.layer(count, in: store)
    }

    private static func layer(_ number: Int, in store: ImageStore) throws -> DiffID {
        let digest = try Digest(algorithm: .sha256, bytes: SHA256.digest(of: "layer \(number)".utf8))
        try store.database.insert(layer: DiffID(digest), size: 100, unsyncedBoot: nil, implicitDirectories: [])
        return DiffID(digest)
    }

    func add(_ path: String, _ entry: Scratch.Entry) throws { try scratch.add("context/" + path, entry) }

    func mode(_ path: String, _ mode: mode_t) throws { try FileDescriptor.open(scratch.path("context/" + path)).changeMode(mode) }

    func remove(_ path: String) throws { try FileDescriptor.directory(scratch.path("context")).unlink(PathBytes(path.utf8) ?? "") }

    func cache() -> BuildCache {
        let now = now
        return BuildCache(
            store.database, origin: origin, platform: platform, usesCache: usesCache, uncachedStages: uncachedStages, clock: { now })
    }

    /// - Parameter limit: After so many steps the build is killed.
    @discardableResult
    mutating func build(_ text: String, arguments: [String: String] = [:], limit: Int = .max) throws -> Report {
        let file = try Dockerfile(parsing: text)
        let host = Dockerfile.PlatformName(os: "linux", architecture: "amd64")
        let build = try Dockerfile.BuildArguments(file, given: arguments, buildPlatform: host, targetPlatform: host)
        var config = ExecutionConfig()
        config.environment = environment
        var stage = StageConfiguration(base: config)
        var scope = Dockerfile.StageScope(build, environment: stage.config.environment)
        let cache = cache()
        var report = Report(layers: base)
        var position = 0
        for statement in file.stages[0].statements {
            let instruction = try scope.evaluate(statement).instruction
            _ = stage.apply(instruction)
            guard position < limit, let (inputs, files) = try inputs(instruction, stage, scope, on: report.layers) else { continue }
            let place = StepPlace(stage: "stage-0", position: position, title: statement.title, base: "base")
            position += 1
            switch try cache.step(inputs, at: place) {
            case .found(let step): report.layers += step.layer.map { [$0] } ?? []
            case .missing(let miss):
                report.made.append(statement.title)
                report.explanations += try cache.explanation(of: inputs, at: place, miss: miss, files: files).lines
                let layer = try newLayer()
                try cache.add(CachedStep(layer: layer, blob: nil, created: now), inputs, at: place, files: files)
                report.layers.append(layer)
            }
        }
        if limit == .max { try cache.noteUses() }
        return report
    }

    /// The first step that makes a layer.
    func firstStep(_ text: String) throws -> (StepInputs, StepPlace) {
        let file = try Dockerfile(parsing: text)
        let host = Dockerfile.PlatformName(os: "linux", architecture: "amd64")
        let build = try Dockerfile.BuildArguments(file, buildPlatform: host, targetPlatform: host)
        let stage = StageConfiguration(base: nil)
        var scope = Dockerfile.StageScope(build, environment: stage.config.environment)
        let statement = file.stages[0].statements[0]
        let found = try inputs(try scope.evaluate(statement).instruction, stage, scope, on: base)
        return (try #require(found?.0), StepPlace(stage: "stage-0", position: 0, title: statement.title, base: "base"))
    }

    private func inputs(
        _ instruction: Dockerfile.Instruction, _ stage: StageConfiguration, _ scope: Dockerfile.StageScope, on layers: [DiffID]
    ) throws -> (StepInputs, [String: FileList])? {
        let base = StepBase(layers: LayerChain(layers), platform: platform, sourceDateEpoch: epoch)
        switch instruction {
        case .run(let run):
            var digests: [[UInt8]?] = []
            var files: [String: FileList] = [:]
            for mount in run.mounts {
                guard case .bind(let bind) = mount else {
                    digests.append(nil)
                    continue
                }
                let (digest, list) = try read([bind.source])
                digests.append(digest)
                files[bind.target] = list
            }
            let inputs = StepInputs.run(
                run, on: base, in: stage, environment: scope.environment, argumentNames: Set(scope.arguments.map(\.name)),
                settings: settings, mountDigests: digests)
            return (inputs, files)
        case .copy(let copy):
            let (digest, list) = try read(copy.files.sources)
            let base = copy.files.isLinked ? StepBase(layers: nil, platform: platform) : base
            return (StepInputs.copy(copy, on: base, in: stage, owner: copy.files.owner, digests: [digest]), ["": list])
        case .add(let add):
            let (digest, list) = try read(add.files.sources)
            return (StepInputs.add(add, on: base, in: stage, owner: add.files.owner, digests: [digest]), ["": list])
        case .workdir: return (StepInputs.workdir(on: base, in: stage), [:])
        default: return nil
        }
    }

    private func read(_ sources: [String]) throws -> ([UInt8], FileList) {
        let tree = ContextTree(root: try FileDescriptor.directory(scratch.path("context")))
        let selection = try tree.select(sources.compactMap { PathBytes($0.utf8) })
        let digests = FileDigestCache(path: nil)
        let digest = try selection.digest(withOwners: false, cache: digests)
        return (digest.bytes, try FileList(selection, withOwners: false, cache: digests))
    }
}
