import Linux
import SQLite

/// What the database can't do, as a fact.
public enum MetadataError: Error, Hashable, Sendable, CustomStringConvertible {
    case database(SQLiteError)
    case system(SystemCallError)
    /// The store was written by a newer Hako.
    case newerStore(version: Int64, supported: Int64)
    /// A column that holds what Hako doesn't write there.
    case malformed(column: String, value: String)

    case containerNameInUse(name: String, by: String)
    case containerIDInUse(String)
    case noSuchContainer(String)
    /// Every range of host ids of this store is some container's.
    case noFreeIDRange
    /// More than one id begins so.
    case ambiguousPrefix(String)

    case networkNameInUse(String)
    case networkInUse(name: String, by: [String])
    case noFreeAddress(network: String)
    case addressInUse(network: String)
    case portInUse(PublishedPort, by: String)

    case noSuchVolume(String)
    case volumeInUse(name: String, by: [String])

    case noSuchImage(String)
    /// Containers were made of it.
    case imageInUse(by: [String])
    /// A blob or layer that the image needs isn't in the store: it was never written, or was collected.
    case missing(StoredName)

    /// Somebody else held the database's lock for too long.
    public var isBusy: Bool { if case .database(let error) = self { error.kind == .busy } else { false } }

    public var description: String {
        switch self {
        case .database(let error): "\(error)"
        case .system(let error): "\(error)"
        case .newerStore(let version, let supported):
            "the store has version \(version), this program knows up to \(supported)"
        case .malformed(let column, let value): "the database has \(value) as \(column)"
        case .containerNameInUse(let name, let id): "the name \(name) is used by container \(id)"
        case .containerIDInUse(let id): "the id \(id) is used by a container"
        case .noSuchContainer(let name): "no such container: \(name)"
        case .noFreeIDRange: "no range of host ids is free"
        case .ambiguousPrefix(let prefix): "more than one id begins with \(prefix)"
        case .networkNameInUse(let name): "the name \(name) is used by a network"
        case .networkInUse(let name, let containers): "network \(name) is used by \(containers.count) containers"
        case .noFreeAddress(let network): "no address is free in network \(network)"
        case .addressInUse(let network): "the address is in use in network \(network)"
        case .portInUse(let port, let id): "\(port) is published by container \(id)"
        case .noSuchVolume(let name): "no such volume: \(name)"
        case .volumeInUse(let name, let containers): "volume \(name) is used by \(containers.count) containers"
        case .noSuchImage(let name): "no such image: \(name)"
        case .imageInUse(let containers): "the image is used by \(containers.count) containers"
        case .missing(let name): "\(name) is not in the store"
        }
    }
}
