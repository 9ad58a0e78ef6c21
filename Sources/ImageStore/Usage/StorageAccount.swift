import Metadata
import OCI

/// Which images and steps of builds hold which blobs and layers, and how much these take, from one moment.
public struct StorageAccount: Sendable {
    public typealias Holder = Holding.Holder

    private var sizes: [StoredName: Int64]
    private var holders: [StoredName: Set<Holder>] = [:]
    private var items: [Holder: Set<StoredName>] = [:]

    init(sizes: [StoredName: Int64], holdings: [Holding]) {
        self.sizes = sizes
        for holding in holdings {
            holders[holding.name, default: []].insert(holding.holder)
            items[holding.holder, default: []].insert(holding.name)
        }
    }

    /// All that is kept: blobs as they came and unpacked layers, in bytes.
    public var total: Int64 { sum(sizes.keys) }

    /// The same without what only steps of builds hold.
    public var totalOfImages: Int64 {
        sum(sizes.keys.lazy.filter { name in
            guard let holders = holders[name], !holders.isEmpty else { return true }
            return holders.contains { if case .image = $0 { true } else { false } }
        })
    }

    /// What would be freed if these images, and what nobody holds already, were gone.
    public func freed(by images: Set<ImageID>) -> Int64 {
        let gone = Set(images.map(Holder.image))
        return sum(sizes.keys.lazy.filter { (holders[$0] ?? []).isSubset(of: gone) })
    }

    /// What each of these steps would free, if they went in this order and these images were gone.
    public func freed(bySteps keys: [[UInt8]], without images: Set<ImageID> = []) -> [Int64] {
        let gone = Set(images.map(Holder.image))
        var left: [StoredName: Set<Holder>] = [:]
        return keys.map { key in
            sum((items[.step(key)] ?? []).filter { name in
                var others = left[name] ?? (holders[name] ?? []).subtracting(gone)
                others.remove(.step(key))
                left[name] = others
                return others.isEmpty
            })
        }
    }

    /// What a step's layer and blob take, and whether an image has the layer, too.
    public func step(_ key: [UInt8]) -> (size: Int64, isShared: Bool) {
        (sum(items[.step(key)] ?? []), isShared(key, without: []))
    }

    /// Whether an image has a step's layer, if these were gone.
    public func isShared(_ key: [UInt8], without images: Set<ImageID>) -> Bool {
        (items[.step(key)] ?? []).contains { $0.kind == .layer && !imageHolders(of: $0).subtracting(images).isEmpty }
    }

    /// What an image's layers take unpacked, and how much of that other images have as well.
    public func layers(of image: ImageID) -> (total: Int64, shared: Int64) {
        let layers = (items[.image(image)] ?? []).filter { $0.kind == .layer }
        return (sum(layers), sum(layers.filter { imageHolders(of: $0).count > 1 }))
    }

    /// What an image's blobs take.
    public func blobs(of image: ImageID) -> Int64 { sum((items[.image(image)] ?? []).filter { $0.kind == .blob }) }

    /// The images that a layer is part of.
    public func images(with layer: DiffID) -> Set<ImageID> { imageHolders(of: .layer(layer)) }

    private func imageHolders(of name: StoredName) -> Set<ImageID> {
        Set((holders[name] ?? []).compactMap { if case .image(let id) = $0 { id } else { nil } })
    }

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
