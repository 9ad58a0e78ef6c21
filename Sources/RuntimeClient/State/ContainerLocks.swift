import Glibc
import Linux

/// The locks that say which containers have a monitor: one byte of one file for each, at the container's slot.
public struct ContainerLocks: ~Copyable {
    private let path: String
    private let file: FileDescriptor

    /// Opens `RUN/locks`, which is made if it isn't there.
    public init(path: String) throws(RuntimeClientError) {
        self.path = path
        file = try calling { () throws(SystemCallError) in try Self.open(path) }
    }

    private static func open(_ path: String) throws(SystemCallError) -> FileDescriptor {
        try FileDescriptor.open(path, flags: O_RDWR | O_CREAT, mode: 0o600)
    }

    /// Whether somebody holds the slot: the container's monitor, or who is about to start or remove it. It opens nothing.
    public borrowing func isHeld(_ slot: Int64) throws(RuntimeClientError) -> Bool {
        do throws(SystemCallError) {
            return try RecordLock.isHeldElsewhere(byte: slot, of: file)
        } catch { throw .system(error) }
    }

    /// Takes the slot, for as long as a duplicate of the descriptor is open in any process; nil if somebody has it.
    public borrowing func acquire(_ slot: Int64) throws(RuntimeClientError) -> FileDescriptor? {
        do throws(SystemCallError) {
            // An open file of its own: the lock belongs to it, and it is handed to the monitor.
            let own = try Self.open(path)
            guard try RecordLock.acquire(byte: slot, of: own) else { return nil }
            ObjectLog.made("lock on byte \(slot) of \(path)")
            return own
        } catch { throw .system(error) }
    }

    /// Takes the slot and waits for it: a monitor that has told a container's end still unmounts for a moment.
    public borrowing func acquireWaiting(_ slot: Int64) throws(RuntimeClientError) -> FileDescriptor {
        do throws(SystemCallError) {
            let own = try Self.open(path)
            try RecordLock.acquireWaiting(byte: slot, of: own)
            ObjectLog.made("lock on byte \(slot) of \(path)")
            return own
        } catch { throw .system(error) }
    }
}
