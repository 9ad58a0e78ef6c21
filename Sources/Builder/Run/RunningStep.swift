import Dockerfile
import Engine
import Glibc
import ImageStore
import Linux
import OCI

/// What became of a RUN.
public struct RunOutcome: Sendable {
    public var exitCode: Int32
    /// The blob of what it has written; nil of a step that has failed, unless that is kept.
    public var layer: Descriptor?
    /// The last that it printed, some 16 KiB.
    public var lastOutput: [UInt8]
    /// Why it ended so, where that is known.
    public var advice: String?
}

/// A RUN that runs, or waits for a cache that another one has locked. It is looked after by who calls ``advance()``; when it is let
/// go of before its end, it ends, and nothing of it stays.
public final class RunningStep {
    private let run: RunStep
    private var request: StepRequest
    private let engine: Engine
    private let lease: Lease
    private let reporter: any BuildReporter
    private var caches: [CacheDirectory] = []
    private var container: StepContainer?
    private var agents: [AgentForwarder] = []
    private var lastOutput: [UInt8] = []
    private var isWaitingNoted = false

    private static let keptOutput = 16 << 10

    init(
        _ run: RunStep, _ request: StepRequest, engine: Engine, lease: Lease, reporter: any BuildReporter
    ) throws {
        self.run = run
        self.request = request
        self.engine = engine
        self.lease = lease
        self.reporter = reporter
    }

    /// What to wait for with poll(2) before ``advance()``; empty where it is to be called at once, or after ``pause``.
    public var descriptors: [PollEntry] {
        guard let container else { return [] }
        return [PollEntry(container.descriptor, .readable)] + agents.flatMap(\.entries)
    }

    /// How long to wait at most, in milliseconds; nil for as long as it takes.
    public var pause: CInt? { container == nil ? (isWaitingNoted ? 20 : 0) : nil }

    /// Does what can be done without waiting.
    ///
    /// - Returns: Nil until it has ended.
    public func advance() throws -> RunOutcome? {
        if container == nil {
            do throws(EngineError) {
                guard try start() else { return nil }
            } catch {
                // The image has no such account; the name of the step's container says nothing to anybody.
                if error.reason.hasPrefix("unable to find ") { throw run.failure(error.reason) }
                guard let code = Self.exitCode(error.kind) else { throw error }
                take(Array("\(error.reason)\(error.hint.map { ". " + $0 } ?? "")\n".utf8), isError: true)
                return RunOutcome(exitCode: code, layer: nil, lastOutput: lastOutput)
            }
        }
        guard let container else { return nil }
        for agent in agents { agent.serve() }
        try container.read { take($0, isError: $1) }
        guard let exit = container.exit else { return nil }
        let isKept = exit.exitCode == 0 || run.keepsFailedState
        let layer = isKept ? try adopt(container) : nil
        try engine.end(container)
        caches = []
        return RunOutcome(
            exitCode: Int32(clamping: exit.exitCode), layer: layer, lastOutput: lastOutput,
            advice: exit.oomKilled ? "It was killed for want of memory: give it more with --memory." : nil)
    }

    /// As a shell's.
    private static func exitCode(_ kind: EngineError.Kind) -> Int32? {
        switch kind {
        case .commandNotFound: 127
        case .commandNotExecutable: 126
        default: nil
        }
    }

    private func take(_ bytes: [UInt8], isError: Bool) {
        reporter.report(.output(run.step, isError: isError, bytes: bytes))
        lastOutput += bytes
        if lastOutput.count > 2 * Self.keptOutput { lastOutput.removeFirst(lastOutput.count - Self.keptOutput) }
    }

    private func adopt(_ container: StepContainer) throws -> Descriptor {
        let targets = request.mounts.map(\.target)
        let layers = try engine.images().lowerDirectories(of: run.layers)
        return try engine.adoptLayer(of: container, lease: lease, latestModified: run.latestModified) { written in
            try MountPoints(targets, over: layers).remove(from: written)
        }
    }

    // MARK: Its start

    /// - Returns: False where another has a cache that it needs.
    private func start() throws(EngineError) -> Bool {
        guard try takeCaches() else { return false }
        var whole = request
        whole.kept = caches.map { $0.lock.number }
        let started = try engine.start(whole)
        agents = zip(started.listeners, run.agentPaths).map { AgentForwarder($0, agent: $1) }
        container = started
        return true
    }

    /// All of them or none: who waits for one with another in hand could wait for ever.
    private func takeCaches() throws(EngineError) -> Bool {
        do {
            let directories = CacheDirectories(engine.paths)
            var mounts: [StepMount] = []
            for (index, mount) in run.instruction.mounts.enumerated() {
                guard case .cache(let cache) = mount else { continue }
                var seed: CacheDirectories.Seed?
                if let source = run.sources[index] { seed = self.seed(of: cache, source) }
                guard let taken = try directories.take(cache, seed: seed, renewed: run.usesCache ? nil : run.renewedCaches) else {
                    caches = []
                    noteWaiting(cache)
                    return false
                }
                caches.append(taken)
                mounts.append(StepMount(.host(taken.path), at: try run.target(cache.target), isReadOnly: cache.isReadOnly))
            }
            request.mounts += mounts
            return true
        } catch {
            caches = []
            if let error = error as? EngineError { throw error }
            throw EngineError(.system, cannot: "use a cache mount", because: "\(error)", cause: error)
        }
    }

    private func noteWaiting(_ cache: Dockerfile.RunMount.Cache) {
        if !isWaitingNoted { reporter.report(.note(run.step, "waiting for the cache mount \(cache.id)")) }
        isWaitingNoted = true
    }

    private func seed(of cache: Dockerfile.RunMount.Cache, _ source: RunStep.Source) -> CacheDirectories.Seed? {
        let name = "\(cache.from ?? "")\0\(cache.source)"
        switch source {
        case .layers(let layers):
            // A stage without files is nothing to begin with.
            guard !layers.isEmpty else { return nil }
            return CacheDirectories.Seed(name: name) { [engine] directory in
                try engine.copy(layers, path: cache.source, to: directory)
            }
        case .files(let fill):
            return CacheDirectories.Seed(name: name) { directory in
                _ = try fill(cache.source, "/proc/self/fd/\(directory.number)")
            }
        }
    }
}
