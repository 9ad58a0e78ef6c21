import Linux
import Synchronization
import Testing

@testable import Transfer

/// Counts up in bytes, as far as it is told to; then it ends or fails.
private final class Counter: ByteSource, Sendable {
    struct Failure: Error {}

    private let length: Int
    private let fails: Bool
    private let position = Mutex(0)

    init(length: Int = .max, fails: Bool = false) { (self.length, self.fails) = (length, fails) }

    var read: Int { position.withLock { $0 } }

    func read(into buffer: inout [UInt8]) throws -> Int {
        try position.withLock { position in
            // Odd, so that no two reads fill a buffer alike.
            let count = min(buffer.count, length - position, 99_991)
            if count == 0, fails { throw Failure() }
            for index in 0..<count { buffer[index] = UInt8(truncatingIfNeeded: position + index) }
            position += count
            return count
        }
    }
}

@Suite("Reading ahead")
struct ReadAheadTests {
    private static let chunk = 256 << 10

    private func expectCount(_ bytes: ArraySlice<UInt8>, from start: Int) {
        let isRight = zip(bytes, start...).allSatisfy { $0 == UInt8(truncatingIfNeeded: $1) }
        #expect(isRight)
    }

    @Test("gives each byte once and in order, then the end, always", arguments: [1000, chunk, 300_000])
    func order(bufferSize: Int) throws {
        let ahead = ReadAhead(Counter(length: 5_000_000))
        var (buffer, total) = ([UInt8](repeating: 0, count: bufferSize), 0)
        while true {
            let count = try ahead.read(into: &buffer)
            if count == 0 { break }
            expectCount(buffer[..<count], from: total)
            total += count
        }
        #expect(total == 5_000_000)
        #expect(try ahead.read(into: &buffer) == 0)
    }

    @Test("gives what came before an error, then the error, always")
    func failure() throws {
        let ahead = ReadAhead(Counter(length: 500_000, fails: true))
        var (buffer, total) = ([UInt8](repeating: 0, count: Self.chunk), 0)
        #expect(throws: Counter.Failure.self) {
            while true { total += try ahead.read(into: &buffer) }
        }
        #expect(total == 500_000)
        #expect(throws: Counter.Failure.self) { try ahead.read(into: &buffer) }
    }

    @Test("holds a bounded number of bytes, and hands the stream back when it is stopped")
    func stopping() throws {
        let source = Counter()
        let ahead = ReadAhead(source)
        var buffer = [UInt8](repeating: 0, count: Self.chunk)
        let taken = try ahead.read(into: &buffer)
        ahead.stop()
        let position = source.read
        #expect(position <= taken + ReadAhead.capacity)
        let count = try source.read(into: &buffer)
        expectCount(buffer[..<count], from: position)
        #expect(source.read == position + count)
    }

    @Test("does not take being stopped for the end of the stream")
    func stoppedIsNoEnd() throws {
        let ahead = ReadAhead(Counter())
        ahead.stop()
        var buffer = [UInt8](repeating: 0, count: Self.chunk)
        #expect(throws: CancellationError.self) { while try ahead.read(into: &buffer) > 0 {} }
    }
}
