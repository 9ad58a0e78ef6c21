import Archive
import Compression
import ImageStore
import Linux
import OCI

/// What an imported image is to be, beside its files.
public struct ImportSettings: Sendable {
    public var reference: Reference?
    public var platform: Platform
    public var config: ExecutionConfig
    /// Shown by its history.
    public var message: String
    /// RFC 3339.
    public var created: String

    public init(
        reference: Reference?, platform: Platform, config: ExecutionConfig, message: String, created: String
    ) {
        self.reference = reference
        self.platform = platform
        self.config = config
        self.message = message
        self.created = created
    }
}

/// Makes an image of one layer of a tar archive of files.
public final class Importer: Sendable {
    private let store: ImageStore
    private let progress: Progress
    private let interruption: Interruption

    public init(store: ImageStore, progress: Progress, interruption: Interruption) {
        self.store = store
        self.progress = progress
        self.interruption = interruption
    }

    /// Reads an archive, which may be compressed and is kept as it comes. Blocks this thread.
    public func importTree(from source: any ByteSource, _ settings: ImportSettings) throws(TransferError) {
        do {
            let lease = try store.lease()
            let layer = try keep(source, lease)
            try interruption.check()
            try StoredLayer(store: store, layer: layer, lease: lease, progress: progress, interruption: interruption)
                .unpack(wasHere: true)
            var config = ImageConfig(platform: settings.platform, diffIDs: [layer.diffID], config: settings.config)
            config.created = settings.created
            config.history = [HistoryEntry(created: settings.created, comment: settings.message)]
            let bytes = config.json.bytes()
            let descriptor = Descriptor(
                mediaType: .imageConfig, digest: try store.ingest(bytes, lease: lease), size: Int64(bytes.count))
            let manifest = ImageManifest(config: descriptor, layers: [layer.blob])
            let digest = try store.ingest(manifest.json.bytes(), lease: lease)
            let image = try store.register(manifest: digest, reference: settings.reference)
            progress.image(
                image.id, digest: nil, reference: settings.reference, isNew: image.isNew || image.movedFrom != nil)
            try lease.end()
        } catch { throw TransferError(error, while: "import the archive") }
    }

    /// Stores the stream as it is; what it unpacks to is known only at its end, and so is the layer's name.
    private func keep(_ source: any ByteSource, _ lease: Lease) throws -> LayerDescription {
        guard case .writer(let writer) = try store.ingestBlob(expecting: nil, size: nil, lease: lease, waiting: true) else {
            throw TransferError(.system, "the archive can't be stored")
        }
        let start = MagicSource(source)
        let tee = StoringSource(start, to: writer)
        do {
            let plain = HashingSource(LazyDecoder(tee))
            try plain.drain()
            try tee.drain()
            if let reason = start.refusal { throw TransferError(.invalid, reason) }
            let diffID = DiffID(try Digest(algorithm: .sha256, bytes: plain.hash.digest()))
            let blob = Descriptor(
                mediaType: Loader.mediaType(start.compression), digest: try writer.finish(), size: tee.count)
            return LayerDescription(blob: blob, diffID: diffID)
        } catch {
            // The first error is the one to tell; what stays is found by the collection.
            try? writer.discard()
            throw error
        }
    }
}

/// Remembers how a stream begins.
private final class MagicSource: ByteSource {
    private let source: any ByteSource
    private var magic: [UInt8] = []

    init(_ source: any ByteSource) { self.source = source }

    func read(into buffer: inout [UInt8]) throws -> Int {
        let count = try source.read(into: &buffer)
        if magic.count < 6 { magic += buffer[..<count].prefix(6 - magic.count) }
        return count
    }

    var compression: CompressionFormat { CompressionFormat(magic: magic) }

    /// Why it can't be a layer, where its first bytes tell.
    var refusal: String? {
        if magic.isEmpty { return "invalid archive: it is empty" }
        let known: [(name: String, magic: [UInt8])] = [("bzip2", Array("BZh".utf8)), ("xz", [0xFD] + Array("7zXZ".utf8))]
        return known.first { magic.starts(with: $0.magic) }.map {
            "an archive that \($0.name) compressed can't be read: import what \($0.name) -dc makes of it"
        }
    }
}

/// Writes what passes to a blob.
private final class StoringSource: ByteSource {
    private let source: any ByteSource
    private let blob: BlobWriter
    private(set) var count: Int64 = 0

    init(_ source: any ByteSource, to blob: BlobWriter) {
        self.source = source
        self.blob = blob
    }

    func read(into buffer: inout [UInt8]) throws -> Int {
        let read = try source.read(into: &buffer)
        try blob.write(buffer[..<read])
        count += Int64(read)
        return read
    }

    /// What follows the end of the compressed stream.
    func drain() throws {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while try read(into: &buffer) > 0 {}
    }
}
