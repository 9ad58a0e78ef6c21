import Metadata
import OCI

/// Which images hold which blobs and layers, and how much these take, from one moment.
public struct StorageAccount: Sendable {
    private var sizes: [StoredName: Int64]
    private var holders: [StoredName: Set<ImageID>] = [:]
    private var items: [ImageID: Set<StoredName>] = [:]

    init(sizes: [StoredName: Int64], holdings: [Holding]) {
        self.sizes = sizes
        for holding in holdings {
            holders[holding.name, default: []].insert(holding.image)
            items[holding.image, default: []].insert(holding.name)
        }
    }

    /// All that is kept: blobs as they came and unpacked layers, in bytes.
    public var total: Int64 { sum(sizes.keys) }

    /// What would be freed if these images, and what nobody holds already, were gone.
    public func freed(by images: Set<ImageID>) -> Int64 {
        sum(sizes.keys.lazy.filter { (holders[$0] ?? []).isSubset(of: images) })
    }

    /// What an image's layers take unpacked, and how much of that other images have as well.
    public func layers(of image: ImageID) -> (total: Int64, shared: Int64) {
        let layers = (items[image] ?? []).filter { $0.kind == .layer }
        return (sum(layers), sum(layers.filter { (holders[$0] ?? []).count > 1 }))
    }

    /// What an image's blobs take.
    public func blobs(of image: ImageID) -> Int64 { sum((items[image] ?? []).filter { $0.kind == .blob }) }

    /// The images that a layer is part of.
    public func images(with layer: DiffID) -> Set<ImageID> { holders[.layer(layer)] ?? [] }

    private func sum(_ names: some Sequence<StoredName>) -> Int64 {
        names.reduce(0) { $0.addingReportingOverflow(sizes[$1] ?? 0).partialValue }
    }
}

extension ImageStore {
    public func storageAccount() throws(StoreError) -> StorageAccount {
        try asStoreError { () throws(MetadataError) in
            let (items, holdings) = try database.holdings()
            let sizes = Dictionary(items.map { ($0.name, $0.size) }) { one, _ in one }
            return StorageAccount(sizes: sizes, holdings: holdings)
        }
    }

    /// The size of an unpacked layer, in bytes; nil where it isn't there.
    public func layerSize(_ diffID: DiffID) throws(StoreError) -> Int64? { try stored(.layer(diffID))?.size }
}
