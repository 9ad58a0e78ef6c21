import OCI

/// What `hako-image` tells while it works: one JSON object to a line (Documentation/architecture.md, "hako-image").
public enum ImageEvent: Hashable, Sendable {
    case layer(LayerProgress)
    /// A line for people.
    case status(String)
    case image(ImageResult)
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
        case "error": self = .error(ImageClientError(json))
        default: return nil
        }
    }
}

/// How far one layer is.
public struct LayerProgress: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable {
        case pulling, waiting, downloading, verifying, extracting, complete, exists
    }

    /// Twelve digits.
    public var id: String
    public var status: Status
    /// In bytes; 0 where nobody knows.
    public var current: Int64
    public var total: Int64

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
