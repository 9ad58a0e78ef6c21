import Dockerfile
import Engine
import Hashing
import ImageStore
import Linux
import Metadata
import OCI

/// What all stages of a build share: the store, what was asked for, who is told, and what keeps new layers from collection.
final class BuildSession {
    let engine: Engine
    let store: ImageStore
    private(set) var request: BuildRequest
    /// ``SourceDateEpoch``, once it is settled; nil for now.
    private(set) var epoch: Int64?
    /// That is built for, where there are several.
    var platform: Platform?
    let reporter: any BuildReporter
    let renewedCaches = RenewedCaches()
    private(set) lazy var foreignCaches = ForeignCaches(self)
    private(set) lazy var contextCopies = ContextCopies(self)
    /// Something is gone that the build counted on: it fails, and begins anew without that.
    var isToBeginAnew = false
    private var openedLease: Lease?
    /// What it keeps of the store.
    private var kept: Set<StoredName> = []
    private var losses = 0
    private var stepCount = 0

    init(_ request: BuildRequest, engine: Engine, reporter: any BuildReporter) throws {
        self.request = request
        self.engine = engine
        self.reporter = reporter
        engine.interruption = reporter.interruption
        store = try engine.images()
    }

    /// Finds the epoch: what was given, else what a global ARG says by itself, else 0 where the build is to be reproducible.
    ///
    /// - SeeAlso: moby/buildkit#6601; Docker 28's builder doesn't ask the global ARGs yet.
    func settleEpoch(of dockerfile: Dockerfile) throws {
        let name = SourceDateEpoch.name
        var text = request.arguments[name]
        if text == nil {
            text = try request.arguments(of: dockerfile, for: request.platforms.first ?? Platform.host.name).globals[name]
        }
        if text == nil, request.isReproducible {
            text = "0"
            // For an ARG that asks for it.
            request.arguments[name] = text
        }
        epoch = try text.flatMap(SourceDateEpoch.seconds)
    }

    /// Keeps what this build has made until an image holds it. A build that makes nothing has none.
    func lease() throws(StoreError) -> Lease {
        if let openedLease { return openedLease }
        // What is left of builds that were killed: now that this one has to make something, a moment more is nothing. What can't be
        // removed is what `system check` finds.
        try? engine.removeDeadBuildSteps()
        let lease = try store.lease()
        openedLease = lease
        return lease
    }

    /// Has what was made written to the disk, also where the build has failed: its steps are in the cache.
    func finish() {
        if openedLease != nil { engine.leaveSynchronizing() }
    }

    /// Has these layers stay as long as the build lasts, whatever is removed meanwhile.
    func keep(_ layers: [StageLayer]) throws {
        try foreignCaches.fetch(layers.map(\.diffID))
        try keep(layers.flatMap { [.layer($0.diffID), .blob($0.blob.digest)] })
    }

    /// The same for layers whose files are to be read: what is removed meanwhile would look as if it had never been there.
    func keep(filesOf layers: [DiffID]) throws {
        try foreignCaches.fetch(layers)
        try keep(layers.map(StoredName.layer))
    }

    /// The same for what is in the store. Where somebody has removed it since it was looked up, the build begins anew.
    private func keep(_ names: [StoredName]) throws {
        let new = names.filter { !kept.contains($0) }
        guard !new.isEmpty else { return }
        do throws(StoreError) { try store.keep(new, under: try lease()) } catch {
            if case .metadata(.missing(let name)) = error { notePruned(name) }
            throw error
        }
        kept.formUnion(new)
    }

    private func notePruned(_ name: StoredName) {
        losses += 1
        // Who loses something that often has another trouble than that others remove things.
        guard losses <= 10 else { return }
        end(begin(.preparation, "[internal] \(name) was removed meanwhile: beginning anew"), .done)
        isToBeginAnew = true
    }

    /// What is needed to get at what is neither here nor in the context.
    var remoteAccess: RemoteAccess {
        RemoteAccess(
            engine: engine, store: store, secrets: request.secrets, agents: request.agents, interruption: reporter.interruption)
    }

    // MARK: Times

    /// As the image has a file's time: whole seconds, as its archives hold no others, and none after the epoch.
    func time(_ time: FileTime) -> FileTime { FileTime(seconds: epoch.map { min($0, time.seconds) } ?? time.seconds) }

    /// Of what is made now.
    var now: FileTime { FileTime(seconds: epoch ?? RealTime.now / 1_000_000_000) }

    /// The same for a configuration, in nanoseconds since 1970.
    var createdNanoseconds: Int64 { epoch.map { $0 &* 1_000_000_000 } ?? RealTime.now }

    /// RFC 3339.
    var created: String { Timestamp(nanoseconds: createdNanoseconds).description }

    // MARK: Waiting

    /// - Throws: Once the build is to stop.
    func requireNoInterruption() throws {
        guard reporter.interruption >= 0 else { return }
        var entries = [PollEntry(reporter.interruption, .readable)]
        if try PollEntry.wait(&entries, timeoutMilliseconds: 0) > 0 { throw BuildError("canceled") }
    }

    /// Waits until something can be done, and lets the reporter see that time passes.
    ///
    /// - Parameter milliseconds: How long at most; nil for as long as it takes.
    func wait(_ entries: [PollEntry], milliseconds: CInt?) throws {
        var entries = entries + [PollEntry(reporter.interruption, .readable)]
        let limits = [milliseconds, reporter.refreshMilliseconds].compactMap { $0 }
        if try PollEntry.wait(&entries, timeoutMilliseconds: limits.min()) == 0 { reporter.refresh() }
        try requireNoInterruption()
    }

    // MARK: Files of the cache

    /// Where it is kept what was read of a context; nil for one that has no name by which it is found again.
    func digestCache(of origin: String) throws -> String? {
        guard !origin.isEmpty else { return nil }
        let directory = engine.paths.buildCache + "/digests"
        try Directory.create(directory)
        return "\(directory)/\(SHA256.hexDigest(of: origin.utf8).prefix(32))"
    }

    // MARK: Steps

    func report(_ event: BuildEvent) { reporter.report(event) }

    /// Begins a step; ``end(_:_:)`` has to follow.
    func begin(_ kind: BuildStep.Kind, _ title: String) -> BuildStep {
        stepCount += 1
        let step = BuildStep(number: stepCount, kind: kind, title: title, platform: platform?.description)
        reporter.report(.started(step))
        return step
    }

    func end(_ step: BuildStep, _ outcome: BuildOutcome) { reporter.report(.finished(step, outcome)) }

    func note(_ step: BuildStep, _ text: String) { reporter.report(.note(step, text)) }

    /// Does something as a step of its own, which fails with it.
    func step<Result>(_ kind: BuildStep.Kind, _ title: String, _ body: (BuildStep) throws -> Result) throws -> Result {
        let step = begin(kind, title)
        do {
            let result = try body(step)
            end(step, .done)
            return result
        } catch {
            end(step, .failed("\(error)"))
            throw error
        }
    }
}
