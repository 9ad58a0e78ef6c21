import Cgroups
import Linux
import OCI

/// Why the runtime could not do what it was asked, as a sentence for people; `kind` is for programs.
public struct RuntimeError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        /// The container's program isn't there: a shell's 127.
        case programNotFound
        /// It is there and can't be executed: a shell's 126.
        case programNotExecutable
        case noSuchContainer, exists, wrongState
        /// The bundle, or an argument, asks for what can't be.
        case invalid
        case system
    }

    public let kind: Kind
    /// An infinitive with its object, read after "cannot": `mount /proc`.
    public let action: String
    public let reason: String
    /// A sentence that helps, without its full stop; nil where none is known.
    public let hint: String?

    public init(_ kind: Kind, cannot action: String, because reason: String, hint: String? = nil) {
        self.kind = kind
        self.action = action
        self.reason = reason
        self.hint = hint
    }

    public var description: String { "cannot \(action): \(reason)" + (hint.map { ". \($0)" } ?? "") }
}

/// Runs system calls that together are `action`; a failure is the system's.
@inline(__always)
func attempt<Result: ~Copyable>(
    _ action: @autoclosure () -> String, _ body: () throws(SystemCallError) -> Result
) throws(RuntimeError) -> Result {
    do throws(SystemCallError) { return try body() } catch {
        throw RuntimeError(.system, cannot: action(), because: error.description)
    }
}

/// The same for what the cgroup does.
func attemptCgroup<Result: ~Copyable>(
    _ action: String, _ body: () throws(CgroupError) -> Result
) throws(RuntimeError) -> Result {
    do throws(CgroupError) { return try body() } catch {
        let kind: RuntimeError.Kind =
            switch error {
            case .invalidPath, .noController, .notSupported, .refused: .invalid
            case .notMounted, .busy, .system: .system
            }
        throw RuntimeError(kind, cannot: action, because: error.description)
    }
}
