import Engine
import ImageClient
import ImageStore
import OCI

/// Brings the steps of a build to where `--cache-to` wants them. What an image carries itself is `ImageAssembly`'s.
struct CacheExport {
    let session: BuildSession
    let built: [BuiltPlatform]

    func run() throws {
        for destination in session.request.cacheDestinations {
            guard let place = destination.place else { continue }
            let step = session.begin(.export, "exporting cache to \(place)")
            do {
                try export(document(includingAll: destination.includesAll), to: place, destination.compression, step)
                session.end(step, .done)
            } catch {
                let failure = BuildError(error)
                guard destination.ignoresErrors else {
                    session.end(step, .failed(failure.message))
                    throw failure
                }
                try session.requireNoInterruption()
                session.note(step, "WARNING: the cache was not exported to \(place): \(failure.message)")
                session.end(step, .done)
            }
        }
    }

    /// - Parameter includesAll: Else what came to layers of the results alone.
    private func document(includingAll includesAll: Bool) -> BuildCacheDocument {
        BuildCacheDocument(
            of: built.flatMap { each in
                let layers = Set(each.state.diffIDs)
                return each.state.steps.filter { includesAll || layers.contains($0.layer) }
            })
    }

    private func export(_ document: BuildCacheDocument, to place: BuildCachePlace, _ compression: String, _ step: BuildStep) throws {
        guard !document.steps.isEmpty else { return session.note(step, "there is nothing to export: no step makes a layer") }
        try session.foreignCaches.fetch(document.layers.map(\.diffID), for: place)
        try session.engine.writeBuildCache(document, to: place, as: compression) { event in
            guard case .layer(let layer) = event, [.pushed, .existed, .mounted].contains(layer.status) else { return }
            session.note(step, "writing layer \(layer.id) done")
        }
    }
}
