import Glibc
import Linux
import Synchronization
import Testing

@Suite("A pool of threads")
struct ThreadPoolTests {
    private struct Failure: Error, Equatable { let number: Int }

    @Test("runs each piece of work once, with any number of threads, also none", arguments: [0, 1, 3])
    func once(width: Int) throws {
        let counts = Mutex([Int](repeating: 0, count: 1000))
        let pool = ThreadPool(width: width, limit: 2)
        for number in 0..<1000 { try pool.add { counts.withLock { $0[number] += 1 } } }
        try pool.finish()
        #expect(counts.withLock { $0 } == [Int](repeating: 1, count: 1000))
        try pool.add { counts.withLock { $0[0] += 1 } }
        try pool.finish()
        #expect(counts.withLock { $0[0] } == 2)
    }

    @Test("runs pieces beside one another, and finishes when the last has ended", .timeLimit(.minutes(5)))
    func together() throws {
        let pool = ThreadPool(width: 2, limit: 8)
        let begun = Mutex(0)
        let ended = Mutex(0)
        // None ends before all three have begun: that takes the caller, too.
        for _ in 0..<3 {
            try pool.add {
                begun.withLock { $0 += 1 }
                while begun.withLock({ $0 }) < 3 { usleep(1000) }
                usleep(20000)
                ended.withLock { $0 += 1 }
            }
        }
        try pool.finish()
        #expect(ended.withLock { $0 } == 3)
    }

    @Test("throws what has failed first; nothing begins after that", arguments: [0, 2])
    func failure(width: Int) throws {
        let ran = Mutex(0)
        let pool = ThreadPool(width: width, limit: 1)
        #expect(throws: Failure(number: 1)) {
            try pool.add { throw Failure(number: 1) }
            try pool.finish()
        }
        #expect(throws: Failure(number: 1)) { try pool.add { ran.withLock { $0 += 1 } } }
        #expect(throws: Failure(number: 1)) { try pool.finish() }
        #expect(ran.withLock { $0 } == 0)
    }

    @Test("waits for what has begun when it is let go, and drops what hasn't", .timeLimit(.minutes(5)))
    func release() throws {
        let begun = Mutex(false)
        let ended = Mutex(0)
        var pool: ThreadPool? = ThreadPool(width: 1, limit: 8)
        try pool?.add {
            begun.withLock { $0 = true }
            usleep(50000)
            ended.withLock { $0 += 1 }
        }
        while !begun.withLock({ $0 }) { usleep(1000) }
        try pool?.add { ended.withLock { $0 += 1 } }
        pool = nil
        #expect(ended.withLock { $0 } == 1)
    }
}
