import OCI

/// One change of a container: a line of the journal.
public struct JournalRecord: Hashable, Sendable {
    public enum Event: Hashable, Sendable {
        /// - Parameter restarts: How often it was started again by its policy since somebody started it.
        case start(pid: Int32, restarts: Int64 = 0)
        /// - Parameters:
        ///   - isRestarting: Whether it is to be started again in a moment.
        ///   - ran: For how many seconds.
        case die(ContainerExit, isRestarting: Bool = false, ran: Int64 = 0)
        /// It is not to be started again after all.
        case stay
        /// Its health check has found something else than before; `starting` comes with each start.
        case health(HealthReport.Status)
        /// Something that the engine did: it changes no state that the journal tells of.
        ///
        /// - Parameters:
        ///   - type: `container`, `image`, `volume`.
        ///   - action: `pause`, `tag`.
        case note(type: String, action: String, attributes: [String: String] = [:])
    }

    /// The longest line of a monitor, with its end, in bytes: one write, so that lines of several monitors never mix. Notes of
    /// its probes are longer if their command is; they are only written for who listens.
    public static let limit = 512
    /// The byte of the journal that is locked as long as somebody waits for events: what happens often, and says nothing of the
    /// container's state, is only written then.
    public static let listenersByte = Int64(1) << 60

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
        case "start":
            event = .start(pid: try json.requiredInteger("pid"), restarts: json["restarts"]?.integer ?? 0)
        case "die": event = .die(try ContainerExit(json: json), isRestarting: try json.flag("restarting"), ran: json["ran"]?.integer ?? 0)
        case "stay": event = .stay
        case "health":
            guard let status = HealthReport.Status(rawValue: try json.requiredString("status")) else {
                throw FieldError("status", "is not known")
            }
            event = .health(status)
        case "note":
            let pairs = json["attributes"]?.object?.members.compactMap { member in member.value.string.map { (member.name, $0) } }
            event = .note(
                type: try json.requiredString("type"), action: try json.requiredString("action"),
                attributes: Dictionary(pairs ?? []) { $1 })
        default: throw FieldError("event", "is not known")
        }
    }

    public var json: JSON {
        var object: JSONObject = ["time": .integer(time.nanoseconds), "id": .string(id)]
        switch event {
        case .start(let pid, let restarts):
            object["event"] = "start"
            object["pid"] = .integer(Int64(pid))
            if restarts > 0 { object["restarts"] = .integer(restarts) }
        case .die(let exit, let isRestarting, let ran):
            object["event"] = "die"
            object["exitCode"] = .integer(Int64(exit.exitCode))
            object["oomKilled"] = .bool(exit.oomKilled)
            if !exit.isKnown { object["unknown"] = true }
            if isRestarting { object["restarting"] = true }
            if ran > 0 { object["ran"] = .integer(ran) }
        case .stay: object["event"] = "stay"
        case .health(let status):
            object["event"] = "health"
            object["status"] = .string(status.rawValue)
        case .note(let type, let action, let attributes):
            object["event"] = "note"
            object["type"] = .string(type)
            object["action"] = .string(action)
            object["attributes"] = JSON(attributes)
        }
        return .object(object)
    }

    /// The record with its line end.
    public var line: [UInt8] { json.bytes() + [UInt8(ascii: "\n")] }
}
