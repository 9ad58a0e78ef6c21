import ImageStore
import OCI

/// One step of how an image came to be, as Docker's history has it.
public struct HistoryItem: Sendable {
    /// The image's for its last step; nobody knows those of the others.
    public var id: String
    /// Seconds since 1970; 0 where the image doesn't say.
    public var created: Int64
    public var createdBy: String
    public var tags: [String]
    /// Of the layer's files, in bytes; 0 for a step that changed the configuration alone.
    public var size: Int64
    public var comment: String
}

extension Engine {
    /// The steps that an image was made by, the last one first.
    ///
    /// - Parameter platform: That it must be for.
    public func history(of name: String, platform: String? = nil) throws(EngineError) -> [HistoryItem] {
        let wanted = try platform.map { text throws(EngineError) in try Self.platform(text) }
        let (image, config, sizes) = try onImages("read the history of \(name)") { store throws(StoreError) in
            let record = try store.resolve(name).image
            let config = try store.configuration(of: record.id)
            var sizes: [Int64] = []
            for layer in config.diffIDs { sizes.append(try store.layerSize(layer) ?? 0) }
            return (try store.storedImage(record), config, sizes)
        }
        if let wanted, !wanted.runs(config.platform) {
            throw EngineError(
                .notFound, "image with reference \(name) was found but does not provide the specified platform (\(wanted))")
        }
        var layers = sizes[...]
        var items = config.history.map { entry in
            HistoryItem(
                id: "<missing>", created: entry.created.flatMap(Timestamp.init(parsing:)).map { $0.nanoseconds / 1_000_000_000 } ?? 0,
                createdBy: entry.createdBy ?? "", tags: [], size: entry.isEmptyLayer ? 0 : layers.popFirst() ?? 0,
                comment: entry.comment ?? "")
        }
        guard !items.isEmpty else { return [] }
        items[items.count - 1].id = image.id.description
        items[items.count - 1].tags = image.references.map(\.familiar)
        return items.reversed()
    }
}
