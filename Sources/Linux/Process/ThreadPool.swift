import Glibc

/// Runs pieces of work on threads beside the caller's, which takes part when these can't follow.
///
/// The pieces run in any order, and several at once. After one has failed, none begins any more. When the pool is let go, what
/// has begun is waited for, and the threads have ended.
///
/// It is used by one thread, in programs that don't fork meanwhile: a child of fork(2) has none of the threads.
public final class ThreadPool {
    public typealias Work = @Sendable () throws -> Void

    private let queue = WorkQueue()
    private let width: Int
    private let limit: Int
    private var threads: [pthread_t] = []

    /// Starts no thread yet.
    ///
    /// - Parameters:
    ///   - width: How many threads there may be beside the caller's; nil for one for each further processor, three at most.
    ///   - limit: How many pieces may wait before the caller runs one itself.
    public init(width: Int? = nil, limit: Int = 4) {
        self.width = width ?? min(3, Processors.count - 1)
        self.limit = limit
    }

    deinit {
        queue.close()
        for thread in threads { pthread_join(thread, nil) }
    }

    /// Has a piece of work run, now or later.
    ///
    /// - Throws: What the first piece that failed has thrown, at this call or a later one.
    public func add(_ work: @escaping Work) throws {
        let waiting = queue.append(work)
        if threads.count < width { start() }
        if waiting > limit { queue.runNext() }
        try queue.requireNoFailure()
    }

    /// Runs what still waits, and waits for what others run.
    ///
    /// - Throws: As ``add(_:)``.
    public func finish() throws {
        while queue.runNext() {}
        queue.waitForRunning()
        try queue.requireNoFailure()
    }

    /// Where there can be no further thread (EAGAIN of pthread_create(3)), the others and the caller do the work.
    private func start() {
        var thread = pthread_t()
        // Not retained for it: it ends before the pool lets go of the queue.
        let argument = Unmanaged.passUnretained(queue).toOpaque()
        let result = pthread_create(&thread, nil, { argument in
            if let argument { Unmanaged<WorkQueue>.fromOpaque(argument).takeUnretainedValue().runUntilClosed() }
            return nil
        }, argument)
        if result == 0 { threads.append(thread) }
    }
}

/// What the threads of a pool share.
private final class WorkQueue: @unchecked Sendable {
    // Unchecked because all that changes is touched with `mutex` held.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    /// A piece waits, or none is to come.
    private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// None runs.
    private let idle = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Few: removing the first is cheap.
    private var waiting: [ThreadPool.Work] = []
    private var running = 0
    private var failure: (any Error)?
    private var isClosed = false

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(filled, nil)
        pthread_cond_init(idle, nil)
    }

    deinit {
        pthread_cond_destroy(idle)
        pthread_cond_destroy(filled)
        pthread_mutex_destroy(mutex)
        idle.deallocate()
        filled.deallocate()
        mutex.deallocate()
    }

    /// - Returns: How many wait now.
    func append(_ work: @escaping ThreadPool.Work) -> Int {
        locked {
            if failure == nil { waiting.append(work) }
            pthread_cond_signal(filled)
            return waiting.count
        }
    }

    /// - Returns: Whether there was one.
    @discardableResult
    func runNext() -> Bool {
        guard let work = locked({ take() }) else { return false }
        run(work)
        return true
    }

    func runUntilClosed() {
        while let work = locked({ waitForNext() }) { run(work) }
    }

    func waitForRunning() {
        locked { while running > 0 { pthread_cond_wait(idle, mutex) } }
    }

    func requireNoFailure() throws {
        if let failure = locked({ failure }) { throw failure }
    }

    /// Lets nothing begin any more.
    func close() {
        locked {
            waiting = []
            isClosed = true
            pthread_cond_broadcast(filled)
        }
    }

    private func run(_ work: ThreadPool.Work) {
        let result = Result { try work() }
        locked {
            if case .failure(let error) = result {
                failure = failure ?? error
                waiting = []
            }
            running -= 1
            if running == 0 { pthread_cond_signal(idle) }
        }
    }

    private func take() -> ThreadPool.Work? {
        guard !waiting.isEmpty else { return nil }
        running += 1
        return waiting.removeFirst()
    }

    private func waitForNext() -> ThreadPool.Work? {
        while waiting.isEmpty, !isClosed { pthread_cond_wait(filled, mutex) }
        return take()
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
