import Archive
import Linux
import Metadata
import OCI
import SQLite

/// What the store can't do, as a fact.
public enum StoreError: Error, Sendable, CustomStringConvertible {
    case metadata(MetadataError)
    case system(SystemCallError)
    /// The bytes aren't those that their name says.
    case wrongDigest(expected: Digest, found: Digest)
    /// More or fewer bytes than were announced.
    case wrongSize(Digest?, expected: Int64, found: Int64)
    case digest(DigestError)
    /// A manifest or config that isn't one.
    case format(Digest, FormatError)
    case json(Digest, JSONError)
    /// A config for another number of layers than its manifest has.
    case layerCount(manifest: Int, config: Int)
    /// A layer's tar stream can't be unpacked.
    case layer(DiffID, ArchiveError)
    /// The stream that a layer was read from failed: a download, a decoder.
    case source(any Error)

    case noSuchImage(String)
    case invalidReference(String, ReferenceError)
    case ambiguousID(String)
    /// The image is known, but this part of it is not in the store: it was never whole, or was lost in a power cut.
    case incomplete(ImageID, missing: StoredName)
    case conflict(RemovalConflict)

    /// Whether the disk is full.
    public var isNoSpace: Bool {
        switch self {
        case .system(let error): error.isNoSpace
        case .metadata(.system(let error)): error.isNoSpace
        case .metadata(.database(let error)): error.kind == .full
        case .layer(_, let error):
            if case .systemCall(let cause) = error.reason { cause.isNoSpace } else { false }
        default: false
        }
    }

    public var description: String {
        switch self {
        case .metadata(let error): "\(error)"
        case .system(let error): "\(error)"
        case .wrongDigest(let expected, let found): "the content of \(expected) has the digest \(found)"
        case .wrongSize(let digest, let expected, let found):
            "\(digest?.description ?? "the content") has \(found) bytes instead of \(expected)"
        case .digest(let error): "\(error)"
        case .format(let digest, let error): "\(digest): \(error)"
        case .json(let digest, let error): "\(digest): \(error)"
        case .layerCount(let manifest, let config):
            "the manifest has \(manifest) layers and its config \(config)"
        case .layer(let diffID, let error): "layer \(diffID): \(error)"
        case .source(let error): "\(error)"
        case .noSuchImage(let name): "no such image: \(name)"
        case .invalidReference(let text, let error): "\(text): \(error)"
        case .ambiguousID(let prefix): "more than one image id begins with \(prefix)"
        case .incomplete(let id, let missing): "image \(id.short) lacks \(missing)"
        case .conflict(let conflict): "\(conflict)"
        }
    }
}

extension SystemCallError {
    /// No space, or no quota, left.
    var isNoSpace: Bool { errno == .noSpace || errno == .quotaExceeded }
}

/// Runs `body` with its errors as the store's.
func asStoreError<Result: ~Copyable>(_ body: () throws(MetadataError) -> Result) throws(StoreError) -> Result {
    do throws(MetadataError) { return try body() } catch { throw .metadata(error) }
}

func asStoreError<Result: ~Copyable>(_ body: () throws(SystemCallError) -> Result) throws(StoreError) -> Result {
    do throws(SystemCallError) { return try body() } catch { throw .system(error) }
}

extension StoreError {
    /// What to say of a name that ``noSuchImage(_:)`` holds: as Docker names what it misses, `nginx:latest`; and why, where no image can
    /// have such a name.
    public static func missingImage(_ name: String) -> (text: String, mayExist: Bool) {
        do throws(ReferenceError) {
            return ("No such image: \(try Reference(name).withDefaultTag.familiar)", true)
        } catch {
            // An id is no name, but one may well ask for it.
            let isID = name.utf8.count == 64 || name.hasPrefix("sha256:")
            return isID ? ("No such image: \(name)", true) : ("\(error)", false)
        }
    }
}
