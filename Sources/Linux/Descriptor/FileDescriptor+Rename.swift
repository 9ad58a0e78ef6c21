import Glibc

extension FileDescriptor {
    /// Renames between two paths; what `new` named before is replaced. rename(2).
    public static func rename(_ old: String, to new: String) throws(SystemCallError) {
        _ = try retryingErrno("rename", on: "\(old) to \(new)") { Glibc.rename(old, new) }
    }

    /// Removes a file's name. One that isn't there is no error.
    public static func removeIfThere(_ path: String) throws(SystemCallError) {
        do throws(SystemCallError) {
            _ = try retryingErrno("unlink", on: path) { Glibc.unlink(path) }
        } catch {
            guard error.errno == .noSuchFile else { throw error }
        }
    }
}
