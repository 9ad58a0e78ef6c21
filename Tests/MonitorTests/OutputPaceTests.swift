import Testing

@testable import Monitor

@Suite("The pace at which output is read")
struct OutputPaceTests {
    private func notes(_ count: Int, bytes: Int, every nanoseconds: UInt64, _ pace: inout OutputPace) -> [Bool] {
        (0..<count).map { pace.note(bytes, at: 1_000_000_000 + UInt64($0) * nanoseconds) }
    }

    @Test("slows down for many small pieces in a row, not for the first of them")
    func small() {
        var pace = OutputPace()
        let pauses = notes(40, bytes: 100, every: 100_000, &pace)
        #expect(pauses.prefix(16).allSatisfy { !$0 })
        #expect(pauses.suffix(20).allSatisfy { $0 })
    }

    @Test("is as it was after a moment without output")
    func rest() {
        var pace = OutputPace()
        _ = notes(40, bytes: 100, every: 100_000, &pace)
        let pauses = pace.note(100, at: 2_000_000_000)
        #expect(!pauses)
    }

    @Test("stays fast for much, and for what comes now and then", arguments: [(16384, 10_000 as UInt64), (100, 5_000_000)])
    func fast(bytes: Int, nanoseconds: UInt64) {
        var pace = OutputPace()
        let pauses = notes(100, bytes: bytes, every: nanoseconds, &pace)
        #expect(pauses.allSatisfy { !$0 })
    }
}
