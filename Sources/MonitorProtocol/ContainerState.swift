import OCI

/// How a container ended last: `state.json` in its directory, which is not there while it runs.
public struct ContainerState: Hashable, Sendable {
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp
    /// As a shell tells it: 128 + n for signal n.
    public var exitCode: Int32
    /// Whether the kernel killed a process of it for want of memory.
    public var oomKilled: Bool
    /// What went wrong while it ran; empty for nothing.
    public var error: String

    public init(
        startedAt: Timestamp? = nil, finishedAt: Timestamp, exitCode: Int32 = 0, oomKilled: Bool = false, error: String = ""
    ) {
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.exitCode = exitCode
        self.oomKilled = oomKilled
        self.error = error
    }

    public init(json: JSON) throws(FieldError) {
        guard try json.requiredString("status") == "exited" else { throw FieldError("status", "must be exited") }
        self.init(
            startedAt: try json.time("startedAt"), finishedAt: try json.requiredTime("finishedAt"),
            exitCode: try json.requiredInteger("exitCode"), oomKilled: try json.flag("oomKilled"),
            error: json["error"]?.string ?? "")
    }

    public var json: JSON {
        [
            "status": "exited", "startedAt": .string(startedAt?.description ?? ""),
            "finishedAt": .string(finishedAt.description), "exitCode": .integer(Int64(exitCode)),
            "oomKilled": .bool(oomKilled), "error": .string(error),
        ]
    }
}

/// How a container ended, as every client of its monitor is told.
public struct ContainerExit: Hashable, Sendable {
    /// As a shell tells it: 128 + n for signal n.
    public var exitCode: Int32
    public var oomKilled: Bool
    /// False where the kernel told it nobody: before Linux 6.15 it does so of a container that was taken over. ``exitCode`` is 255 then.
    public var isKnown: Bool

    public init(exitCode: Int32, oomKilled: Bool, isKnown: Bool = true) {
        self.exitCode = exitCode
        self.oomKilled = oomKilled
        self.isKnown = isKnown
    }

    public init(json: JSON) throws(FieldError) {
        self.init(
            exitCode: try json.requiredInteger("exitCode"), oomKilled: try json.flag("oomKilled"),
            isKnown: !(try json.flag("unknown")))
    }

    public var json: JSON {
        var object: JSONObject = ["exitCode": .integer(Int64(exitCode)), "oomKilled": .bool(oomKilled)]
        if !isKnown { object["unknown"] = true }
        return .object(object)
    }

    /// What is said of an end that is not known.
    public static let unknown = "how it ended is unknown: its monitor was killed, and only Linux 6.15 and later tell the next one"
}
