import OCI

/// One message on the socket between the engine and the monitor that it started (SOCK_SEQPACKET, one JSON object each).
/// ``MonitorSettings`` come after the descriptors, when the bundle's directories are there.
public enum ControlMessage: Hashable, Sendable {
    /// To the monitor, with a descriptor (SCM_RIGHTS), any number of times before the settings.
    case descriptor(Descriptor)
    /// To the monitor: the bundle's files are there, too.
    case bundled
    /// From the monitor: the container's process waits to be started.
    case created(pid: Int32)
    /// To the monitor.
    case start
    /// From the monitor: the container's program runs; or, of one that ran before, that the monitor has taken it over.
    case started(pid: Int32)
    /// From the monitor, the last message: the container can't be created or started, and nothing of it is left; or it can't be
    /// taken over, and goes on as it did.
    case failed(StartFailure)
    /// From the monitor: everybody is told, and now it cleans up.
    case exited(ContainerExit)
    /// From the monitor, the last message: of the container, nothing is left but its files.
    case released
    /// To the monitor, after `exited`: the engine gives the container up; its files are the monitor's to remove.
    case removed

    /// What a descriptor is, that comes with a message.
    public enum Descriptor: String, Hashable, Sendable {
        /// An open file that holds the container's byte.
        case lock
        /// A pidfd of the first process of a container that is taken over.
        case process
        case userNamespace, networkNamespace
        /// The monitor's end of the connection of a client that is there from the start.
        case attach
        /// What is only kept open for as long as the monitor lives: a socket that is bound to a published port.
        case kept
        /// A mount that is attached nowhere yet. The monitor attaches them at `mounts/0`, `mounts/1`, … of the bundle, in the
        /// order in which they come, where the runtime finds them.
        case mount
    }

    /// The longest message, in bytes.
    public static let limit = 16 << 10

    public init(json: JSON) throws(FieldError) {
        switch try json.requiredString("type") {
        case "descriptor":
            guard let descriptor = Descriptor(rawValue: try json.requiredString("is")) else {
                throw FieldError("is", "is not known")
            }
            self = .descriptor(descriptor)
        case "bundled": self = .bundled
        case "created": self = .created(pid: try json.requiredInteger("pid"))
        case "start": self = .start
        case "started": self = .started(pid: try json.requiredInteger("pid"))
        case "error":
            let kind = StartFailure.Kind(rawValue: try json.requiredString("kind")) ?? .system
            self = .failed(StartFailure(kind, try json.requiredString("message")))
        case "exited": self = .exited(try ContainerExit(json: json))
        case "released": self = .released
        case "removed": self = .removed
        default: throw FieldError("type", "is not known")
        }
    }

    public var json: JSON {
        switch self {
        case .descriptor(let descriptor): ["type": "descriptor", "is": .string(descriptor.rawValue)]
        case .bundled: ["type": "bundled"]
        case .created(let pid): ["type": "created", "pid": .integer(Int64(pid))]
        case .start: ["type": "start"]
        case .started(let pid): ["type": "started", "pid": .integer(Int64(pid))]
        case .failed(let failure):
            ["type": "error", "kind": .string(failure.kind.rawValue), "message": .string(failure.message)]
        case .exited(let exit):
            ["type": "exited", "exitCode": .integer(Int64(exit.exitCode)), "oomKilled": .bool(exit.oomKilled)]
        case .released: ["type": "released"]
        case .removed: ["type": "removed"]
        }
    }
}

/// Why a container could not be created or started.
public struct StartFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        /// Its program is not there: exit code 127.
        case notFound
        /// Its program is there and can't be executed: exit code 126.
        case notExecutable
        /// config.json or the monitor's settings ask for what can't be.
        case invalid
        /// Anything else.
        case system
    }

    public var kind: Kind
    /// In words, for a person.
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        // What a foreign runtime says has no limit; this fits ControlMessage.limit even if each byte has to be escaped.
        self.message = message.utf8.count <= 2048 ? message : String(decoding: message.utf8.prefix(2048), as: UTF8.self)
    }

    public var description: String { message }
}
