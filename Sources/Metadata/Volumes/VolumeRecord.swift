import SQLite

/// A directory, or a file system, that outlives the containers that use it.
public struct VolumeRecord: Hashable, Sendable {
    public var name: String
    public var driver: String
    /// JSON objects of strings.
    public var options: String
    public var labels: String
    /// Nanoseconds since 1970.
    public var created: Int64

    public init(
        name: String, driver: String = "local", options: String = "{}", labels: String = "{}", created: Int64
    ) {
        self.name = name
        self.driver = driver
        self.options = options
        self.labels = labels
        self.created = created
    }

    static let columns = "name, driver, options, labels, created"

    init(_ row: Row) {
        self.init(
            name: row.text(0), driver: row.text(1), options: row.text(2), labels: row.text(3), created: row.integer(4))
    }

    var values: [Value] { [.text(name), .text(driver), .text(options), .text(labels), .integer(created)] }
}

/// That a container uses a volume: for as long as it is there, running or not, the volume stays.
public struct VolumeUse: Hashable, Sendable {
    public var volume: String
    /// The container didn't name it: it may go with the container.
    public var isAnonymous: Bool
    /// A JSON array: for each place in the container, what the event of the mount tells, an object of strings.
    public var mounts: String

    public init(volume: String, isAnonymous: Bool, mounts: String = "[]") {
        self.volume = volume
        self.isAnonymous = isAnonymous
        self.mounts = mounts
    }
}
