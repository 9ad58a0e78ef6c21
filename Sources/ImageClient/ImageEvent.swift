import OCI

/// What `hako-image` tells while it works: one JSON object to a line (Documentation/architecture.md, "hako-image").
public enum ImageEvent: Hashable, Sendable {
    case layer(LayerProgress)
    /// A line for people.
    case status(String)
    case image(ImageResult)
    case pushed(PushResult)
    case loggedIn(LoginResult)
    case manifest(RegistryManifest)
    case tags([String])
    case downloaded(DownloadResult)
    case buildCache(BuildCacheDocument)
    /// What was asked for is done, and there is nothing to say of it.
    case done
    case error(ImageClientError)

    /// Nil for a type of event that is not known here: newer programs may say more.
    ///
    /// - Throws: For what is no event at all.
    init?(line: [UInt8]) throws(JSONError) {
        let json = try JSON(parsing: line)
        switch json["type"]?.string {
        case "layer": self = .layer(LayerProgress(json))
        case "status": self = .status(json["message"]?.string ?? "")
        case "image":
            guard let result = ImageResult(json) else { return nil }
            self = .image(result)
        case "pushed":
            guard let result = PushResult(json) else { return nil }
            self = .pushed(result)
        case "manifest":
            guard let result = RegistryManifest(json) else { return nil }
            self = .manifest(result)
        case "tags": self = .tags((json["tags"]?.array ?? []).compactMap(\.string))
        case "download":
            guard let result = DownloadResult(json) else { return nil }
            self = .downloaded(result)
        case "cache":
            guard let document = json["document"].flatMap({ try? BuildCacheDocument(json: $0) }) else { return nil }
            self = .buildCache(document)
        case "login": self = .loggedIn(LoginResult(json))
        case "done": self = .done
        case "error": self = .error(ImageClientError(json))
        default: return nil
        }
    }

    var image: ImageResult? { if case .image(let result) = self { result } else { nil } }
    var pushed: PushResult? { if case .pushed(let result) = self { result } else { nil } }
    var manifest: RegistryManifest? { if case .manifest(let result) = self { result } else { nil } }
    var tags: [String]? { if case .tags(let tags) = self { tags } else { nil } }
    var downloaded: DownloadResult? { if case .downloaded(let result) = self { result } else { nil } }
    var buildCache: BuildCacheDocument? { if case .buildCache(let document) = self { document } else { nil } }
    var loggedIn: LoginResult? { if case .loggedIn(let result) = self { result } else { nil } }
}

/// How far one layer is.
public struct LayerProgress: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable {
        case pulling, waiting, downloading, verifying, extracting, complete, exists
        /// Of a push.
        case preparing, pushing, pushed, existed, mounted
    }

    /// Twelve digits.
    public var id: String
    public var status: Status
    /// In bytes; 0 where nobody knows.
    public var current: Int64
    public var total: Int64
    /// The repository that it was mounted from.
    public var from = ""

    public init(id: String, status: Status, current: Int64 = 0, total: Int64 = 0) {
        self.id = id
        self.status = status
        self.current = current
        self.total = total
    }

    init(_ json: JSON) {
        id = json["id"]?.string ?? ""
        status = json["status"]?.string.flatMap(Status.init) ?? .downloading
        current = max(0, json["current"]?.integer ?? 0)
        total = max(0, json["total"]?.integer ?? 0)
        from = json["from"]?.string ?? ""
    }
}

/// An image that is now in the store.
public struct ImageResult: Hashable, Sendable {
    public var imageID: ImageID
    /// Of the manifest or index under its name; nil for one that was loaded from an archive without any.
    public var digest: Digest?
    /// The whole name; nil for an image that was loaded without one.
    public var reference: Reference?
    /// Whether the name now names something else than before.
    public var isNew: Bool

    public init(imageID: ImageID, digest: Digest?, reference: Reference?, isNew: Bool) {
        self.imageID = imageID
        self.digest = digest
        self.reference = reference
        self.isNew = isNew
    }

    init?(_ json: JSON) {
        // A field that isn't there, or isn't what it should be, counts as absent; without an id there is no image.
        guard let text = json["imageID"]?.string, let imageID = try? ImageID(text) else { return nil }
        self.imageID = imageID
        digest = json["digest"]?.string.flatMap { try? Digest($0) }
        reference = json["reference"]?.string.flatMap { try? Reference($0) }
        isNew = json["isNew"]?.bool ?? true
    }
}

/// A name that a registry now has.
public struct PushResult: Hashable, Sendable {
    public var imageID: ImageID
    public var reference: Reference
    /// Of the manifest or index under it.
    public var digest: Digest
    /// Of that, in bytes.
    public var size: Int64
    /// The index that was left out, as the registry lacks a part of it.
    public var insteadOf: Digest?

    init?(_ json: JSON) {
        guard let text = json["imageID"]?.string, let imageID = try? ImageID(text),
            let reference = json["reference"]?.string.flatMap({ try? Reference($0) }),
            let digest = json["digest"]?.string.flatMap({ try? Digest($0) })
        else { return nil }
        (self.imageID, self.reference, self.digest) = (imageID, reference, digest)
        size = json["size"]?.integer ?? 0
        insteadOf = json["insteadOf"]?.string.flatMap { try? Digest($0) }
    }
}

/// A login that a registry has taken, and that is kept.
public struct LoginResult: Hashable, Sendable {
    /// The file in which the password stands unencrypted; nil where none does.
    public var file: String?

    init(_ json: JSON) { file = json["file"]?.string }
}

/// What came from an http or https address.
public struct DownloadResult: Hashable, Sendable {
    /// False where the content is still that of the tag that was asked about: none came.
    public var isModified: Bool
    /// Of the content, in hexadecimal.
    public var sha256: String
    /// In bytes.
    public var size: Int64
    /// By which the server tells its content from other (`ETag`).
    public var tag: String?
    /// When it was last modified, in seconds since 1970; nil where nothing is said.
    public var modified: Int64?

    /// Nil for what is no such result.
    public init?(_ json: JSON) {
        guard let sha256 = json["sha256"]?.string, let size = json["size"]?.integer else { return nil }
        (self.sha256, self.size) = (sha256, size)
        isModified = json["isModified"]?.bool ?? true
        tag = json["tag"]?.string
        modified = json["modified"]?.integer
    }

    public var json: JSON {
        var object: JSONObject = ["isModified": .bool(isModified), "sha256": .string(sha256), "size": .integer(size)]
        if let tag { object["tag"] = .string(tag) }
        if let modified { object["modified"] = .integer(modified) }
        return .object(object)
    }
}

/// Why an image could not be had.
public struct ImageClientError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        case notFound, unauthorized, unavailable, invalid, noSpace, system
        /// Stopped by a signal.
        case interrupted
    }

    public var kind: Kind
    /// A sentence without a full stop, as Docker words it where Docker has one.
    public var message: String
    /// What to do about it, where something is known.
    public var hint: String?

    public init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    init(_ json: JSON) {
        kind = json["kind"]?.string.flatMap(Kind.init) ?? .system
        message = json["message"]?.string ?? "hako-image failed"
        hint = json["hint"]?.string
    }

    public var description: String { message + (hint.map { ". \($0)" } ?? "") }
}
