import Glibc
import Linux
import Synchronization

/// Exchanges a name in a directory with a symlink, over and over, until it is told to stop.
final class Swapper: Sendable {
    /// RENAME_EXCHANGE, which the C library shows only with _GNU_SOURCE.
    private static let exchange: UInt32 = 2
    private let isStopped = Atomic<Bool>(false)
    private let swaps = Atomic<Int>(0)

    /// - Returns: How many exchanges were made once ``stop()`` was called.
    func run(in directory: String, _ name: String, with target: String) throws -> Int {
        let top = try FileDescriptor.directory(directory)
        let spare = ".swapped-\(name)"
        try top.makeSymlink(to: target, named: spare)
        while !isStopped.load(ordering: .relaxed) {
            do throws(SystemCallError) {
                try FileDescriptor.rename(spare, in: top, to: name, in: top, flags: Self.exchange)
                swaps.add(1, ordering: .relaxed)
            } catch {
                // The unpacker has just removed one of them.
                if (try? top.status(of: spare)) == nil { try? top.makeSymlink(to: target, named: spare) }
            }
        }
        return swaps.load(ordering: .relaxed)
    }

    func stop() { isStopped.store(true, ordering: .relaxed) }
    var hasSwapped: Bool { swaps.load(ordering: .relaxed) > 0 }
}
