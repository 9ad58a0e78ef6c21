import ImageStore
import OCI

/// An image's layers, the bottom one first.
public struct ImageTreeReport: Sendable {
    public struct Layer: Sendable {
        public var use: LayerUse
        /// The step that made it; empty where the image doesn't say.
        public var createdBy: String
        /// Other images with it.
        public var sharers: [Sharer]
    }

    public struct Sharer: Hashable, Sendable {
        public var id: ImageID
        public var name: Reference?
    }

    public var id: ImageID
    /// As it was asked for.
    public var name: String
    public var layers: [Layer]
    /// How many bytes of its layers other images have, too.
    public var shared: Int64
}

/// What an image takes, layer by layer.
public struct ImageUsage: Sendable {
    public var image: StoredImage
    /// Of its unpacked layers, and of its blobs as they came; in bytes.
    public var size: Int64
    public var blobs: Int64
    /// Whether some container was made of it.
    public var isUsed: Bool
    /// The bottom one first, with its size and the number of images that have it.
    public var layers: [(diffID: DiffID, size: Int64, images: Int)]
}

extension Engine {
    /// What each layer of an image is to it, and to others. Reads all directories of the layers.
    public func layerTree(of name: String) throws(EngineError) -> ImageTreeReport {
        try onImages("read the layers of \(name)") { store throws(StoreError) in
            let record = try store.resolve(name).image
            let config = try store.configuration(of: record.id)
            let account = try store.storageAccount()
            let names = Dictionary(try store.images().map { ($0.id, $0.references.first) }) { one, _ in one }
            let steps = config.history.filter { !$0.isEmptyLayer }
            let uses = try store.layerUse(of: record.id)
            let layers = uses.enumerated().map { index, use in
                let others = account.images(with: use.diffID).subtracting([record.id])
                let sharers = others.map { ImageTreeReport.Sharer(id: $0, name: names[$0] ?? nil) }
                return ImageTreeReport.Layer(
                    use: use, createdBy: steps.count == uses.count ? steps[index].createdBy ?? "" : "",
                    sharers: sharers.sorted { ($0.name?.description ?? "~", $0.id.hex) < ($1.name?.description ?? "~", $1.id.hex) })
            }
            return ImageTreeReport(
                id: record.id, name: name, layers: layers, shared: account.layers(of: record.id).shared)
        }
    }

    /// What images take; nothing is read but the database.
    public func diskUsage(of images: [StoredImage]) throws(EngineError) -> [ImageUsage] {
        let used = Set(try containers().map(\.image))
        return try onImages("add up the images") { store throws(StoreError) in
            let account = try store.storageAccount()
            var usages: [ImageUsage] = []
            for image in images {
                var layers: [(diffID: DiffID, size: Int64, images: Int)] = []
                for layer in try store.configuration(of: image.id).diffIDs {
                    layers.append((layer, try store.layerSize(layer) ?? 0, account.images(with: layer).count))
                }
                usages.append(
                    ImageUsage(
                        image: image, size: account.layers(of: image.id).total, blobs: account.blobs(of: image.id),
                        isUsed: used.contains(image.id), layers: layers))
            }
            return usages
        }
    }
}
