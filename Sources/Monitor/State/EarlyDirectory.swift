import Glibc
import Linux
import MonitorProtocol

/// A new container's directory, made and locked while the engine still finds out what the container is to be: a file system
/// on a disk takes a tenth of a millisecond for each file. It goes with this value, unless the container gets it.
struct EarlyDirectory: ~Copyable {
    private let path: String
    /// Of the descriptor that holds the lock: what has one is nobody's leftover. -1 when it was handed on.
    private var number: CInt

    /// - Throws: `EEXIST` where it is there: whoever made it, and what is in it, is left alone.
    init(path: String) throws(SystemCallError) {
        guard let directory = try Directory.createLocked(path) else { throw SystemCallError("mkdir", on: path, .exists) }
        // Their modes and owners are the engine's to set, which may come first: so each is made in one step, or is there. What
        // can't be made is made later, with an error.
        try? directory.makeDirectory(ContainerDirectory.work, mode: 0o700)
        try? directory.makeDirectory(ContainerDirectory.upper, mode: ContainerDirectory.unready)
        for name in ContainerDirectory.accountFiles + [ContainerDirectory.newState] {
            _ = try? directory.openChild(name, flags: O_WRONLY | O_CREAT, mode: 0o600).number
        }
        self.path = path
        number = directory.relinquish()
    }

    /// Leaves it to the container. Returns the descriptor that holds its lock.
    consuming func intoLocked() -> FileDescriptor {
        let descriptor = FileDescriptor(adopting: number)
        number = -1
        return descriptor
    }

    deinit {
        guard number >= 0 else { return }
        // Before its lock: what can't be removed is what `system check` finds.
        try? Directory.removeTree(path)
        _ = FileDescriptor(adopting: number)
    }
}
