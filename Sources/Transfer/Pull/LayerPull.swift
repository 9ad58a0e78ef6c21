import Archive
import Compression
import ImageStore
import Linux
import OCI
import Registry
import Synchronization

/// Brings one layer into the store: its blob, and what that unpacks to. Runs on a thread that may block.
///
/// The usual way is one pass: each part of the download is hashed and written to the blob, inflated, hashed again and
/// unpacked, and then forgotten. Up to the inflating, it goes on ahead of the rest (``ReadAhead``).
struct LayerPull {
    let puller: Puller
    let layer: LayerDescription
    let source: BlobSource
    let lease: Lease

    private var progress: Progress { puller.progress }
    private var total: Int64 { layer.blob.size }

    func run() throws {
        switch try puller.store.ingestBlob(expecting: layer.blob.digest, size: total, lease: lease, waiting: false) {
        case .present: try unpackStored(wasHere: true)
        case .writer(let writer): try download(to: writer)
        case .inProgress:
            progress.layer(layer.id, .waiting)
            switch try puller.store.ingestBlob(expecting: layer.blob.digest, size: total, lease: lease, waiting: true) {
            case .present, .inProgress: try unpackStored(wasHere: false)
            case .writer(let writer): try download(to: writer)
            }
        }
    }

    private func unpackStored(wasHere: Bool) throws {
        try StoredLayer(
            store: puller.store, layer: layer, lease: lease, progress: progress, interruption: puller.interruption
        ).unpack(wasHere: wasHere)
    }

    private func download(to blob: BlobWriter) throws {
        progress.layer(layer.id, .downloading, current: blob.resumeOffset, total: total)
        let queue = PartQueue()
        let number = puller.interruption.onInterrupt { queue.abandon() }
        defer { puller.interruption.remove(number) }
        let (client, layer, source, start) = (puller.client, layer, source, blob.resumeOffset)
        let task = Task.detached {
            do {
                try await client.blob(
                    layer.blob.digest, size: layer.blob.size, of: source.reference, startingAt: start, verifying: false,
                    preferred: source.endpoint, receive: queue.send)
                queue.finish(.success(()))
            } catch { queue.finish(.failure(error)) }
        }
        // Whichever way this ends, the download does too.
        defer {
            queue.abandon()
            task.cancel()
        }
        let tee = BlobTee(queue, to: blob) { [progress, total] received in
            progress.layer(
                layer.id, received == total ? .extracting : .downloading, current: received, total: total)
        }
        do { try receive(tee, blob) } catch {
            // What a liar sent is of no use to the next pull; a clean-up that fails leaves it to the collection.
            if !Self.isAboutConnection(error) { try? blob.discard() }
            throw error
        }
    }

    /// Whether what has come so far is good, as far as anybody knows.
    private static func isAboutConnection(_ error: any Error) -> Bool {
        guard let error = error as? RegistryError else { return error is CancellationError }
        switch error.reason {
        case .unreachable, .timedOut, .brokenConnection, .busy, .status, .cancelled, .unauthorized, .denied: return true
        default: return false
        }
    }

    private func receive(_ tee: BlobTee, _ blob: BlobWriter) throws {
        // The first part of a blob that is taken up in the middle is in its file alone.
        guard blob.resumeOffset == 0,
            case .writer(let writer) = try puller.store.ingestLayer(layer.diffID, lease: lease, waiting: true)
        else {
            try tee.drain()
            return try unpackStored(wasHere: false)
        }
        do { try StoredLayer.unpack(tee, to: writer) } catch let error where Self.isAboutContent(error) {
            // Bytes that make no sense are most likely not those that were promised: that is the better thing to say,
            // and a blob that isn't what its name says is not kept to be taken up again.
            try tee.drain()
            throw error
        }
        progress.layer(layer.id, .complete, current: total, total: total)
    }

    private static func isAboutContent(_ error: any Error) -> Bool {
        switch error {
        case is CompressionError: true
        case let error as StoreError:
            switch error {
            case .wrongDigest, .layer: !error.isNoSpace
            default: false
            }
        default: false
        }
    }
}

/// A layer whose blob is in the store.
struct StoredLayer {
    let store: ImageStore
    let layer: LayerDescription
    let lease: Lease
    let progress: Progress
    let interruption: Interruption

    /// - Parameter wasHere: Whether a layer that is unpacked already was there before, for people.
    func unpack(wasHere: Bool) throws {
        switch try store.ingestLayer(layer.diffID, lease: lease, waiting: true) {
        case .present, .inProgress: progress.layer(layer.id, wasHere ? .exists : .complete)
        case .writer(let writer):
            let total = layer.blob.size
            let file = FileSource(try store.openBlob(layer.blob.digest))
            let counting = CountingSource(file) { [layer, progress, interruption] read in
                progress.layer(layer.id, .extracting, current: read, total: total)
                try interruption.check()
            }
            try Self.unpack(counting, to: writer)
            progress.layer(layer.id, .complete, current: total, total: total)
        }
    }

    /// Unpacks a stream that may be compressed; what the stream itself throws comes out as it is.
    static func unpack(_ stream: any ByteSource, to writer: LayerWriter) throws {
        let hashing = HashingSource(LazyDecoder(stream))
        let ahead = ReadAhead(hashing)
        // The stream is its owner's again, to be read to its end or let go of.
        defer { ahead.stop() }
        do throws(StoreError) {
            try writer.unpack(from: ahead, hashedBy: hashing)
        } catch .source(let cause) { throw cause }
    }
}

/// Writes what passes to a blob. The stream's end is told only when the blob has been verified and is in its place: so
/// a layer appears only after the bytes that it came from.
final class BlobTee: ByteSource {
    private let source: any ByteSource
    private let blob: BlobWriter
    private let onProgress: (Int64) -> Void
    private var received: Int64
    private var isFinished = false

    init(_ source: any ByteSource, to blob: BlobWriter, onProgress: @escaping (Int64) -> Void) {
        self.source = source
        self.blob = blob
        self.onProgress = onProgress
        received = blob.resumeOffset
    }

    func read(into buffer: inout [UInt8]) throws -> Int {
        guard !isFinished else { return 0 }
        let count = try source.read(into: &buffer)
        if count == 0 {
            isFinished = true
            _ = try blob.finish()
            return 0
        }
        try blob.write(buffer[..<count])
        received += Int64(count)
        onProgress(received)
        return count
    }

    /// Reads what is left, for the blob alone.
    func drain() throws {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while try read(into: &buffer) > 0 {}
    }
}

/// Tells how much has been read.
final class CountingSource: ByteSource {
    private let source: any ByteSource
    private let onProgress: (Int64) throws -> Void
    private var count: Int64 = 0

    init(_ source: any ByteSource, onProgress: @escaping (Int64) throws -> Void) {
        self.source = source
        self.onProgress = onProgress
    }

    func read(into buffer: inout [UInt8]) throws -> Int {
        let read = try source.read(into: &buffer)
        count += Int64(read)
        try onProgress(count)
        return read
    }
}

/// A decoder that reads its stream's first bytes when it is first asked: an error there is the layer's, as any later
/// one.
final class LazyDecoder: ByteSource {
    private let source: any ByteSource
    private var decoder: DecodingSource?

    init(_ source: any ByteSource) { self.source = source }

    func read(into buffer: inout [UInt8]) throws -> Int {
        let decoder = try self.decoder ?? DecodingSource(source)
        self.decoder = decoder
        return try decoder.read(into: &buffer)
    }
}
