import CLinux
import Glibc

/// Locks on single bytes of a file, owned by an open file and not by a process: they hold until its last descriptor is
/// closed, in whatever process that is. fcntl(2), "Open file description locks" (Linux 3.15). The bytes need not exist.
public enum RecordLock {
    /// Takes the byte for this open file, which must be open for writing; false if another open file has it.
    public static func acquire(
        byte offset: Int64, of file: borrowing FileDescriptor
    ) throws(SystemCallError) -> Bool {
        let number = file.number
        do throws(SystemCallError) {
            _ = try retryingInterrupts("fcntl", on: "lock \(offset)") {
                hako_ofd_set_lock(number, Int16(F_WRLCK), offset, 1, 0)
            }
            return true
        } catch {
            if error.errno == .wouldBlock || error.errno == .accessDenied { return false }
            throw error
        }
    }

    /// Takes the byte, and waits until whoever has it lets go.
    public static func acquireWaiting(
        byte offset: Int64, of file: borrowing FileDescriptor
    ) throws(SystemCallError) {
        try wait(for: F_WRLCK, byte: offset, of: file)
    }

    /// Takes the byte together with whoever else takes it so; the file must be open for reading. Waits for who has it alone.
    public static func acquireShared(
        byte offset: Int64, of file: borrowing FileDescriptor
    ) throws(SystemCallError) {
        try wait(for: F_RDLCK, byte: offset, of: file)
    }

    private static func wait(
        for kind: CInt, byte offset: Int64, of file: borrowing FileDescriptor
    ) throws(SystemCallError) {
        let number = file.number
        _ = try retryingInterrupts("fcntl", on: "lock \(offset)") {
            hako_ofd_set_lock(number, Int16(kind), offset, 1, 1)
        }
    }

    public static func release(byte offset: Int64, of file: borrowing FileDescriptor) throws(SystemCallError) {
        let number = file.number
        _ = try retryingInterrupts("fcntl", on: "lock \(offset)") {
            hako_ofd_set_lock(number, Int16(F_UNLCK), offset, 1, 0)
        }
    }

    /// Whether another open file than this one has the byte.
    public static func isHeldElsewhere(
        byte offset: Int64, of file: borrowing FileDescriptor
    ) throws(SystemCallError) -> Bool {
        let number = file.number
        let type = try retryingInterrupts("fcntl", on: "lock \(offset)") {
            hako_ofd_get_lock(number, Int16(F_WRLCK), offset, 1)
        }
        return type != CInt(F_UNLCK)
    }
}
