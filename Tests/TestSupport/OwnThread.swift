import Glibc
import Linux

/// A thread for one piece of work: for what blocks, which Swift's tasks must not, and for what is a thread's own.
public enum OwnThread {
    /// Runs `body` on a thread of its own and gives back what it gave.
    ///
    /// - Parameter mask: The umask that the thread has for itself, unseen by the tests beside it; nil for the process's.
    public static func run<Result: Sendable>(
        umask mask: mode_t? = nil, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            start {
                continuation.resume(
                    with: Swift.Result {
                        if let mask {
                            // CLONE_FS: umask, working directory and root are shared by threads until then. unshare(2).
                            try Namespace.unshare(NamespaceKinds(rawValue: 0x200))
                            _ = Glibc.umask(mask)
                        }
                        return try body()
                    })
            }
        }
    }

    /// Lets it run, and doesn't wait for it.
    public static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Work(body)).toOpaque()
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, context)
        pthread_detach(thread)
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
