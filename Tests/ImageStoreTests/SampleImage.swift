import Hashing
import ImageStore
import Linux
import OCI
import Testing

/// An image of small layers, made in memory.
struct SampleImage {
    /// Plain tar streams, the bottom one first.
    let layers: [[UInt8]]
    let config: [UInt8]
    let manifest: [UInt8]

    var id: ImageID { get throws { ImageID(try Self.digest(config)) } }
    var manifestDigest: Digest { get throws { try Self.digest(manifest) } }
    var diffIDs: [DiffID] { get throws { try layers.map { DiffID(try Self.digest($0)) } } }

    /// - Parameter files: A layer for each: one file of this name and content.
    init(_ files: [(name: String, content: String)], created: String = "2024-01-02T03:04:05Z") throws {
        layers = files.map { Self.tar($0.name, Array($0.content.utf8)) }
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

    static func digest(_ bytes: [UInt8]) throws -> Digest {
        try Digest(algorithm: .sha256, bytes: SHA256.digest(of: bytes))
    }

    /// Writes all of it into a store, as a pull does.
    @discardableResult
    func pull(
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

    /// A ustar stream of one file, with the two blocks of zeros that end it.
    private static func tar(_ name: String, _ content: [UInt8]) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) { header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8) }
        let size = String(content.count, radix: 8)
        put(name, at: 0)
        put("0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(String(repeating: "0", count: 11 - size.utf8.count) + size, at: 124)
        put("00000000000", at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar\u{0}00", at: 257)
        let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
        put(String(repeating: "0", count: 6 - sum.utf8.count) + sum + "\u{0} ", at: 148)
        let padding = [UInt8](repeating: 0, count: (512 - content.count % 512) % 512 + 1024)
        return header + content + padding
    }
}
