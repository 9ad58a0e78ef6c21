import Linux
import OCI
import Synchronization

/// Tells how a transfer goes: JSON lines on a descriptor (Documentation/architecture.md, "hako-image").
public final class Progress: Sendable {
    public enum LayerStatus: String, Sendable {
        case pulling, waiting, downloading, verifying, extracting, complete, exists
    }

    /// A layer's numbers change with every part that comes; nobody reads faster than this.
    private static let interval: Duration = .milliseconds(80)

    private let descriptor: FileDescriptor
    private let onReaderGone: @Sendable () -> Void
    private let state = Mutex(State())

    private struct State {
        var isGone = false
        var last: [String: (status: LayerStatus, time: ContinuousClock.Instant)] = [:]
    }

    /// - Parameter onReaderGone: Called once, when a line can't be written: whoever asked for the transfer is no more.
    public init(_ descriptor: consuming FileDescriptor, onReaderGone: @escaping @Sendable () -> Void) {
        self.descriptor = descriptor
        self.onReaderGone = onReaderGone
    }

    /// Numbers of a status that was told just now are left out.
    public func layer(_ id: String, _ status: LayerStatus, current: Int64 = 0, total: Int64 = 0) {
        let now = ContinuousClock.now
        let isDue = state.withLock { state in
            if let last = state.last[id], last.status == status, last.time.duration(to: now) < Self.interval {
                return false
            }
            state.last[id] = (status, now)
            return true
        }
        guard isDue else { return }
        write([
            "type": "layer", "id": .string(id), "status": .string(status.rawValue), "current": .integer(current),
            "total": .integer(total),
        ])
    }

    public func status(_ message: String) { write(["type": "status", "message": .string(message)]) }

    public func image(_ id: ImageID, digest: Digest?, reference: Reference?, isNew: Bool) {
        var line: JSONObject = ["type": "image", "imageID": .string(id.description)]
        if let digest { line["digest"] = .string(digest.description) }
        if let reference { line["reference"] = .string(reference.description) }
        line["isNew"] = .bool(isNew)
        write(.object(line))
    }

    public func error(_ error: TransferError) {
        var line: JSONObject = [
            "type": "error", "kind": .string(error.kind.rawValue), "message": .string(error.message),
        ]
        if let hint = error.hint { line["hint"] = .string(hint) }
        write(.object(line))
    }

    private func write(_ json: JSON) {
        let isFirst = state.withLock { state -> Bool in
            guard !state.isGone else { return false }
            do throws(SystemCallError) {
                // One write: lines of several threads must not mix.
                try descriptor.writeAll(json.bytes() + [UInt8(ascii: "\n")])
                return false
            } catch {
                state.isGone = true
                return true
            }
        }
        if isFirst { onReaderGone() }
    }
}
