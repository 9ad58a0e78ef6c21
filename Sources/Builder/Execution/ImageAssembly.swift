import Dockerfile
import ImageStore
import Linux
import Metadata
import OCI

/// Makes an image of what a stage has become.
struct ImageAssembly {
    let session: BuildSession

    /// The configuration of the stage's image, as BuildKit writes it.
    func configuration(of state: StageState) -> ImageConfig {
        var config = ImageConfig(platform: state.platform, diffIDs: state.diffIDs, config: state.configuration.config)
        for label in session.request.labels.pairs { config.config.labels[label.name] = label.value }
        config.author = state.configuration.author
        config.history = Self.timed(state.history)
        if session.request.cachesInline, !state.steps.isEmpty {
            config.buildCache = BuildCacheDocument(of: state.steps, inline: state.layers).inline
        }
        config.created = session.epoch != nil ? session.created : config.history.last?.created
        return config
    }

    /// Of the configuration alone: what a build has that makes no image.
    func descriptor(of state: StageState) throws(StoreError) -> Descriptor {
        try Descriptor(mediaType: .imageConfig, of: configuration(of: state).json.bytes())
    }

    /// Whether the store has the image.
    func isThere(_ state: StageState) throws(StoreError) -> Bool { try session.store.image(of: configuration(of: state)) != nil }

    /// Enters the image and gives it its names. One that is there and has them costs nothing.
    func enter(_ state: StageState, names: [Reference]) throws -> ImageRecord {
        let config = configuration(of: state)
        let known = try session.store.image(of: config)
        let record = if let known { known } else { try register(config, state, named: names.first) }
        // A new one has the first already.
        for name in known == nil ? names.dropFirst() : names[...] where try session.store.image(named: name)?.id != record.id {
            try session.store.tag(record.id, as: name, at: RealTime.now)
            session.engine.noteTagged(record.id, as: name)
        }
        return record
    }

    private func register(_ config: ImageConfig, _ state: StageState, named name: Reference?) throws -> ImageRecord {
        try session.keep(state.layers)
        let registered = try session.store.register(
            config, layers: state.layers.map(\.blob), isDocker: state.isDocker, reference: name?.withDefaultTag, lease: try session.lease())
        guard let record = try session.store.image(registered.id) else { throw StoreError.noSuchImage("\(registered.id)") }
        if let name { session.engine.noteTagged(record.id, as: name) }
        return record
    }

    /// Gives each entry a time: one without a layer has that of the layer before it, before the first new layer that one's.
    ///
    /// - SeeAlso: BuildKit, exporter/containerimage/writer.go, `normalizeLayersAndHistory`.
    static func timed(_ history: [HistoryEntry]) -> [HistoryEntry] {
        var history = history
        // Of the first new layer; else of the base's last.
        var time: String?
        var hasPassedUntimed = false
        for entry in history {
            guard let created = entry.created else {
                hasPassedUntimed = true
                continue
            }
            time = created
            if hasPassedUntimed { break }
        }
        hasPassedUntimed = false
        for index in history.indices {
            if let created = history[index].created {
                if hasPassedUntimed { time = created }
            } else {
                hasPassedUntimed = true
                history[index].created = time
            }
        }
        return history
    }
}
