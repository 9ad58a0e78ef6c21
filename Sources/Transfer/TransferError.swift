import Archive
import Compression
import ImageStore
import Linux
import OCI
import Registry

/// Why an image could not be had, as a sentence for people.
public struct TransferError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What `hako` makes its exit code and its advice of.
    public enum Kind: String, Hashable, Sendable {
        case notFound, unauthorized, unavailable, invalid, noSpace, system
        /// Stopped from outside, by a signal.
        case interrupted
    }

    public let kind: Kind
    /// Without a full stop; in Docker's words where Docker has some.
    public let message: String
    public let hint: String?

    public init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    public var description: String { message + (hint.map { ". \($0)" } ?? "") }
}

extension TransferError {
    /// - Parameter subject: What was being done, for errors that have no words of their own: `pull nginx:latest`.
    init(_ error: any Error, while subject: String) {
        switch error {
        case let error as TransferError: self = error
        case let error as StoreError: self.init(error, while: subject)
        case let error as RegistryError: self.init(error, while: subject)
        case is CancellationError: self.init(.interrupted, "interrupted")
        case let error as SystemCallError:
            self.init(error.errno == .noSpace ? .noSpace : .system, "cannot \(subject): \(error)")
        case let error as ArchiveError: self.init(.invalid, "cannot \(subject): \(error)")
        case let error as FormatError: self.init(.invalid, "cannot \(subject): \(error)")
        case let error as JSONError: self.init(.invalid, "cannot \(subject): \(error)")
        case let error as CompressionError: self.init(.invalid, "cannot \(subject): \(error)")
        default: self.init(.system, "cannot \(subject): \(error)")
        }
    }

    private init(_ error: StoreError, while subject: String) {
        if error.isNoSpace {
            self.init(
                .noSpace, "cannot \(subject): no space left on device",
                hint: "\"hako system prune\" removes what nothing uses.")
            return
        }
        switch error {
        case .source(let cause): self.init(cause, while: subject)
        case .noSuchImage(let name):
            let missing = StoreError.missingImage(name)
            self.init(missing.mayExist ? .notFound : .invalid, missing.text)
        case .wrongDigest, .wrongSize, .format, .json, .layerCount, .layer, .digest:
            self.init(.invalid, "cannot \(subject): \(error)")
        default: self.init(.system, "cannot \(subject): \(error)")
        }
    }

    /// What went wrong with a registry, where no image's name makes it plainer.
    init(_ error: RegistryError, while subject: String) {
        let host = error.endpoint.map { HTTPURL($0)?.origin.authority ?? $0 } ?? "the registry"
        let start = "cannot \(subject): "
        switch error.reason {
        case .cancelled: self.init(.interrupted, "interrupted")
        case .unreachable(let why):
            self.init(.unavailable, start + "\(host) can't be reached: \(why)" + Self.mirrors(error))
        case .untrusted(let why):
            self.init(
                .unavailable, start + "\(host) is not trusted: \(why)",
                hint: "The certificate of a private authority belongs into /etc/hako/certs.d/\(host)/ca.crt.")
        case .timedOut(let phase): self.init(.unavailable, start + "\(host): timed out while \(phase.rawValue)")
        case .brokenConnection(let why):
            self.init(.unavailable, start + "the connection to \(host) broke off again and again: \(why)")
        case .unauthorized(let why):
            self.init(.unauthorized, start + "unauthorized" + Self.suffix(why), hint: Self.loginHint)
        case .denied(let why): self.init(.unauthorized, start + "denied" + Self.suffix(why), hint: Self.loginHint)
        case .notFound(let why): self.init(.notFound, start + "\(error.operand) is not at \(host)" + Self.suffix(why))
        case .busy(let seconds):
            let wait = seconds.map { ", and asks to come back in \($0) seconds" } ?? ""
            self.init(.unavailable, start + "\(host) has had too many requests" + wait)
        case .status(let code, let why):
            self.init(.unavailable, start + "\(host) answers with status \(code)" + Self.suffix(why))
        case .digestMismatch(let expected, let actual):
            self.init(
                .invalid,
                start + "\(host) sent other content for \(error.operand): its digest is \(actual), not \(expected)")
        case .sizeMismatch(let expected, let actual):
            self.init(
                .invalid,
                start + "\(host) sent other content for \(error.operand): \(actual) bytes instead of \(expected)")
        case .invalidResponse(let why):
            self.init(.invalid, start + "\(host) gave an answer for \(error.operand) that makes no sense: \(why)")
        case .refused(let why): self.init(.invalid, start + "\(host): \(why)")
        case .invalidConfiguration(let why): self.init(.system, "\(error.operand): \(why)")
        case .credentialHelper(let why): self.init(.system, "\(error.operand): \(why)")
        case .unreadable(let why): self.init(.system, start + "\(error.operand) can't be read: \(why)")
        }
    }

    static let loginHint = "\"hako login\" stores a login where Hako and Docker find it."

    private static func suffix(_ text: String?) -> String { text.map { ": \($0)" } ?? "" }

    private static func mirrors(_ error: RegistryError) -> String {
        error.fromMirrors.reduce(into: "") { text, mirror in
            let host = mirror.endpoint ?? "a mirror"
            switch mirror.reason {
            case .notFound: text += "; the mirror \(host) doesn't have it"
            case .unreachable(let why): text += "; the mirror \(host) can't be reached: \(why)"
            default: text += "; the mirror \(host) fails"
            }
        }
    }

    /// What Docker says of a push that is refused: the registry's own words, behind their kind.
    init(pushOf reference: Reference, _ error: any Error) {
        guard let refusal = error as? RegistryError else {
            self.init(error, while: "push \(reference.familiar)")
            return
        }
        switch refusal.reason {
        case .unauthorized("no basic auth credentials"): self.init(.unauthorized, "no basic auth credentials", hint: Self.loginHint)
        case .unauthorized(let why):
            self.init(.unauthorized, "unauthorized: \(why ?? "authentication required")", hint: Self.loginHint)
        case .denied(let why):
            self.init(
                .unauthorized, "denied: \(why ?? "requested access to the resource is denied")", hint: Self.loginHint)
        default: self.init(refusal, while: "push \(reference.familiar)")
        }
    }

    /// What Docker says of a manifest that can't be had. A registry doesn't tell strangers whether a repository exists.
    init(manifestOf reference: Reference, _ error: RegistryError) {
        let subject = "pull \(reference.familiar)"
        switch error.reason {
        case .unauthorized(let why), .denied(let why): self = .denied(reference, why)
        case .notFound(let why):
            if let why,
                why.contains("repository name not known") || why.contains("NAME_UNKNOWN")
                    || why.contains("name unknown")
            {
                self = .denied(reference, why)
            } else {
                self.init(.notFound, "manifest for \(reference.familiar) not found: manifest unknown")
            }
        default: self.init(error, while: subject)
        }
    }

    private static func denied(_ reference: Reference, _ why: String?) -> TransferError {
        TransferError(
            .unauthorized,
            "pull access denied for \(reference.familiarName), repository does not exist or may require 'docker login'"
                + suffix(why))
    }
}
