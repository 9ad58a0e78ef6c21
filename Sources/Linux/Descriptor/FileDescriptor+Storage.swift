import CLinux
import Glibc

extension FileDescriptor {
    /// Writes everything that is unwritten on this file's file system to its disk: strangers' data too. syncfs(2).
    ///
    /// - Throws: Also for a write that failed earlier and that nobody was told of (Linux 5.8).
    public borrowing func synchronizeFileSystem() throws(SystemCallError) {
        let number = self.number
        _ = try retryingInterrupts("syncfs", on: "descriptor \(number)") { hako_syncfs(number) }
    }

    /// Takes room on the disk for a file of `size` bytes; `ENOSPC` if there isn't as much. fallocate(2).
    public borrowing func allocate(_ size: Int64) throws(SystemCallError) {
        let number = self.number
        _ = try retryingInterrupts("fallocate", on: "descriptor \(number)") { hako_fallocate(number, Int(size)) }
    }

    /// Gives back the room of the bytes before `end`, which read as zeros from then on; the file stays as long as it is.
    /// fallocate(2), FALLOC_FL_PUNCH_HOLE.
    public borrowing func punchHole(before end: Int64) throws(SystemCallError) {
        let number = self.number
        _ = try retryingInterrupts("fallocate", on: "descriptor \(number)") { hako_punch_hole(number, Int(end)) }
    }
}
