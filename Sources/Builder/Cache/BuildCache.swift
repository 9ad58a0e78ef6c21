import Hashing
import Linux
import Metadata
import OCI

/// What a step that was done has made.
public struct CachedStep: Hashable, Sendable {
    /// Nil for a step that makes no layer.
    public var layer: DiffID?
    public var blob: Descriptor?
    /// When it was done, in nanoseconds since 1970: what the history says of it.
    public var created: Int64

    public init(layer: DiffID?, blob: Descriptor?, created: Int64) {
        self.layer = layer
        self.blob = blob
        self.created = created
    }
}

/// Where a step stands.
public struct StepPlace: Hashable, Sendable {
    public var stage: String
    /// The how manyth of the steps of its stage that make layers, from 0.
    public var position: Int
    /// The instruction as it is written.
    public var title: String
    /// What the stage is based on: `debian:12`, `stage build`.
    public var base: String

    public init(stage: String, position: Int, title: String, base: String) {
        self.stage = stage
        self.position = position
        self.title = title
        self.base = base
    }
}

/// The build cache as one build uses it: looks steps up, and enters those that were done, each at once, so that a build that is
/// killed loses none.
///
/// A build all of whose steps are found writes nothing, but for once in a minute that they were used.
public final class BuildCache {
    private let database: Database
    private let build: [UInt8]
    private let usesCache: Bool
    private let uncachedStages: Set<String>
    private let clock: () -> Int64
    /// Whether ``steps`` are wanted.
    let keepsSteps: Bool
    /// What the build has found or made so far, for who hands it on.
    private(set) var steps: [BuiltStep] = []
    private var found: [CachedStepRecord] = []
    /// The last step of a stage that was made anew.
    private var made: [String: String] = [:]
    /// What the last build has left of its stages.
    private var before: [String: [BuildInputs]] = [:]

    /// - Parameters:
    ///   - origin: What names Dockerfile and context from one build to the next, for ``explanation(of:at:miss:files:)``.
    ///   - platform: Of the image.
    ///   - keepsSteps: Whether the steps are to be handed on.
    public init(
        _ database: Database, origin: String, platform: String, usesCache: Bool = true, uncachedStages: Set<String> = [],
        keepsSteps: Bool = false, clock: @escaping () -> Int64 = { RealTime.now }
    ) {
        self.database = database
        build = Array(SHA256.digest(of: "\(origin)\0\(platform)".utf8).prefix(16))
        self.usesCache = usesCache
        self.uncachedStages = Set(uncachedStages.map { $0.lowercased() })
        self.keepsSteps = keepsSteps
        self.clock = clock
    }

    /// Why a step has to be done.
    public enum Miss: Hashable, Sendable { case noCache, noCacheFilter, lost, unknown }

    public enum Answer: Hashable, Sendable {
        case found(CachedStep)
        case missing(Miss)
    }

    /// What the step has made, if it was done before and that is still there.
    ///
    /// It isn't kept from being collected by this: that is for who builds on it.
    public func step(_ inputs: StepInputs, at place: StepPlace) throws(MetadataError) -> Answer {
        guard usesCache else { return .missing(.noCache) }
        guard !uncachedStages.contains(place.stage) else { return .missing(.noCacheFilter) }
        guard let (step, isWhole) = try database.cachedStep(inputs.key.bytes) else { return .missing(.unknown) }
        guard isWhole else { return .missing(.lost) }
        found.append(step)
        return .found(CachedStep(layer: step.layer, blob: step.blob, created: step.created))
    }

    /// Enters a step that was done, in the place of what the cache has for it.
    ///
    /// - Parameters:
    ///   - title: For people: the instruction with values in place of variables.
    ///   - files: What it has read, by the target of the mount; of COPY and ADD under the empty name.
    ///   - isImported: It came from another cache.
    /// - Throws: ``MetadataError/missing(_:)`` for a layer or blob that isn't in the store.
    public func add(
        _ step: CachedStep, _ inputs: StepInputs, at place: StepPlace, title: String? = nil, files: [String: FileList] = [:],
        isImported: Bool = false
    ) throws(MetadataError) {
        // The same step may be found by one key and be entered by another.
        if !isImported, !found.contains(where: { $0.layer == step.layer }) { made[place.stage] = place.title }
        let record = CachedStepRecord(
            key: inputs.key.bytes, kind: inputs.kind.rawValue, title: title ?? place.title, layer: step.layer, blob: step.blob,
            created: step.created, lastUsed: clock())
        let place = BuildPlace(build: build, stage: place.stage, position: place.position, title: place.title)
        try database.insertCachedStep(record, inputs: BuildInputs(place: place, bytes: StepRecord(inputs, files: files).bytes))
    }

    /// Notes what the build has found or made, for who hands it on.
    ///
    /// - Parameter keys: In the order in which they are found out: what the files are that it reads comes last.
    func note(_ step: CachedStep, by keys: [String], at place: StepPlace) {
        guard keepsSteps, let layer = step.layer, let blob = step.blob else { return }
        steps.append(BuiltStep(keys: keys, title: place.title, layer: layer, blob: blob, created: step.created))
    }

    /// Notes that the steps were used that were found. For the end of the build.
    public func noteUses() throws(MetadataError) {
        let now = clock()
        try database.noteUse(ofCachedSteps: found.filter { $0.lastUsed < now - Self.unnoted }.map(\.key), at: now)
        found = []
    }

    /// Nanoseconds after which a use is noted again: a minute.
    private static let unnoted: Int64 = 60_000_000_000

    // MARK: Why

    /// Why a step isn't in the cache: by what the last build kept of the same instruction, the nearest in its stage, or of another
    /// one in its place.
    ///
    /// To be asked of each step before it is added.
    /// - Parameter files: As for ``add(_:_:at:title:files:)``.
    public func explanation(
        of inputs: StepInputs, at place: StepPlace, miss: Miss, files: [String: FileList]
    ) throws(MetadataError) -> BuildExplanation {
        switch miss {
        case .noCache: return .made([.noCache])
        case .noCacheFilter: return .made([.noCacheFilter(stage: place.stage)])
        case .lost: return .made([.lost])
        case .unknown: break
        }
        guard let before = try last(at: place) else { return .made([.unknown]) }
        let parent: BuildExplanation.Reason = made[place.stage].map { .earlierStep($0) } ?? .base(place.base)
        return .made(StepRecord.reasons(StepRecord(inputs, files: files), since: before, parent: parent))
    }

    private func last(at place: StepPlace) throws(MetadataError) -> StepRecord? {
        // All at once: what this build enters takes the place of what it is to be compared with.
        let known: [BuildInputs]
        if let loaded = before[place.stage] { known = loaded } else { known = try database.buildInputs(build, stage: place.stage) }
        before[place.stage] = known
        let same = known.filter { $0.place.title == place.title }
        let nearest = same.min { abs($0.place.position - place.position) < abs($1.place.position - place.position) }
        return (nearest ?? known.first { $0.place.position == place.position }).flatMap { StepRecord($0.bytes) }
    }
}
