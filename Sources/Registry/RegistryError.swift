/// What failed with a registry: on what, where, and why. Facts, for others to make sentences of.
///
/// Whatever a registry or a helper wrote is in here as it came, escaped: no control character is left in any field.
public struct RegistryError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// No connection: the name is unknown, nothing listens, the proxy refuses.
        case unreachable(String)
        /// The other side is not who it should be, or speaks no TLS.
        case untrusted(String)
        case timedOut(Phase)
        /// A connection that ended too early, and too often.
        case brokenConnection(String)
        /// No login, or one that the registry doesn't take (401); the text says what else is known.
        case unauthorized(String?)
        /// This login may not do that (403).
        case denied(String?)
        /// The registry doesn't know the repository or the content (404).
        case notFound(String?)
        /// 429 or 503, after all tries, or with a wait that is longer than anybody would sit through.
        case busy(retryAfterSeconds: Int64?)
        /// Any other answer than the one asked for.
        case status(Int, String?)
        case digestMismatch(expected: String, actual: String)
        case sizeMismatch(expected: Int64, actual: Int64)
        /// The answer breaks the distribution spec.
        case invalidResponse(String)
        /// An answer that was followed no further: a redirect to another scheme, a ring of them, a token server that is
        /// not known.
        case refused(String)
        case invalidConfiguration(String)
        case credentialHelper(String)
        /// What is to be sent can't be read.
        case unreadable(String)
        case cancelled
    }

    public enum Phase: String, Hashable, Sendable {
        case connect = "connecting", response = "waiting for an answer", stall = "waiting for data"
    }

    /// What it was about: `manifest latest of library/nginx`, a file, a variable, a URL without its query.
    public let operand: String
    /// The registry, mirror or token server, as `scheme://host[:port]`; nil before any was asked.
    public let endpoint: String?
    public let reason: Reason
    /// What mirrors said before the registry itself was asked.
    public internal(set) var fromMirrors: [RegistryError] = []

    public init(on operand: String, at endpoint: String? = nil, _ reason: Reason) {
        self.operand = operand
        self.endpoint = endpoint
        self.reason = reason
    }

    /// For logs and tests; people get a sentence from `Transfer`.
    public var description: String { "\(operand)\(endpoint.map { " at \($0)" } ?? ""): \(reason)" }

    func about(_ operand: String) -> RegistryError {
        var error = RegistryError(on: operand, at: endpoint, reason)
        error.fromMirrors = fromMirrors
        return error
    }
}

/// Text that somebody else wrote, made fit to be shown: one line, no escape sequence, of bounded length.
enum ForeignText {
    static func escaped(_ text: String, limit: Int = 512) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            // Separators and bidirectional controls move what stands beside them.
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                escaped += "\\u{\(String(scalar.value, radix: 16))}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
