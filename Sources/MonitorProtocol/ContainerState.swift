import OCI

/// What is known of a container that was started at least once: `state.json` in the bundle, replaced by rename.
public struct ContainerState: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable {
        case running, exited
        /// The container ended while no monitor watched it.
        case unknown
    }

    public var status: Status
    /// Of the container's first process, on the host; 0 once it has ended.
    public var pid: Int32
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    /// As a shell tells it: 128 + n for signal n.
    public var exitCode: Int32
    /// Whether the kernel killed a process of it for want of memory.
    public var oomKilled: Bool
    /// Why it never started, or what went wrong while it ran; empty for nothing.
    public var error: String
    /// /proc/sys/kernel/random/boot_id: a running container of another boot isn't running.
    public var bootID: String

    public init(
        status: Status, pid: Int32 = 0, startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil, exitCode: Int32 = 0,
        oomKilled: Bool = false, error: String = "", bootID: String
    ) {
        self.status = status
        self.pid = pid
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.exitCode = exitCode
        self.oomKilled = oomKilled
        self.error = error
        self.bootID = bootID
    }

    public init(json: JSON) throws(FieldError) {
        guard let status = Status(rawValue: try json.requiredString("status")) else {
            throw FieldError("status", "must be running, exited or unknown")
        }
        self.init(
            status: status, pid: try json.requiredInteger("pid"), startedAt: try Self.time(json, "startedAt"),
            finishedAt: try Self.time(json, "finishedAt"), exitCode: try json.requiredInteger("exitCode"),
            oomKilled: try json.flag("oomKilled"), error: json["error"]?.string ?? "",
            bootID: try json.requiredString("bootID"))
    }

    private static func time(_ json: JSON, _ name: String) throws(FieldError) -> Timestamp? {
        guard let text = json[name]?.string, !text.isEmpty else { return nil }
        guard let time = Timestamp(parsing: text) else { throw FieldError(name, "must be an RFC 3339 time") }
        return time
    }

    public var json: JSON {
        [
            "status": .string(status.rawValue), "pid": .integer(Int64(pid)),
            "startedAt": .string(startedAt?.description ?? ""), "finishedAt": .string(finishedAt?.description ?? ""),
            "exitCode": .integer(Int64(exitCode)), "oomKilled": .bool(oomKilled), "error": .string(error),
            "bootID": .string(bootID),
        ]
    }
}

/// How a container ended, as every client of its monitor is told.
public struct ContainerExit: Hashable, Sendable {
    /// As a shell tells it: 128 + n for signal n.
    public var exitCode: Int32
    public var oomKilled: Bool

    public init(exitCode: Int32, oomKilled: Bool) {
        self.exitCode = exitCode
        self.oomKilled = oomKilled
    }

    public init(json: JSON) throws(FieldError) {
        self.init(exitCode: try json.requiredInteger("exitCode"), oomKilled: try json.flag("oomKilled"))
    }

    public var json: JSON { ["exitCode": .integer(Int64(exitCode)), "oomKilled": .bool(oomKilled)] }
}
