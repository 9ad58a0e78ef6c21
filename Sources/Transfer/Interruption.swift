import Dispatch
import Synchronization

/// Ends a transfer from outside or from within: by a signal, or because one of its parts has failed.
///
/// The transfer's own threads are blocking ones, which neither Swift's concurrency nor NIO needs; they wait here for
/// what is asynchronous.
public final class Interruption: Sendable {
    private struct State {
        var isOver = false
        var handlers: [Int: @Sendable () -> Void] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    public init() {}

    public var isInterrupted: Bool { state.withLock { $0.isOver } }

    /// Ends all that waits here now or later. A second call does nothing.
    public func interrupt() {
        let handlers = state.withLock { state -> [@Sendable () -> Void] in
            state.isOver = true
            defer { state.handlers = [:] }
            return Array(state.handlers.values)
        }
        for handler in handlers { handler() }
    }

    /// Throws if it is over.
    func check() throws { if isInterrupted { throw CancellationError() } }

    /// Calls `handler` once when it is over, which may be at once. Returns what ``remove(_:)`` takes.
    func onInterrupt(_ handler: @escaping @Sendable () -> Void) -> Int? {
        let number = state.withLock { state -> Int? in
            guard !state.isOver else { return nil }
            state.next += 1
            state.handlers[state.next] = handler
            return state.next
        }
        if number == nil { handler() }
        return number
    }

    func remove(_ number: Int?) { if let number { state.withLock { $0.handlers[number] = nil } } }

    /// Runs `body` as a task and blocks this thread until it ends. Never to be called on a thread of Swift's
    /// concurrency.
    func wait<Result: Sendable>(for body: @escaping @Sendable () async throws -> Result) throws -> Result {
        let done = DispatchSemaphore(value: 0)
        let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)
        let task = Task.detached {
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            outcome.withLock { $0 = result }
            done.signal()
        }
        let number = onInterrupt { task.cancel() }
        done.wait()
        remove(number)
        guard let result = outcome.withLock({ $0 }) else { throw CancellationError() }
        return try result.get()
    }

    /// Calls `body` for each element on up to `width` threads of its own and waits for all; the first failure ends the
    /// others and is thrown.
    func forEach<Element: Sendable>(
        _ elements: [Element], width: Int, _ body: @escaping @Sendable (Element) throws -> Void
    ) throws {
        let next = Mutex(0)
        let failure = Mutex<(any Error)?>(nil)
        let group = DispatchGroup()
        for number in 0..<min(width, elements.count) {
            // Queues of their own: a shared one would lend no more threads than there are cores to blocks that block.
            DispatchQueue(label: "transfer \(number)").async(group: group) { [self] in
                while true {
                    let index = next.withLock { next in
                        defer { next += 1 }
                        return next
                    }
                    guard index < elements.count, !isInterrupted else { return }
                    do { try body(elements[index]) } catch {
                        // What others say after the first is what ending them made them say.
                        failure.withLock { $0 = $0 ?? error }
                        interrupt()
                        return
                    }
                }
            }
        }
        group.wait()
        if let error = failure.withLock({ $0 }) { throw error }
        try check()
    }
}
