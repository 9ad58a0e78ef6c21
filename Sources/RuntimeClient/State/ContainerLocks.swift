import Glibc
import Linux
import MonitorProtocol

/// The locks that say which containers have a monitor: one byte of one file for each, at the container's slot.
///
/// A monitor that only cleans up has let go of it and holds another byte instead (``LockByte/cleanUp(_:)``): what it waits for,
/// such as a file system that is written to the disk, keeps whoever starts the container again waiting, and nobody else.
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

    /// Whether a monitor that has let go of the slot still cleans up.
    public borrowing func isBeingCleanedUp(_ slot: Int64) throws(RuntimeClientError) -> Bool {
        try isHeld(LockByte.cleanUp(slot))
    }

    /// Waits for that monitor, however long it takes.
    public borrowing func waitForCleanUp(_ slot: Int64) throws(RuntimeClientError) {
        do throws(SystemCallError) {
            let own = try Self.open(path)
            try RecordLock.acquireWaiting(byte: LockByte.cleanUp(slot), of: own)
        } catch { throw .system(error) }
    }

    /// Takes the slot and waits for it.
    public borrowing func acquireWaiting(_ slot: Int64) throws(RuntimeClientError) -> FileDescriptor {
        do throws(SystemCallError) {
            let own = try Self.open(path)
            try RecordLock.acquireWaiting(byte: slot, of: own)
            ObjectLog.made("lock on byte \(slot) of \(path)")
            return own
        } catch { throw .system(error) }
    }
}
