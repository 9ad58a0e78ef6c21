import Glibc
import Linux

/// A socket on which a runtime sends the master of a terminal that it has made (`--console-socket`).
public struct ConsoleSocket: ~Copyable {
    private let directory: FileDescriptor
    private let name: String
    private let listener: FileDescriptor

    /// - Parameter bundle: Closed to all but the owner, so that nobody else connects.
    public init(in bundle: String) throws(SystemCallError) {
        let directory = try FileDescriptor.directory(bundle)
        let name = "console-\(getpid())-\(Timings.monotonicNanoseconds()).sock"
        let listener = try UnixSocket.listen(.stream, at: name, in: directory, backlog: 1)
        self.directory = directory
        self.name = name
        self.listener = listener
    }

    deinit {
        // Without it a name stays until the container's bundle goes.
        try? directory.unlink(name)
    }

    /// As the runtime reaches it: a path that is short whatever the store's is.
    public var path: String { "/proc/\(getpid())/fd/\(directory.number)/\(name)" }

    /// Waits for the terminal; nil if the runtime ended without sending one.
    public borrowing func receive(orEndOf child: borrowing ChildProcess) throws(SystemCallError) -> FileDescriptor? {
        var entries = [PollEntry(listener.number, .readable), PollEntry(child.pidfd.number, .readable)]
        try PollEntry.wait(&entries)
        return try receive()
    }

    /// The terminal that a runtime has sent; nil if none did.
    public borrowing func receive() throws(SystemCallError) -> FileDescriptor? {
        guard let connection = try listener.accept(nonBlocking: false) else { return nil }
        var message = try connection.receive()
        return message.descriptor.take()
    }
}
