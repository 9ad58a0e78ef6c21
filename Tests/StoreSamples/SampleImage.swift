import Hashing
import ImageStore
import Linux
import OCI

/// An image of small layers, made in memory.
public struct SampleImage: Sendable {
    /// Plain tar streams, the bottom one first.
    public let layers: [[UInt8]]
    public let config: [UInt8]
    public let manifest: [UInt8]

    public var id: ImageID { get throws { ImageID(try Self.digest(config)) } }
    public var manifestDigest: Digest { get throws { try Self.digest(manifest) } }
    public var diffIDs: [DiffID] { get throws { try layers.map { DiffID(try Self.digest($0)) } } }

    /// - Parameter files: A layer for each: one file of this name and content.
    public init(_ files: [(name: String, content: String)], created: String = "2024-01-02T03:04:05Z") throws {
        try self.init(layers: files.map { Self.file($0.name, Array($0.content.utf8)) + Self.end }, created: created)
    }

    public init(layers: [[UInt8]], created: String = "2024-01-02T03:04:05Z") throws {
        self.layers = layers
        var config = ImageConfig(
            platform: Platform(os: "linux", architecture: "amd64"),
            diffIDs: try layers.map { DiffID(try Self.digest($0)) })
        config.created = created
        self.config = config.json.bytes()
        func descriptor(_ type: MediaType, _ bytes: [UInt8]) throws -> Descriptor {
            Descriptor(mediaType: type, digest: try Self.digest(bytes), size: Int64(bytes.count))
        }
        manifest = ImageManifest(
            config: try descriptor(.imageConfig, self.config), layers: try layers.map { try descriptor(.layer, $0) }
        ).json.bytes()
    }

    public static func digest(_ bytes: [UInt8]) throws -> Digest {
        try Digest(algorithm: .sha256, bytes: SHA256.digest(of: bytes))
    }

    /// Writes all of it into a store, as a pull does.
    @discardableResult
    public func pull(
        into store: ImageStore, as name: String?, digest: String? = nil
    ) throws -> RegisteredImage {
        let lease = try store.lease()
        for bytes in layers + [config, manifest] {
            let digest = try Self.digest(bytes)
            if case .writer(let writer) = try store.ingestBlob(
                expecting: digest, size: Int64(bytes.count), lease: lease, waiting: true)
            {
                if writer.resumeOffset > 0 { try writer.restart() }
                try writer.write(bytes)
                _ = try writer.finish()
            }
        }
        for (bytes, diffID) in zip(layers, try diffIDs) {
            if case .writer(let writer) = try store.ingestLayer(diffID, lease: lease, waiting: true) {
                try writer.unpack(from: MemorySource(bytes, chunkSize: 100))
            }
        }
        let reference = try name.map { try Reference($0).withDefaultTag }
        let registered = try store.register(
            manifest: try manifestDigest, reference: reference,
            repoDigest: try reference?.pinned(to: manifestDigest))
        try lease.end()
        return registered
    }

    /// The two blocks of zeros that end a stream.
    public static let end = [UInt8](repeating: 0, count: 1024)

    public static func file(_ name: String, _ content: [UInt8]) -> [UInt8] {
        header(name, type: "0", mode: 0o644, size: content.count) + content
            + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    public static func directory(_ name: String, mode: Int) -> [UInt8] { header(name, type: "5", mode: mode, size: 0) }

    /// A ustar header.
    private static func header(_ name: String, type: String, mode: Int, size: Int) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) { header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8) }
        func octal(_ value: Int, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: digits - text.utf8.count) + text
        }
        put(name, at: 0)
        put(octal(mode, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(size, 11), at: 124)
        put(octal(0, 11), at: 136)
        put("        ", at: 148)
        put(type, at: 156)
        put("ustar\u{0}00", at: 257)
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\u{0} ", at: 148)
        return header
    }
}
