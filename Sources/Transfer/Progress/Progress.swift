import Linux
import OCI
import Registry
import Synchronization

/// Tells how a transfer goes: JSON lines on a descriptor (Documentation/architecture.md, "hako-image").
public final class Progress: Sendable {
    public enum LayerStatus: String, Sendable {
        case pulling, waiting, downloading, verifying, extracting, complete, exists
        /// Of a push.
        case preparing, pushing, pushed, existed, mounted
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
    ///
    /// - Parameter repository: Where it was mounted from.
    public func layer(
        _ id: String, _ status: LayerStatus, current: Int64 = 0, total: Int64 = 0, from repository: String? = nil
    ) {
        let now = ContinuousClock.now
        let isDue = state.withLock { state in
            if let last = state.last[id], last.status == status, last.time.duration(to: now) < Self.interval {
                return false
            }
            state.last[id] = (status, now)
            return true
        }
        guard isDue else { return }
        var line: JSONObject = [
            "type": "layer", "id": .string(id), "status": .string(status.rawValue), "current": .integer(current),
            "total": .integer(total),
        ]
        if let repository { line["from"] = .string(repository) }
        write(.object(line))
    }

    public func status(_ message: String) { write(["type": "status", "message": .string(message)]) }

    public func image(_ id: ImageID, digest: Digest?, reference: Reference?, isNew: Bool) {
        var line: JSONObject = ["type": "image", "imageID": .string(id.description)]
        if let digest { line["digest"] = .string(digest.description) }
        if let reference { line["reference"] = .string(reference.description) }
        line["isNew"] = .bool(isNew)
        write(.object(line))
    }

    /// A name that a registry now has.
    ///
    /// - Parameters:
    ///   - digest: Of the manifest or index under it, which has so many bytes.
    ///   - index: The one that the store has for it, and that the registry has not all of.
    public func pushed(_ reference: Reference, _ id: ImageID, digest: Digest, size: Int64, insteadOf index: Digest?) {
        var line: JSONObject = [
            "type": "pushed", "reference": .string(reference.description), "imageID": .string(id.description),
            "digest": .string(digest.description), "size": .integer(size),
        ]
        if let index { line["insteadOf"] = .string(index.description) }
        write(.object(line))
    }

    /// A login that a registry has taken.
    ///
    /// - Parameter file: In which its password stands unencrypted.
    public func loggedIn(keptIn file: String?) {
        var line: JSONObject = ["type": "login"]
        if let file { line["file"] = .string(file) }
        write(.object(line))
    }

    /// A manifest or index of a registry, as text.
    public func manifest(_ manifest: RegistryManifest) {
        var line = manifest.json
        line["type"] = "manifest"
        write(.object(line))
    }

    public func tags(_ tags: [String]) { write(["type": "tags", "tags": JSON(tags)]) }

    /// What came from an address.
    ///
    /// - Parameters:
    ///   - sha256: Of the content, in hexadecimal.
    ///   - size: In bytes.
    func download(_ answer: DownloadAnswer, sha256: String, size: Int64) {
        var line: JSONObject = [
            "type": "download", "isModified": .bool(answer.isModified), "sha256": .string(sha256), "size": .integer(size),
        ]
        if let tag = answer.tag { line["tag"] = .string(tag) }
        if let modified = answer.modified { line["modified"] = .integer(modified) }
        write(.object(line))
    }

    /// What a cache of builds says.
    public func buildCache(_ document: BuildCacheDocument) { write(["type": "cache", "document": document.json]) }

    /// What was asked for is done.
    public func done() { write(["type": "done"]) }

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
