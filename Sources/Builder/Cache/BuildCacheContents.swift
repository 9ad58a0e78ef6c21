import Engine
import Hashing
import ImageStore
import Linux
import Metadata
import OCI

/// A thing that the build cache keeps, as `builder du` shows it.
public struct BuildCacheEntry: Hashable, Sendable {
    /// BuildKit's names of them.
    public enum Kind: String, Hashable, Sendable {
        /// The layer of a step.
        case regular
        /// The directory of a `RUN --mount=type=cache`.
        case cacheMount = "exec.cachemount"
    }

    /// For people, and to be named in a filter.
    public let id: String
    public let kind: Kind
    /// `RUN make`.
    public let title: String
    /// In bytes: of the files and of the layer's archive.
    public let size: Int64
    /// An image has the layer, too, so that it stays when the entry goes.
    public let isShared: Bool
    /// A build that runs has it.
    public let isInUse: Bool
    /// Nanoseconds since 1970; nil where that isn't known.
    public let created: Int64?
    public let lastUsed: Int64
    public let uses: Int64
    /// Those that lead to it; none for a cache mount.
    let keys: [[UInt8]]
    /// The directory of a cache mount.
    var directory: CacheDirectories.Entry?
}

/// Which entries of the cache a prune takes, those first that were used longest ago.
public struct BuildCacheSelection: Sendable {
    /// Also those whose layers images have.
    public var takesShared = false
    /// Only what wasn't used since: nanoseconds since 1970.
    public var unusedSince: Int64?
    /// As many bytes as may stay.
    public var keptStorage: Int64 = 0
    /// What filters ask for; nil where there are none.
    public var isWanted: (@Sendable (BuildCacheEntry) -> Bool)?

    public init() {}

    /// Whether filters ask for this entry.
    public func takes(_ entry: BuildCacheEntry) -> Bool {
        (unusedSince.map { entry.lastUsed < $0 } ?? true) && (isWanted?(entry) ?? true)
    }
}

/// What a prune takes, or has taken.
public struct BuildCachePrune: Sendable {
    public var entries: [BuildCacheEntry] = []
    /// In bytes.
    public var reclaimed: Int64 = 0
}

/// What the cache of a store holds.
public struct BuildCacheContents {
    private let store: ImageStore
    private let account: StorageAccount
    private let paths: StorePaths
    /// Those first that were used last.
    public let entries: [BuildCacheEntry]

    public init(_ engine: Engine) throws {
        store = try engine.images()
        account = try store.storageAccount()
        paths = engine.paths
        var entries: [BuildCacheEntry] = []
        for same in Self.grouped(try store.database.cachedSteps()) {
            guard let (step, _) = same.first else { continue }
            let (size, isShared) = account.step(step.key)
            entries.append(
                BuildCacheEntry(
                    id: String(hexadecimal(step.key).prefix(25)), kind: .regular, title: step.title, size: size, isShared: isShared,
                    isInUse: same.contains { $0.isInUse }, created: step.created, lastUsed: step.lastUsed, uses: step.uses,
                    keys: same.map(\.step.key)))
        }
        entries += try CacheDirectories(paths).entries().map(BuildCacheEntry.init)
        self.entries = entries.sorted { $0.lastUsed > $1.lastUsed }
    }

    /// Several keys may lead to what one step has made.
    private static func grouped(
        _ steps: [(step: CachedStepRecord, isInUse: Bool)]
    ) -> [[(step: CachedStepRecord, isInUse: Bool)]] {
        var groups: [[(step: CachedStepRecord, isInUse: Bool)]] = []
        var places: [String: Int] = [:]
        for entry in steps {
            let name = "\(entry.step.layer?.description ?? "") \(entry.step.title)"
            if let place = places[name] {
                groups[place].append(entry)
            } else {
                places[name] = groups.count
                groups.append([entry])
            }
        }
        return groups
    }

    /// What the entries take that no image has, each layer counted once, in bytes.
    public func unsharedSize(of entries: [BuildCacheEntry]) -> Int64 { freed(by: entries).reduce(0, &+) }

    /// What each would free if they went in this order and these images were gone.
    private func freed(by entries: [BuildCacheEntry], without images: Set<ImageID> = []) -> [Int64] {
        var sizes = account.freed(bySteps: entries.flatMap(\.keys), without: images)[...]
        return entries.map { entry in
            defer { sizes = sizes.dropFirst(entry.keys.count) }
            if let directory = entry.directory { return directory.size }
            return sizes.prefix(entry.keys.count).reduce(0, &+)
        }
    }

    /// What a prune would take.
    ///
    /// - Parameter images: Those that go before.
    public func plan(_ selection: BuildCacheSelection, without images: Set<ImageID> = []) -> BuildCachePrune {
        let candidates = entries.reversed().filter { entry in
            !entry.isInUse && (selection.takesShared || !isShared(entry, without: images)) && selection.takes(entry)
        }
        var left = freed(by: entries, without: images).reduce(0, &+)
        var plan = BuildCachePrune()
        for (entry, size) in zip(candidates, freed(by: candidates, without: images)) {
            if selection.keptStorage > 0, left <= selection.keptStorage { break }
            plan.entries.append(entry)
            plan.reclaimed += size
            left -= size
        }
        return plan
    }

    private func isShared(_ entry: BuildCacheEntry, without images: Set<ImageID>) -> Bool {
        entry.isShared && entry.keys.contains { account.isShared($0, without: images) }
    }

    /// Takes it, with the layers that nobody has then.
    public func prune(_ selection: BuildCacheSelection) throws -> BuildCachePrune {
        var plan = plan(selection)
        let deleted = Set(try store.database.deleteCachedSteps(plan.entries.flatMap(\.keys)))
        let directories = CacheDirectories(paths)
        plan.entries = try plan.entries.filter { entry in
            if let directory = entry.directory { return try directories.remove(directory) }
            return entry.keys.contains { deleted.contains($0) }
        }
        plan.reclaimed = plan.entries.reduce(0) { $0 + ($1.directory?.size ?? 0) }
        plan.reclaimed += try store.collectUnheld()
        try removeNotes("digests", all: plan.entries.count == entries.count)
        try removeNotes("downloads", all: selection.isWanted == nil && selection.unusedSince == nil && selection.keptStorage == 0)
        return plan
    }

    /// What was read of contexts, and what addresses have answered, is found out again when it is needed.
    ///
    /// - Parameter all: Else those alone that no build has changed for thirty days.
    private func removeNotes(_ name: String, all: Bool) throws {
        guard let directory = try? FileDescriptor.directory(paths.buildCache + "/" + name) else { return }
        let oldest = RealTime.now / 1_000_000_000 - 30 * 86_400
        for name in try directory.names() where try all || directory.status(of: name).modified.seconds < oldest {
            try directory.unlink(name)
        }
    }
}

extension BuildCacheEntry {
    /// A directory of `RUN --mount=type=cache`.
    fileprivate init(_ directory: CacheDirectories.Entry) {
        self.init(
            id: String(SHA256.hexDigest(of: directory.name.utf8).prefix(25)), kind: .cacheMount, title: "cached mount \(directory.id)",
            size: directory.size, isShared: false, isInUse: directory.isInUse, created: nil, lastUsed: directory.lastUsed, uses: 0, keys: [],
            directory: directory)
    }
}
