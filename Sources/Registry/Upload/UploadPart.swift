import AsyncHTTPClient
import NIOCore
import Synchronization

/// A part of a blob as the body of a request. Each try reads it anew.
struct UploadPart: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let blob: OutgoingBlob
    let range: Range<Int64>
    private let pace: UploadPace

    init(of blob: OutgoingBlob, _ range: Range<Int64>, limits: TransferLimits) {
        self.blob = blob
        self.range = range
        pace = UploadPace(limits: limits)
    }

    func makeAsyncIterator() -> Iterator { Iterator(blob: blob, range: range, pace: pace, offset: range.lowerBound) }

    struct Iterator: AsyncIteratorProtocol {
        /// In bytes. A receiver that takes less than this in `TransferLimits.stall` counts as a stalled one.
        private static let chunk = 128 << 10

        let blob: OutgoingBlob
        let range: Range<Int64>
        let pace: UploadPace
        var offset: Int64

        mutating func next() async throws -> ByteBuffer? {
            pace.move(isDone: offset == range.upperBound)
            guard offset < range.upperBound else { return nil }
            let bytes: [UInt8]
            do { bytes = try blob.read(Int(Swift.min(Int64(Self.chunk), range.upperBound - offset)), offset) } catch {
                throw RegistryError(on: "blob \(blob.digest.short)", .unreadable("\(error)"))
            }
            guard !bytes.isEmpty else {
                throw RegistryError(on: "blob \(blob.digest.short)", .unreadable("it ends after \(offset) bytes"))
            }
            offset += Int64(bytes.count)
            blob.onProgress(offset)
            return ByteBuffer(bytes: bytes)
        }
    }

    /// Runs `body`, which sends this part, until it ends or the other side takes no more of it.
    func watching(
        _ body: @escaping @Sendable () async throws -> HTTPClientResponse
    ) async throws -> HTTPClientResponse {
        pace.move(isDone: false)
        return try await withThrowingTaskGroup(of: HTTPClientResponse?.self) { group in
            group.addTask { try await body() }
            group.addTask { [pace] in
                try await pace.watch()
                return nil
            }
            // Whichever ends first decides; the other is cancelled.
            defer { group.cancelAll() }
            guard let response = try await group.next() ?? nil else { throw CancellationError() }
            return response
        }
    }
}

/// When the other side last took something.
final class UploadPace: Sendable {
    private let limits: TransferLimits
    private let state: Mutex<(since: ContinuousClock.Instant, isDone: Bool)>

    init(limits: TransferLimits) {
        self.limits = limits
        state = Mutex((since: .now, isDone: false))
    }

    /// - Parameter isDone: All was taken: what is waited for now is the answer.
    func move(isDone: Bool) { state.withLock { $0 = (since: .now, isDone: isDone) } }

    /// Returns never; throws when the other side has stalled, or on cancellation.
    func watch() async throws {
        let step = min(Duration.seconds(1), limits.stall / 4)
        while true {
            try await Task.sleep(for: step)
            let (since, isDone) = state.withLock { $0 }
            guard since.duration(to: .now) <= (isDone ? limits.commit : limits.stall) else {
                throw RegistryError(on: "", .timedOut(isDone ? .response : .stall))
            }
        }
    }
}
