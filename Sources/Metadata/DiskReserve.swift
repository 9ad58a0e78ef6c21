import Glibc
import Linux

/// Room on the disk that is kept, so that things can still be removed when the disk is full: a deletion has to write, too.
struct DiskReserve: Sendable {
    /// Enough for the log of a big deletion.
    static let size: Int64 = 1 << 20

    let path: String

    /// Takes the room if it isn't taken. Where the disk is nearly full there is none to take, and that is no error.
    func fill() {
        guard access(path, F_OK) != 0 else { return }
        do throws(SystemCallError) {
            try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW).allocate(Self.size)
        } catch {
            guard error.errno != .exists else { return }
            unlink(path)
        }
    }

    /// Gives the room back. Where there is none, another process may have given it just now: what failed is worth a second
    /// try either way.
    func giveUp() { unlink(path) }
}
