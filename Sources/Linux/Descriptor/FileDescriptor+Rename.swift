import Glibc

extension FileDescriptor {
    /// Renames between two paths; what `new` named before is replaced. rename(2).
    public static func rename(_ old: String, to new: String) throws(SystemCallError) {
        _ = try retryingErrno("rename", on: "\(old) to \(new)") { Glibc.rename(old, new) }
    }
}
