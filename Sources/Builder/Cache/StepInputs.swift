import Hashing
import OCI

/// The layers beneath a step as one digest: as a chainID, so that equal chains mean equal files, whatever made them.
///
/// A step that was done again and came to the same layer leaves those behind it cached; another layer never has one on top of it
/// that was made on what was there before.
/// - SeeAlso: image-spec config.md, "Layer ChainID".
public struct LayerChain: Hashable, Sendable {
    /// Empty without layers.
    private(set) var text = ""

    /// - Parameter layers: The lowest first.
    public init(_ layers: [DiffID] = []) { for layer in layers { append(layer) } }

    public mutating func append(_ layer: DiffID) {
        text = text.isEmpty ? layer.description : "sha256:" + SHA256.hexDigest(of: "\(text) \(layer)".utf8)
    }
}

/// What identifies a step of a build in the cache: SHA-256 of its inputs, 32 bytes.
public struct StepKey: Hashable, Sendable {
    public let bytes: [UInt8]
}

/// What the result of a step depends on, part by part: the key is made of it, and two of them tell why a step isn't cached.
///
/// Comments, continuation lines and the case of keywords are no part of it, nor are proxies, secrets' values, addresses of
/// `--add-host` and what limits resources without showing.
public struct StepInputs: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case run = "RUN"
        case copy = "COPY"
        case add = "ADD"
        case workdir = "WORKDIR"
    }

    /// What a part is. The numbers are part of keys and stay.
    public enum Field: UInt8, Hashable, Sendable, CaseIterable {
        case parent = 1, platform, epoch, command, script, environment, user, directory, host, network, security, limit, mount,
            mountFiles, destination, owner, mode, option, files, document
    }

    public struct Part: Hashable, Sendable {
        public let field: Field
        /// Of a variable, the target of a mount, the number of a word; empty for what there is one of.
        public let name: String
        public let value: [UInt8]
    }

    public let kind: Kind
    public private(set) var parts: [Part] = []
    /// The variables that are ARGs and not the configuration's: for people, and no part of the key.
    public internal(set) var argumentNames: Set<String> = []

    init(_ kind: Kind, on base: StepBase) {
        self.kind = kind
        if let layers = base.layers { add(.parent, layers.text) }
        add(.platform, base.platform)
        if let epoch = base.sourceDateEpoch { add(.epoch, String(epoch)) }
    }

    mutating func add(_ field: Field, _ name: String = "", value: [UInt8]) {
        parts.append(Part(field: field, name: name, value: value))
    }

    mutating func add(_ field: Field, _ text: String) { add(field, value: Array(text.utf8)) }

    public var key: StepKey {
        var hash = SHA256()
        hash.update("hako step 1 \(kind.rawValue)\n".utf8)
        for part in parts {
            var bytes = ByteWriter()
            bytes.append(part)
            hash.update(bytes.bytes.span)
        }
        return StepKey(bytes: hash.digest())
    }
}

/// What every step stands on.
public struct StepBase: Hashable, Sendable {
    /// Nil for `COPY --link`, whose layer is the same on whatever it is put.
    public var layers: LayerChain?
    /// `linux/arm64/v8`.
    public var platform: String
    /// `SOURCE_DATE_EPOCH`: a layer with times that were made earlier isn't the one without.
    public var sourceDateEpoch: Int64?

    public init(layers: LayerChain?, platform: String, sourceDateEpoch: Int64? = nil) {
        self.layers = layers
        self.platform = platform
        self.sourceDateEpoch = sourceDateEpoch
    }
}
