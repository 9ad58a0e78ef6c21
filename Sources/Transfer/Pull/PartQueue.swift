import Dispatch
import Linux
import Synchronization

/// Carries a download to the thread that unpacks it. It holds a bounded number of bytes: a download that is faster than
/// the disk waits, and so does its sender.
final class PartQueue: ByteSource, Sendable {
    private struct State {
        var parts: [[UInt8]] = []
        var head = 0
        /// How much of the first part was read.
        var offset = 0
        var bytes = 0
        var end: Result<Void, any Error>?
        var isAbandoned = false
        var sender: CheckedContinuation<Bool, Never>?
    }

    /// In bytes; enough that neither side waits for the other's next turn.
    private static let capacity = 4 << 20

    private let state = Mutex(State())
    /// Counts parts and the end; the reader takes one for each.
    private let available = DispatchSemaphore(value: 0)

    /// Returns when there is room for more; false when nobody will read any more.
    func send(_ part: [UInt8]) async -> Bool {
        guard !part.isEmpty else { return true }
        return await withCheckedContinuation { continuation in
            let answer = state.withLock { state -> Bool? in
                guard !state.isAbandoned else { return false }
                state.parts.append(part)
                state.bytes += part.count
                available.signal()
                guard state.bytes > Self.capacity else { return true }
                state.sender = continuation
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// The stream has ended, well or badly; what was sent before is still read.
    func finish(_ result: Result<Void, any Error>) {
        state.withLock { state in
            guard state.end == nil else { return }
            state.end = result
            available.signal()
        }
    }

    /// For the reader that gives up, and for an interruption from outside: a reader that waits gets an error.
    func abandon() {
        let sender = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            state.isAbandoned = true
            state.parts = []
            (state.head, state.bytes) = (0, 0)
            available.signal()
            defer { state.sender = nil }
            return state.sender
        }
        sender?.resume(returning: false)
    }

    func read(into buffer: inout [UInt8]) throws -> Int {
        while true {
            available.wait()
            let outcome = try state.withLock { state -> (count: Int, sender: CheckedContinuation<Bool, Never>?)? in
                if state.isAbandoned {
                    available.signal()
                    throw CancellationError()
                }
                guard state.head < state.parts.count else {
                    guard let end = state.end else { return nil }
                    // For every later call too.
                    available.signal()
                    try end.get()
                    return (0, nil)
                }
                return take(&state, &buffer)
            }
            guard let outcome else { continue }
            outcome.sender?.resume(returning: true)
            return outcome.count
        }
    }

    /// Takes from the first part; what is left of it counts as available again.
    private func take(_ state: inout State, _ buffer: inout [UInt8]) -> (
        count: Int, sender: CheckedContinuation<Bool, Never>?
    ) {
        let part = state.parts[state.head]
        let count = min(buffer.count, part.count - state.offset)
        buffer.replaceSubrange(0..<count, with: part[state.offset..<state.offset + count])
        state.offset += count
        state.bytes -= count
        if state.offset < part.count {
            available.signal()
        } else {
            state.parts[state.head] = []
            (state.head, state.offset) = (state.head + 1, 0)
            // Dropped in blocks: removing the first of an array moves all others.
            if state.head > 64 {
                state.parts.removeFirst(state.head)
                state.head = 0
            }
        }
        guard state.bytes <= Self.capacity / 2, let sender = state.sender else { return (count, nil) }
        state.sender = nil
        return (count, sender)
    }
}
