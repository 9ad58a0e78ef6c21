import Glibc

extension FileDescriptor {
    /// Makes a FIFO in this directory, open to its owner alone (fifo(7)).
    ///
    /// - Parameters:
    ///   - userID: The host's id of who may open it again by `/dev/stdout`: a container's user.
    /// - Throws: `EEXIST` if the name is taken.
    public borrowing func makeFIFO(
        _ name: String, userID: UInt32, groupID: UInt32
    ) throws(SystemCallError) {
        let number = self.number
        _ = try retryingErrno("mkfifoat", on: name) { mkfifoat(number, name, 0o600) }
        ObjectLog.made("fifo \(location())/\(name)")
        _ = try retryingErrno("fchownat", on: name) { fchownat(number, name, userID, groupID, AT_SYMLINK_NOFOLLOW) }
    }
}
