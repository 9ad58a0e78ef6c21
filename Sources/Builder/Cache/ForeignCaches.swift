import Engine
import Hashing
import ImageClient
import ImageStore
import Linux
import OCI

/// The caches that `--cache-from` names: somebody else's word on which step came to which layer.
///
/// They are read when the first step isn't in the store's own cache. A step that is found there has a layer that is only promised: it is
/// fetched, and verified, when something needs its files, the layers of a stage at once. Only then is the step entered in the store's
/// cache, under the keys by which it was asked for. A cache that doesn't keep a promise isn't used any more, and the build goes
/// back to where it was without it.
final class ForeignCaches {
    private unowned let session: BuildSession
    /// Those that can be used, once they were read.
    private var caches: [ForeignCache]?
    private var promises: [DiffID: Promise] = [:]

    private struct Promise {
        let cache: ForeignCache
        let layer: BuildCacheDocument.Layer
        /// Enters the steps that came to it in the store's cache.
        var enter: [() throws -> Void] = []
    }

    init(_ session: BuildSession) { self.session = session }

    // MARK: Asking

    /// What one of them has for a step.
    func step(_ key: StepKey) throws -> ForeignStep? {
        for cache in try caches ?? read() {
            guard var step = cache.step(key) else { continue }
            // Two of them may have one layer as different blobs.
            if let promise = promises[step.layer.diffID] { step.layer = promise.layer }
            return step
        }
        return nil
    }

    /// All keys by which a cache that was read knows a step that came to this layer.
    func keys(by key: StepKey, of layer: DiffID) -> [String]? {
        caches?.lazy.compactMap { $0.step(key) }.first { $0.layer.diffID == layer }?.keys
    }

    /// Notes that a step's layer is counted on.
    ///
    /// - Parameter enter: Is called once the layer is in the store.
    func count(on step: ForeignStep, _ enter: @escaping () throws -> Void) throws {
        let layer = step.layer
        if promises[layer.diffID] == nil {
            try keep(layer)
            if try isHere(layer) { return try enter() }
        }
        promises[layer.diffID, default: Promise(cache: step.cache, layer: layer)].enter.append(enter)
    }

    private func isHere(_ layer: BuildCacheDocument.Layer) throws -> Bool {
        try session.store.size(of: layer.diffID) != nil && session.store.hasBlob(layer.blob.digest)
    }

    /// From now on, whether it is there yet or not.
    private func keep(_ layer: BuildCacheDocument.Layer) throws {
        let lease = try session.lease()
        try session.store.expect(.layer(layer.diffID), under: lease)
        try session.store.expect(.blob(layer.blob.digest), under: lease)
    }

    private func read() throws -> [ForeignCache] {
        var read: [ForeignCache] = []
        for place in session.request.cacheSources {
            let step = session.begin(.preparation, "importing cache manifest from \(place)")
            do { read.append(ForeignCache(place, try document(at: place))) } catch {
                try session.requireNoInterruption()
                session.note(step, "WARNING: the cache \(place) is not used: \(BuildError(error).message)")
            }
            session.end(step, .done)
        }
        caches = read
        return read
    }

    private func document(at place: BuildCachePlace) throws -> BuildCacheDocument {
        // An image that is here tells for itself, as with Docker.
        if case .registry(let reference) = place, let record = try session.store.image(named: reference) {
            let config = try session.store.configuration(of: record.id)
            if let document = try BuildCacheDocument(inlineOf: config, try session.store.manifest(of: record)) { return document }
        }
        return try session.engine.readBuildCache(place, platforms: session.request.platforms.map(Builder.platform))
    }

    // MARK: Fetching

    /// Has these layers be in the store, where they were only promised.
    func fetch(_ layers: [DiffID]) throws {
        guard !promises.isEmpty else { return }
        for cache in caches ?? [] {
            var wanted: [DiffID] = []
            for layer in layers where promises[layer]?.cache === cache && !wanted.contains(layer) { wanted.append(layer) }
            if !wanted.isEmpty { try fetch(wanted, from: cache) }
        }
    }

    private func fetch(_ wanted: [DiffID], from cache: ForeignCache) throws {
        let layers = wanted.compactMap { promises[$0]?.layer }
        let step = session.begin(.preparation, "pulling \(layers.count == 1 ? "a layer" : "\(layers.count) layers") of the cache \(cache.place)")
        do {
            try session.engine.fetchBuildCache(layers, from: cache.place) { event in
                if case .layer(let layer) = event, layer.status == .complete { session.note(step, "\(layer.id) done") }
            }
            session.end(step, .done)
        } catch {
            try session.requireNoInterruption()
            session.note(step, "WARNING: the cache \(cache.place) is not used any more: \(BuildError(error).message)")
            session.end(step, .done)
            caches?.removeAll { $0 === cache }
            promises = promises.filter { $0.value.cache !== cache }
            // Every time there is one cache fewer.
            session.isToBeginAnew = true
            throw error
        }
        for layer in wanted {
            for enter in promises.removeValue(forKey: layer)?.enter ?? [] { try enter() }
        }
    }

    // MARK: Handing on

    /// Has these layers be in the store that are to go to another place, but for those which are there already.
    func fetch(_ layers: [DiffID], for place: BuildCachePlace) throws {
        try fetch(layers.filter { layer in promises[layer].map { !$0.cache.place.sharesBlobs(with: place) } ?? false })
    }
}

/// One cache of somebody else, as it was read.
final class ForeignCache {
    let place: BuildCachePlace
    private let layers: [BuildCacheDocument.Layer]
    private var steps: [String: BuildCacheDocument.Step] = [:]

    init(_ place: BuildCachePlace, _ document: BuildCacheDocument) {
        self.place = place
        layers = document.layers
        for step in document.steps {
            for key in step.keys where steps[key] == nil { steps[key] = step }
        }
    }

    func step(_ key: StepKey) -> ForeignStep? {
        guard let step = steps[key.text] else { return nil }
        return ForeignStep(cache: self, layer: layers[step.layer], created: step.created.nanoseconds, keys: step.keys)
    }
}

/// What somebody else says of a step.
struct ForeignStep {
    let cache: ForeignCache
    var layer: BuildCacheDocument.Layer
    /// Nanoseconds since 1970.
    let created: Int64
    /// All by which it is known there.
    let keys: [String]
}

extension StepKey {
    /// In hexadecimal digits.
    var text: String { hexadecimal(bytes) }
}

extension BuildCachePlace {
    /// Whether what has its blobs in one has them in the other.
    fileprivate func sharesBlobs(with other: BuildCachePlace) -> Bool {
        switch (self, other) {
        case (.registry(let own), .registry(let other)): own.name == other.name
        case (.layout(let own, _), .layout(let other, _)): own == other
        default: false
        }
    }
}
