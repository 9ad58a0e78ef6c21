import Dockerfile
import Engine
import Glibc
import Hashing
import Linux
import OCI

/// The directories that `RUN --mount=type=cache` gives, which outlive builds.
///
/// Each is `ROOT/build-cache/mounts/<key>-<n>/data`, with the ids of containers; `about.json` beside it says what it is of, and by its
/// time when it was used last. The key is made of the id and of what it begins with. Who uses one holds a lock (flock(2)) on the
/// directory above: alone, or with others who share it. A further one (`n` from 1 on) is for those who want one of their own while
/// another is in use.
public struct CacheDirectories: Sendable {
    private let root: String

    public init(_ paths: StorePaths) { root = paths.buildCache + "/mounts" }

    /// One of them, as it is listed.
    public struct Entry: Hashable, Sendable {
        /// Of its directory.
        public var name: String
        /// What the instruction calls it: `id`, or the target.
        public var id: String
        /// Of its files, in bytes.
        public var size: Int64
        /// Nanoseconds since 1970.
        public var lastUsed: Int64
        public var isInUse: Bool
    }

    /// A new one that is to begin with something.
    struct Seed {
        /// What it is, as a part of the directory's identity.
        var name: String
        /// Fills the directory, and gives it its owner and mode.
        var fill: (borrowing FileDescriptor) throws -> Void
    }

    // MARK: For builder prune

    public func entries() throws -> [Entry] {
        var entries: [Entry] = []
        for name in try names() {
            let path = "\(root)/\(name)"
            guard let about = try? FileDescriptor.contents(of: path + "/about.json", limit: 1 << 16), let data = try? FileDescriptor.directory(path + "/data")
            else { continue }
            let status = try FileDescriptor.status(of: path + "/about.json")
            let isInUse = try !FileDescriptor.directory(path).tryLockWhole()
            entries.append(
                Entry(
                    name: name, id: (try? JSON(parsing: about))?["id"]?.string ?? "", size: try data.treeSize(),
                    lastUsed: status.modified.seconds * 1_000_000_000 + Int64(status.modified.nanoseconds), isInUse: isInUse))
        }
        return entries.sorted { $0.name < $1.name }
    }

    /// Removes one that nobody uses.
    ///
    /// - Returns: False where somebody does.
    @discardableResult
    public func remove(_ entry: Entry) throws -> Bool {
        let path = "\(root)/\(entry.name)"
        guard let directory = try? FileDescriptor.directory(path) else { return true }
        guard try directory.tryLockWhole() else { return false }
        // At once, so that who is killed here leaves no half of one.
        let gone = "\(root)/\(Self.mark)\(RandomID.make().prefix(16))"
        try FileDescriptor.rename(path, to: gone)
        try Directory.removeTree(gone)
        return true
    }

    /// Of directories that are on their way out.
    private static let mark = ".gone-"

    private func names() throws -> [String] {
        guard let directory = try? FileDescriptor.directory(root) else { return [] }
        let names = try directory.names().map(\.description)
        // Left by one that was killed.
        for name in names where name.hasPrefix(Self.mark) { try directory.removeTree(name) }
        return names.filter { !$0.hasPrefix(".") }
    }

    // MARK: For RUN

    /// Takes the directory that a mount asks for.
    ///
    /// - Parameters:
    ///   - seed: What a new one begins with; nil for nothing.
    ///   - renewed: For `--no-cache`: one that is not among them is to begin anew where nobody else uses it.
    /// - Returns: Nil while others have it.
    func take(_ mount: Dockerfile.RunMount.Cache, seed: Seed?, renewed: RenewedCaches? = nil) throws -> CacheDirectory? {
        let key = SHA256.hexDigest(of: "\(mount.id)\0\(seed?.name ?? "")".utf8).prefix(32)
        try Directory.create(root)
        var number = 0
        while true {
            let path = "\(root)/\(key)-\(number)"
            try Directory.create(path)
            let directory = try FileDescriptor.directory(path)
            if try directory.tryLockWhole() {
                // Somebody may have removed it between the two.
                guard try isStillThere(directory, path) else { continue }
                try prepare(path, mount, seed, isFresh: renewed?.insert(path) ?? false)
                if mount.sharing == .shared { _ = try directory.tryLockWholeShared() }
                return CacheDirectory(path: path + "/data", lock: directory)
            }
            switch mount.sharing {
            case .private: number += 1
            case .locked: return nil
            case .shared:
                guard try directory.tryLockWholeShared() else { return nil }
                guard try isStillThere(directory, path), access(path + "/data", F_OK) == 0 else { continue }
                return CacheDirectory(path: path + "/data", lock: directory)
            }
        }
    }

    private func isStillThere(_ directory: borrowing FileDescriptor, _ path: String) throws(SystemCallError) -> Bool {
        let own = try directory.status().inode
        return (try? FileDescriptor.status(of: path))?.inode == own
    }

    /// Makes the directory where it isn't there; whoever is killed before it is whole leaves nothing that counts.
    private func prepare(_ path: String, _ mount: Dockerfile.RunMount.Cache, _ seed: Seed?, isFresh: Bool) throws {
        if isFresh { try Directory.removeTree(path + "/data") }
        if access(path + "/data", F_OK) != 0 {
            try Directory.removeTree(path + "/new")
            try Directory.create(path + "/new")
            let new = try FileDescriptor.directory(path + "/new")
            if let seed {
                try seed.fill(new)
            } else {
                try new.changeOwner(userID: mount.userID, groupID: mount.groupID)
                try new.changeMode(mount.mode)
            }
            try FileDescriptor.rename(path + "/new", to: path + "/data")
        }
        let about: JSON = ["id": .string(mount.id), "from": .string(seed?.name ?? "")]
        try FileDescriptor.replaceContents(of: path + "/about.json", with: about.bytes())
    }
}

/// The cache directories that a build without the cache has begun anew: its further steps find what the first one left.
public final class RenewedCaches {
    private var paths: Set<String> = []

    public init() {}

    /// - Returns: Whether it wasn't among them.
    func insert(_ path: String) -> Bool { paths.insert(path).inserted }
}

/// A cache directory that is in use for as long as this value, or whoever got its lock, lives.
final class CacheDirectory {
    /// Absolute.
    let path: String
    let lock: FileDescriptor

    init(path: String, lock: consuming FileDescriptor) {
        self.path = path
        self.lock = lock
    }
}
