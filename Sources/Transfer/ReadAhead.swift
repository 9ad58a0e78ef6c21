import Dispatch
import Linux
import Synchronization

/// Reads a stream on a thread of its own, ahead of whoever reads from here: decoding goes on while what was decoded is
/// put on the disk. At most ``capacity`` bytes are ahead; then the stream waits.
///
/// What the stream throws, and its end, come in their turn: behind all bytes before them.
final class ReadAhead: ByteSource {
    private static let chunkSize = 256 << 10
    private static let chunks = 8
    /// In bytes.
    static let capacity = chunkSize * chunks

    private let channel: Channel
    /// What was taken from the channel and not yet read: `chunk[position..<end]`.
    private var chunk: [UInt8] = []
    private var position = 0
    private var end = 0

    /// Begins to read at once. The stream belongs to that thread until its end has been read here or ``stop()`` returns.
    init(_ source: any ByteSource) {
        let channel = Channel(capacity: Self.chunks)
        self.channel = channel
        // Handed over: see above. The thread knows the channel alone, so that this value may go before it.
        nonisolated(unsafe) let source = source
        DispatchQueue(label: "read ahead").async(group: channel.thread) {
            channel.fill(from: source, chunkSize: Self.chunkSize)
        }
    }

    /// Without waiting: a pipe that is being read may stay silent for ever.
    deinit { channel.end() }

    /// Ends the reading, and waits for the read that is under way: then the stream is the caller's again. What was read
    /// ahead is lost.
    func stop() {
        channel.end()
        channel.thread.wait()
    }

    func read(into buffer: inout [UInt8]) throws -> Int {
        guard !buffer.isEmpty else { return 0 }
        if position == end {
            guard let next = try channel.take() else { return 0 }
            guard next.bytes.count != buffer.count else {
                // Nothing is copied: the reader gets these bytes for its own.
                var used = next.bytes
                swap(&used, &buffer)
                channel.giveBack(used)
                return next.count
            }
            (chunk, position, end) = (next.bytes, 0, next.count)
        }
        let count = min(buffer.count, end - position)
        buffer.replaceSubrange(..<count, with: chunk[position..<position + count])
        position += count
        if position == end { giveBackChunk() }
        return count
    }

    /// Lets go of it first: a buffer that two hold is copied when it is written to.
    private func giveBackChunk() {
        var used: [UInt8] = []
        swap(&used, &chunk)
        channel.giveBack(used)
    }
}

/// What is between the thread that reads and the one that is read ahead for.
private final class Channel: Sendable {
    struct Chunk {
        var bytes: [UInt8]
        /// How many of them are the stream's.
        var count: Int
    }

    private struct State {
        /// Few: removing the first is cheap.
        var filled: [Chunk] = []
        /// Read, to be filled again.
        var spare: [[UInt8]] = []
        var outcome: Result<Void, any Error>?
        var hasEnded = false
    }

    let thread = DispatchGroup()
    private let state = Mutex(State())
    /// Counts the chunks that may be filled. A semaphore that begins above zero has to be back there when it goes.
    private let free = DispatchSemaphore(value: 0)
    /// Counts filled chunks and the end.
    private let available = DispatchSemaphore(value: 0)

    init(capacity: Int) { for _ in 0..<capacity { free.signal() } }

    func fill(from source: any ByteSource, chunkSize: Int) {
        let outcome = Result {
            while true {
                var bytes = try next()
                if bytes.isEmpty { bytes = [UInt8](repeating: 0, count: chunkSize) }
                let count = try source.read(into: &bytes)
                if count == 0 { return }
                state.withLock { $0.filled.append(Chunk(bytes: bytes, count: count)) }
                available.signal()
            }
        }
        state.withLock { $0.outcome = outcome }
        available.signal()
    }

    /// Waits until one more may be filled, and returns it, or an empty one where there is none yet.
    ///
    /// - Throws: `CancellationError` when nobody reads any more: what is cut off here is no end of the stream.
    private func next() throws -> [UInt8] {
        free.wait()
        return try state.withLock { state in
            guard !state.hasEnded else { throw CancellationError() }
            return state.spare.popLast() ?? []
        }
    }

    /// The next bytes; nil is the stream's end.
    func take() throws -> Chunk? {
        available.wait()
        return try state.withLock { state -> Chunk? in
            if !state.filled.isEmpty { return state.filled.removeFirst() }
            // For every later call too.
            available.signal()
            try state.outcome?.get()
            return nil
        }
    }

    func giveBack(_ bytes: [UInt8]) {
        state.withLock { $0.spare.append(bytes) }
        free.signal()
    }

    func end() {
        state.withLock { $0.hasEnded = true }
        free.signal()
    }
}
