import AsyncHTTPClient
import NIOCore
import Synchronization

/// Reads the body of one answer, and gives up on a sender that stalls.
struct BodyReader: Sendable {
    let limits: TransferLimits

    /// Hands each part to `receive`, which may stop the reading by returning false; waiting for `receive` is not held
    /// against the sender.
    func read(
        _ body: HTTPClientResponse.Body, _ receive: @escaping @Sendable (ByteBuffer) async throws -> Bool
    ) async throws {
        let watch = StallWatch(limits: limits)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                watch.beginWaiting()
                for try await part in body {
                    watch.endWaiting(received: part.readableBytes)
                    if try await !receive(part) { return }
                    watch.beginWaiting()
                }
                // A cancelled body ends as if it were complete.
                try Task.checkCancellation()
            }
            group.addTask { try await watch.run() }
            // Whichever ends first decides; the other is cancelled.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// The whole body, cut off after `limit` bytes. The second value tells whether there was more.
    func collect(_ body: HTTPClientResponse.Body, limit: Int) async throws -> (bytes: [UInt8], isCut: Bool) {
        let collected = Mutex<[UInt8]>([])
        try await read(body) { part in
            collected.withLock { bytes in
                bytes.append(contentsOf: part.readableBytesView.prefix(limit + 1 - bytes.count))
                return bytes.count <= limit
            }
        }
        let bytes = collected.withLock { $0 }
        return (Array(bytes.prefix(limit)), bytes.count > limit)
    }
}

/// Measures how long a sender keeps its receiver waiting, and how little it sends meanwhile.
private final class StallWatch: Sendable {
    private struct State {
        var waitingSince: ContinuousClock.Instant?
        /// In the current window: the time spent waiting, and what came in it.
        var waited = Duration.zero
        var received = 0
    }

    private let limits: TransferLimits
    private let state = Mutex(State())

    init(limits: TransferLimits) { self.limits = limits }

    func beginWaiting() { state.withLock { $0.waitingSince = .now } }

    func endWaiting(received count: Int) {
        state.withLock { state in
            if let since = state.waitingSince { state.waited += since.duration(to: .now) }
            state.waitingSince = nil
            state.received += count
        }
    }

    /// Returns never; throws when the sender has stalled, or on cancellation.
    func run() async throws {
        let step = min(Duration.seconds(1), limits.stall / 4)
        while true {
            try await Task.sleep(for: step)
            if isStalled() { throw RegistryError(on: "", .timedOut(.stall)) }
        }
    }

    private func isStalled() -> Bool {
        state.withLock { state in
            let current = state.waitingSince.map { $0.duration(to: .now) } ?? .zero
            if current > limits.stall { return true }
            guard state.waited + current >= limits.rateWindow else { return false }
            let least = Double(limits.minimumBytesPerSecond) * (limits.rateWindow / Duration.seconds(1))
            if Double(state.received) < least { return true }
            state.waited = .zero
            state.received = 0
            if state.waitingSince != nil { state.waitingSince = .now }
            return false
        }
    }
}
