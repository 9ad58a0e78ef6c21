import OCI
import SQLite

/// What the store knows of a container; what it was asked to be is its spec, which is read apart.
public struct ContainerRecord: Hashable, Sendable {
    /// 64 hexadecimal digits.
    public var id: String
    public var name: String
    /// Its byte in the file of locks.
    public var slot: Int64
    /// Its range of 65,536 host ids; nil with the host's user namespace.
    public var idSlot: Int64?
    public var image: ImageID
    /// As the user named it.
    public var imageName: String
    /// Nanoseconds since 1970.
    public var created: Int64
    /// Entrypoint and command, joined by spaces: for showing.
    public var command: String
    public var state: ContainerState
    public var autoRemove: Bool
    public var networkMode: String
    /// A JSON object of strings. Text, because most commands never look into it.
    public var labels: String
    /// JSON text; what it means is the engine's business.
    public var ports: String
    /// How often its restart policy has started it since somebody did.
    public var restarts: Int64 = 0
    /// Whether somebody ended it: then its restart policy doesn't start it again.
    public var isStopped = false
    /// `starting`, `healthy` or `unhealthy`; empty without a health check, and before the first start.
    public var health = ""
}

/// Where in its life a container is.
public struct ContainerState: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable {
        case created, running, paused, restarting, removing, exited, dead
    }

    public var status: Status
    /// Whether there is a process: the container runs, paused or not.
    public var hasProcess: Bool { status == .running || status == .paused }
    /// Whether it is there to be used: it has a process, or will have one again in a moment.
    public var isUp: Bool { hasProcess || status == .restarting }
    /// 0 unless it runs.
    public var pid: Int64
    public var exitCode: Int64
    /// Nanoseconds since 1970; nil if it never did.
    public var started: Int64?
    public var finished: Int64?
    public var oomKilled: Bool
    /// Why the last start failed; empty if it didn't.
    public var error: String

    public init(
        status: Status = .created, pid: Int64 = 0, exitCode: Int64 = 0, started: Int64? = nil, finished: Int64? = nil,
        oomKilled: Bool = false, error: String = ""
    ) {
        self.status = status
        self.pid = pid
        self.exitCode = exitCode
        self.started = started
        self.finished = finished
        self.oomKilled = oomKilled
        self.error = error
    }
}

/// What `create` decides about a container; the database adds its slots.
public struct NewContainer: Hashable, Sendable {
    public var id: String
    public var name: String
    public var image: ImageID
    public var imageName: String
    public var created: Int64
    public var command: String
    public var autoRemove: Bool
    public var networkMode: String
    public var labels: String
    public var ports: String
    /// The whole request, as its owner writes it.
    public var spec: [UInt8]
    /// Volumes that are new, and come with the container or not at all.
    public var volumes: [VolumeRecord] = []
    /// The volumes that it uses, the new ones too.
    public var volumeUses: [VolumeUse] = []

    public init(
        id: String, name: String, image: ImageID, imageName: String, created: Int64, command: String,
        autoRemove: Bool = false, networkMode: String = "bridge", labels: String = "{}", ports: String = "[]",
        spec: [UInt8] = []
    ) {
        self.id = id
        self.name = name
        self.image = image
        self.imageName = imageName
        self.created = created
        self.command = command
        self.autoRemove = autoRemove
        self.networkMode = networkMode
        self.labels = labels
        self.ports = ports
        self.spec = spec
    }
}

extension ContainerRecord {
    static let columns = """
        id, name, slot, idSlot, image, imageName, created, command, status, pid, exitCode, started, finished, oomKilled,
        error, autoRemove, networkMode, labels, ports, restarts, stopped, health
        """

    init(_ row: Row) throws(MetadataError) {
        var reader = ContainerReader()
        self = try reader.read(row)
    }

    fileprivate init(_ row: Row, _ image: ImageID, after previous: ContainerRecord?) throws(MetadataError) {
        self.image = image
        id = row.text(0)
        name = row.text(1)
        slot = row.integer(2)
        idSlot = row.optionalInteger(3)
        imageName = row.text(5, like: previous?.imageName)
        created = row.integer(6)
        command = row.text(7, like: previous?.command)
        state = try ContainerState(row, from: 8)
        autoRemove = row.bool(15)
        networkMode = row.text(16)
        labels = row.text(17)
        ports = row.text(18)
        restarts = row.integer(19)
        isStopped = row.bool(20)
        health = row.text(21)
    }
}

/// Reads the rows of a list, one after the other. What a row says as the one before did, mostly its image, is not made anew.
struct ContainerReader {
    private var image: (text: String, id: ImageID)?
    private var previous: ContainerRecord?

    mutating func read(_ row: Row) throws(MetadataError) -> ContainerRecord {
        let text = row.text(4, like: image?.text)
        if image?.text != text { image = (text, try row.imageID(4, "containers.image")) }
        guard let image else { throw .malformed(column: "containers.image", value: text) }
        let record = try ContainerRecord(row, image.id, after: previous)
        previous = record
        return record
    }
}

extension ContainerState {
    /// From seven columns, of which `first` is the status.
    init(_ row: Row, from first: Int32) throws(MetadataError) {
        let name = row.text(first)
        guard let status = Status(rawValue: name) else {
            throw .malformed(column: "containers.status", value: name)
        }
        self.init(
            status: status, pid: row.integer(first + 1), exitCode: row.integer(first + 2),
            started: row.optionalInteger(first + 3), finished: row.optionalInteger(first + 4),
            oomKilled: row.bool(first + 5), error: row.text(first + 6))
    }

    static let assignments = "status=?, pid=?, exitCode=?, started=?, finished=?, oomKilled=?, error=?"

    var values: [Value] {
        [
            .text(status.rawValue), .integer(pid), .integer(exitCode), Value(started), Value(finished),
            Value(oomKilled), .text(error),
        ]
    }
}
