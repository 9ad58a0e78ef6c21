/// Why a text names no image, in the words of Docker's client.
public enum ReferenceError: Error, Hashable, Sendable, CustomStringConvertible {
    case format
    case upperCase(String)
    /// 64 hexadecimal digits would be taken for an image id.
    case identifier(String)
    case tooLong
    case digest(DigestError)

    public var description: String {
        switch self {
        case .format: "invalid reference format"
        case .upperCase(let name): "invalid reference format: repository name (\(name)) must be lowercase"
        case .identifier(let text):
            "invalid repository name (\(text)), cannot specify 64-byte hexadecimal strings"
        case .tooLong: "repository name must not be more than \(Reference.maximumNameLength) characters"
        case .digest(let error): error.description
        }
    }
}

/// The name of an image: registry, repository, and a tag, a digest, or both.
///
/// Short names are made whole as Docker does: `nginx` is `docker.io/library/nginx`. A tag isn't made up; who wants
/// `latest` asks for ``withDefaultTag``. All parts are ASCII, in the grammar of distribution/reference.
public struct Reference: Hashable, Sendable, CustomStringConvertible {
    public static let maximumNameLength = 255
    public static let defaultDomain = "docker.io"
    public static let defaultTag = "latest"

    /// Host and port of the registry: `docker.io`, `localhost:5000`, `[::1]:5000`.
    public let domain: String
    /// The repository in it: `library/nginx`.
    public let path: String
    public let tag: String?
    public let digest: Digest?

    init(domain: String, path: String, tag: String?, digest: Digest?) {
        self.domain = domain
        self.path = path
        self.tag = tag
        self.digest = digest
    }

    /// The whole name without tag and digest: `docker.io/library/nginx`.
    public var name: String { "\(domain)/\(path)" }
    /// The whole name: `docker.io/library/nginx:latest`.
    public var description: String { name + suffix }
    /// The name as people write it: `nginx`, `user/app`, `localhost:5000/app`.
    public var familiarName: String {
        guard domain == Self.defaultDomain else { return name }
        let library = "library/"
        guard path.hasPrefix(library) else { return path }
        let rest = path.dropFirst(library.count)
        return rest.utf8.contains(UInt8(ascii: "/")) ? path : String(rest)
    }
    /// The same with tag and digest: `nginx:latest`.
    public var familiar: String { familiarName + suffix }

    private var suffix: String { (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "") }

    /// With `latest` where neither tag nor digest was given.
    public var withDefaultTag: Reference {
        tag == nil && digest == nil ? Reference(domain: domain, path: path, tag: Self.defaultTag, digest: nil) : self
    }

    /// The repository with this tag, and no digest.
    public func tagged(_ tag: String) throws(ReferenceError) -> Reference {
        guard ReferenceGrammar.isTag(tag.utf8[...]) else { throw .format }
        return Reference(domain: domain, path: path, tag: tag, digest: nil)
    }

    /// The repository with this digest, and no tag.
    public func pinned(to digest: Digest) -> Reference {
        Reference(domain: domain, path: path, tag: nil, digest: digest)
    }
}
