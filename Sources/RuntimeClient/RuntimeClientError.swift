import Glibc
import Linux
import MonitorProtocol
import OCI

/// Why a container's monitor or runtime could not do its part: facts, for the engine to put in words.
public enum RuntimeClientError: Error, Sendable, CustomStringConvertible {
    /// The container can't be created or started; nothing of it is left.
    case start(StartFailure)
    /// The monitor ended, or was killed, before it said what became of the container.
    case monitorLost
    /// A file or message of Hako's own that can't be read: which, and why.
    case malformed(String, reason: String)
    case system(SystemCallError)

    public var description: String {
        switch self {
        case .start(let failure): failure.message
        case .monitorLost: "the container's monitor ended unexpectedly"
        case .malformed(let what, let reason): "\(what): \(reason)"
        case .system(let error): "\(error)"
        }
    }
}

extension RuntimeClientError {
    /// Whether a container has nobody who could be connected to: no socket, nobody behind it, or nobody any more.
    public var isNobody: Bool {
        guard case .system(let error) = self else { return false }
        return error.errno == .noSuchFile || error.errno == .connectionRefused || isClosed
    }

    /// Whether nobody is at the other end of a socket any more: also one who went without having read everything. unix(7).
    var isClosed: Bool {
        guard case .system(let error) = self else { return false }
        return error.errno == .brokenPipe || error.errno.rawValue == ECONNRESET
    }
}

/// Runs system calls, whose failure becomes ``RuntimeClientError/system(_:)``.
func calling<Result: ~Copyable>(
    _ body: () throws(SystemCallError) -> Result
) throws(RuntimeClientError) -> Result {
    do throws(SystemCallError) { return try body() } catch { throw .system(error) }
}

/// Decodes one JSON document of Hako's own.
func decoding<Value>(
    _ what: String, _ bytes: [UInt8], _ decode: (JSON) throws(FieldError) -> Value
) throws(RuntimeClientError) -> Value {
    let json: JSON
    do throws(JSONError) { json = try JSON(parsing: bytes) } catch { throw .malformed(what, reason: "\(error)") }
    do throws(FieldError) { return try decode(json) } catch { throw .malformed(what, reason: "\(error)") }
}
