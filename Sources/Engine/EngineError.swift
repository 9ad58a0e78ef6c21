extension String {
    /// With a capital letter and a full stop.
    var sentence: String { prefix(1).uppercased() + dropFirst() + "." }
}

/// An error as its reader needs it. `kind` decides the exit code (CLI) and the status (Docker API).
public struct EngineError: Error, CustomStringConvertible {
    public enum Kind: Sendable {
        case notFound, conflict, invalidArgument, unavailable, system
        /// The container's command: there is no such file, or it can't be executed (exit codes 127 and 126).
        case commandNotFound, commandNotExecutable
    }

    public let kind: Kind
    /// An infinitive with its object, read after "cannot": `publish port 8080`. Empty where `reason` says it all.
    public let action: String
    public let reason: String
    /// A command or a choice that helps, as a sentence; nil where none is known.
    public let hint: String?
    public let cause: (any Error)?

    public init(
        _ kind: Kind, cannot action: String, because reason: String, hint: String? = nil, cause: (any Error)? = nil
    ) {
        self.kind = kind
        self.action = action
        self.reason = reason
        self.hint = hint
        self.cause = cause
    }

    /// For what Docker's clients match by its words: `No such container: x`.
    public init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.init(kind, cannot: "", because: message, hint: hint)
    }

    public var description: String {
        let fact = action.isEmpty ? reason : "cannot \(action): \(reason)"
        guard let hint else { return fact }
        return fact + (fact.hasSuffix(".") ? " " : ". ") + hint
    }
}
