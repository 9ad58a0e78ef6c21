import Glibc

/// Tells when something in a directory changes: a file written, made or renamed. inotify(7).
public struct DirectoryWatch: ~Copyable {
    private let descriptor: FileDescriptor

    /// Readable when something has changed since ``clear()``.
    public var number: CInt { descriptor.number }

    public init(_ directory: String) throws(SystemCallError) { descriptor = try Self.watch(directory) }

    private static func watch(_ directory: String) throws(SystemCallError) -> FileDescriptor {
        let descriptor = FileDescriptor(
            adopting: try retryingErrno("inotify_init1", on: directory) {
                inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
            })
        let number = descriptor.number
        let mask = UInt32(IN_MODIFY) | UInt32(IN_CREATE) | UInt32(IN_MOVED_TO)
        _ = try retryingErrno("inotify_add_watch", on: directory) { inotify_add_watch(number, directory, mask) }
        return descriptor
    }

    /// Forgets what has changed until now; to be called before looking.
    public borrowing func clear() throws(SystemCallError) {
        do throws(SystemCallError) {
            while !(try descriptor.read(upTo: 4096)).isEmpty {}
        } catch {
            guard error.errno == .wouldBlock else { throw error }
        }
    }
}
