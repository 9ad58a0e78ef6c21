import Archive
import Compression
import Dispatch
import Glibc
import Hashing
import ImageStore
import Linux
import OCI
import TestSupport
import Testing

@testable import Registry
@testable import Transfer

func digest(of bytes: [UInt8]) throws -> Digest { try Digest("sha256:" + SHA256.hexDigest(of: bytes)) }

/// An image made in memory, layer by layer.
struct SampleImage {
    var layers: [[UInt8]] = []
    var diffIDs: [String] = []
    var mediaType: MediaType = .layerGzip
    var platform = Platform.host

    /// One layer for each list of files.
    init(_ layers: [(name: PathBytes, text: String)]..., compression: CompressionFormat = .gzip) throws {
        for files in layers {
            let tar = try Self.tar(files.map { ($0.name, Array($0.text.utf8)) })
            diffIDs.append(try digest(of: tar).description)
            self.layers.append(try Self.compressed(tar, compression))
        }
        mediaType = compression == .gzip ? .layerGzip : compression == .zstd ? .layerZstd : .layer
    }

    static func tar(_ files: [(name: PathBytes, body: [UInt8])]) throws -> [UInt8] {
        let sink = MemorySink()
        let writer = TarWriter(sink)
        for file in files { try writer.append(TarEntry(.regular, file.name, mode: 0o644), body: file.body) }
        try writer.finish()
        return sink.bytes
    }

    static func compressed(_ bytes: [UInt8], _ format: CompressionFormat) throws -> [UInt8] {
        guard format != .none else { return bytes }
        let source = try EncodingSource(MemorySource(bytes), as: format)
        var (all, buffer): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 64 << 10))
        while true {
            let count = try source.read(into: &buffer)
            if count == 0 { return all }
            all += buffer[..<count]
        }
    }

    var config: [UInt8] {
        return JSON.object([
            "architecture": .string(platform.architecture), "os": .string(platform.os),
            "config": ["Cmd": ["/bin/true"]],
            "rootfs": ["type": "layers", "diff_ids": JSON(diffIDs)],
        ]).bytes()
    }

    func manifest(_ change: (inout ImageManifest) throws -> Void = { _ in }) throws -> [UInt8] {
        var manifest = ImageManifest(
            config: Descriptor(mediaType: .imageConfig, digest: try digest(of: config), size: Int64(config.count)),
            layers: try layers.map {
                Descriptor(mediaType: mediaType, digest: try digest(of: $0), size: Int64($0.count))
            })
        try change(&manifest)
        return manifest.json.bytes()
    }

    /// A registry that has this image under every tag; `layer` may do otherwise for its layers.
    func served(
        manifest: [UInt8]? = nil,
        layer: @escaping @Sendable (Int, Liar.Request, Liar.Connection) throws -> Bool = { _, _, _ in false }
    ) throws -> Liar {
        let manifest = try manifest ?? self.manifest()
        var blobs = [try digest(of: config).description: config]
        var numbers: [String: Int] = [:]
        for (number, bytes) in layers.enumerated() {
            let name = try digest(of: bytes).description
            (blobs[name], numbers[name]) = (bytes, number)
        }
        return try Liar { [blobs, numbers] request, connection in
            let name = String(request.target.split(separator: "/").last ?? "")
            if request.target.contains("/manifests/") { return try connection.answer(200, body: manifest) }
            if let number = numbers[name], try layer(number, request, connection) { return }
            guard let bytes = blobs[name] else { return try connection.answer(404) }
            try connection.answer(200, body: bytes)
        }
    }
}

/// Runs `body` on a thread of its own: a transfer blocks, and tests run on the threads that it waits for.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "test").async { continuation.resume(with: Swift.Result(catching: body)) }
    }
}

/// Pulls with a client that knows nothing of this machine's configuration.
func pullImage(
    _ name: String, platform: Platform? = nil, into store: ImageStore, _ progress: Progress,
    _ interruption: Interruption
) throws {
    let client = try RegistryClient(
        configuration: RegistryConfiguration(), environment: [:], limits: .impatient,
        certificateParents: [store.root + "/none"])
    defer { try? Interruption().wait { await client.shutdown() } }
    try Puller(store: store, client: client, progress: progress, interruption: interruption)
        .pull(Reference(name), platform: platform)
}

/// A store of a test's own, and what transfers into it tell.
struct StoreScratch: ~Copyable {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    var root: String { scratch.path("root") }
    func store() throws -> ImageStore { try ImageStore(root: root) }

    /// Runs a transfer and returns its progress lines.
    @discardableResult
    func transfer(
        _ body: @escaping @Sendable (ImageStore, Progress, Interruption) throws -> Void
    ) async throws -> [JSON] {
        let (root, lines) = (root, scratch.path("progress"))
        try await onThread {
            let interruption = Interruption()
            let file = try FileDescriptor.open(lines, flags: O_WRONLY | O_CREAT | O_TRUNC)
            try body(ImageStore(root: root), Progress(file, onReaderGone: interruption.interrupt), interruption)
        }
        return try FileDescriptor.contents(of: lines).split(separator: UInt8(ascii: "\n")).map {
            try JSON(parsing: Array($0))
        }
    }

    @discardableResult
    func pull(_ name: String, platform: Platform? = nil) async throws -> [JSON] {
        try await transfer { try pullImage(name, platform: platform, into: $0, $1, $2) }
    }

    @discardableResult
    func load(_ archive: [UInt8]) async throws -> [JSON] {
        try await transfer { store, progress, interruption in
            try Loader(store: store, progress: progress, interruption: interruption)
                .load(from: MemorySource(archive, chunkSize: 1000))
        }
    }

    /// The unpacked layers of an image, the topmost first.
    func layers(_ name: String) throws -> [String] {
        let store = try store()
        return try store.lowerDirectories(of: store.resolve(name).image.id)
    }

    func contents(_ path: String, of layer: String) throws -> String {
        String(decoding: try FileDescriptor.contents(of: "\(layer)/\(path)"), as: UTF8.self)
    }

    /// Which blobs and layers are in their places, by their digits.
    func stored() throws -> Set<String> {
        let blobs = try FileDescriptor.directory("\(root)/content/blobs/sha256").names()
        let layers = try FileDescriptor.directory("\(root)/layers").names()
        return Set((blobs + layers).map(\.description)).subtracting([".ingest"])
    }

    /// Half-done things.
    func leftovers() throws -> [String] {
        try FileDescriptor.directory("\(root)/layers/.ingest").names().map(\.description)
            + FileDescriptor.directory("\(root)/content/ingest").names().map(\.description)
    }
}

extension TransferLimits {
    static var impatient: TransferLimits {
        var limits = TransferLimits()
        (limits.attempts, limits.firstDelay, limits.longestDelay) = (2, .milliseconds(1), .milliseconds(2))
        limits.connect = .seconds(30)
        return limits
    }
}
