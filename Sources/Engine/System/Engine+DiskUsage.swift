import ImageStore
import Linux
import Metadata
import OCI

/// What a store takes on the disk, in bytes.
public struct DiskUsage: Sendable {
    public struct Image: Sendable {
        public var image: StoredImage
        /// Of its unpacked layers, and how much of that other images have as well.
        public var size: Int64
        public var shared: Int64
        /// Containers that were made of it.
        public var containers: Int
    }

    public struct Container: Sendable {
        public var record: ContainerRecord
        /// What it has written.
        public var size: Int64
        public var volumes: Int
    }

    public struct Volume: Sendable {
        public var record: VolumeRecord
        public var size: Int64
        /// Containers that use it.
        public var links: Int
    }

    public var images: [Image] = []
    /// Of the images' unpacked layers and of their blobs as they came.
    public var imageBytes: Int64 = 0
    /// What would be free without the images that no container was made of.
    public var reclaimableImageBytes: Int64 = 0
    public var containers: [Container] = []
    public var volumes: [Volume] = []
}

/// What a prune would take, in its order.
public struct PrunePlan: Sendable {
    public var images: [StoredImage] = []
    /// In bytes; an estimate for what is written to meanwhile.
    public var reclaimed: Int64 = 0
    public var containers = 0
    public var volumes = 0
    /// Entries of the build cache; it is the caller's to plan for.
    public var buildCache = 0
}

extension Engine {
    /// Adds up what images, containers and volumes take. As long as it takes to read all directories of what containers wrote
    /// and of volumes.
    public func diskUsage() throws(EngineError) -> DiskUsage {
        let records = try containers()
        let users = Dictionary(grouping: records, by: \.image)
        var usage = DiskUsage()
        let (all, account) = try onImages("add up the images") { store throws(StoreError) in
            (try store.images(), try store.storageAccount())
        }
        for image in all {
            let layers = account.layers(of: image.id)
            usage.images.append(
                DiskUsage.Image(
                    image: image, size: layers.total, shared: layers.shared, containers: users[image.id]?.count ?? 0))
        }
        usage.imageBytes = account.totalOfImages
        usage.reclaimableImageBytes = account.freed(by: Set(all.map(\.id)).subtracting(users.keys))
        let links = try onDatabase("list the volumes") { database throws(MetadataError) in try database.volumeLinks() }
        for record in records {
            let volumes = links.values.count { $0.contains(record.id) }
            usage.containers.append(DiskUsage.Container(record: record, size: try sizes(of: record).written, volumes: volumes))
        }
        for (record, _) in try volumes() {
            usage.volumes.append(
                DiskUsage.Volume(record: record, size: try volumeSize(record.name), links: links[record.name]?.count ?? 0))
        }
        return usage
    }

    // MARK: Before a prune

    /// What ``pruneImages(all:where:)`` would take.
    public func plannedImages(
        all: Bool, where isWanted: PruneCondition = { _, _ in true }
    ) throws(EngineError) -> PrunePlan {
        let mounted = try mountedImages()
        return try planned(try onImages("list the images") { store throws(StoreError) in
            try store.candidates(all ? .unused : .dangling)
        }.filter { isWanted($0.created, labels(ofThere: $0.id)) && mounted[$0.id.description] == nil })
    }

    private func planned(_ records: [ImageRecord]) throws(EngineError) -> PrunePlan {
        try onImages("add up the images") { store throws(StoreError) in
            var plan = PrunePlan()
            for record in records { plan.images.append(try store.storedImage(record)) }
            plan.reclaimed = try store.storageAccount().freed(by: Set(records.map(\.id)))
            return plan
        }
    }

    /// What ``prune(allImages:volumes:where:)`` would take: images count as unused of which only such containers were made.
    public func planned(
        allImages: Bool, volumes: Bool, where isWanted: PruneCondition = { _, _ in true }
    ) throws(EngineError) -> PrunePlan {
        let records = try containers()
        let going = records.filter { !$0.state.isUp && isWanted($0.created, $0.labelMembers) }
        let staying = Set(records.map(\.id)).subtracting(going.map(\.id))
        let used = Set(records.filter { staying.contains($0.id) }.map(\.image))
        let mounted = try mountedImages().filter { staying.contains($0.value.id) }
        let images = try listImages().filter {
            !used.contains($0.id) && mounted[$0.id.description] == nil && (allImages || $0.references.isEmpty)
                && isWanted($0.record.created, labels(ofThere: $0.id))
        }
        var plan = try planned(images.map(\.record))
        for record in going { plan.reclaimed += try sizes(of: record).written }
        plan.containers = going.count
        guard volumes else { return plan }
        let links = try onDatabase("list the volumes") { database throws(MetadataError) in try database.volumeLinks() }
        for (record, _) in try self.volumes()
        where record.isAnonymous && staying.isDisjoint(with: links[record.name] ?? []) && isWanted(nil, record.labelMembers) {
            plan.volumes += 1
            plan.reclaimed += try volumeSize(record.name)
        }
        return plan
    }
}
