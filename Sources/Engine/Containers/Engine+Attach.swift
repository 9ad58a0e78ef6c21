import Glibc
import Linux
import Metadata
import MonitorProtocol
import RuntimeClient

/// A connection to the streams of a container that runs, and how they are.
public struct AttachedContainer: ~Copyable {
    public let id: String
    public let tty: Bool
    public let openStdin: Bool
    public var connection: AttachConnection?
}

extension Engine {
    /// Connects to the streams of a container that runs.
    ///
    /// - Parameter wantsStdin: Whether what is typed is to go to it, where it keeps its stdin open.
    public func attach(_ name: String, wantsStdin: Bool) throws(EngineError) -> AttachedContainer {
        let record = try container(name)
        switch record.state.status {
        case .running: break
        case .paused: throw EngineError(.conflict, "You cannot attach to a paused container, unpause it first")
        case .restarting:
            throw EngineError(.conflict, "You cannot attach to a restarting container, wait until it is running")
        default: throw EngineError(.conflict, "You cannot attach to a stopped container, start it first")
        }
        let config = try storedSpec(of: record).config
        let isInteractive = wantsStdin && config.openStdin
        let connection = try connection(to: record, AttachRequest(stdin: isInteractive, stdout: true, stderr: true))
        guard let connection else {
            throw try whyEnded(record) ?? EngineError(.conflict, "Container \(record.id) is not running")
        }
        if config.tty, access(runtimePaths.takenOver(record.id), F_OK) == 0 {
            throw EngineError(
                .unavailable, cannot: "attach to container \(record.name)",
                because: "its terminal went with its first monitor, which was killed",
                hint: "`hako exec -it` opens another one in it; `hako restart \(record.name)` gives it one of its own.")
        }
        note("attach", of: record.id)
        return AttachedContainer(id: record.id, tty: config.tty, openStdin: config.openStdin, connection: connection)
    }

    /// To be called by whoever left a container's streams with the detach keys.
    public func noteDetached(_ id: String) { note("detach", of: id) }

    /// To be called by whoever gave a container's terminal another size.
    public func noteResized(_ id: String, _ size: WindowSize) {
        note("resize", of: id, ["height": String(size.rows), "width": String(size.columns)])
    }
}
