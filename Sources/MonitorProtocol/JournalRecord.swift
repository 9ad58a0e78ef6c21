import OCI

/// One change of a container: a line of the journal.
public struct JournalRecord: Hashable, Sendable {
    public enum Event: Hashable, Sendable {
        case start(pid: Int32)
        case die(ContainerExit)
    }

    /// The longest line, with its end, in bytes: one write, so that lines of several monitors never mix.
    public static let limit = 512

    public var time: Timestamp
    public var id: String
    public var event: Event

    public init(time: Timestamp, id: String, event: Event) {
        self.time = time
        self.id = id
        self.event = event
    }

    public init(json: JSON) throws(FieldError) {
        time = Timestamp(nanoseconds: try json.requiredInteger("time"))
        id = try json.requiredString("id")
        switch try json.requiredString("event") {
        case "start": event = .start(pid: try json.requiredInteger("pid"))
        case "die": event = .die(try ContainerExit(json: json))
        default: throw FieldError("event", "is not known")
        }
    }

    public var json: JSON {
        var object: JSONObject = ["time": .integer(time.nanoseconds), "id": .string(id)]
        switch event {
        case .start(let pid):
            object["event"] = "start"
            object["pid"] = .integer(Int64(pid))
        case .die(let exit):
            object["event"] = "die"
            object["exitCode"] = .integer(Int64(exit.exitCode))
            object["oomKilled"] = .bool(exit.oomKilled)
        }
        return .object(object)
    }

    /// The record with its line end.
    public var line: [UInt8] { json.bytes() + [UInt8(ascii: "\n")] }
}
