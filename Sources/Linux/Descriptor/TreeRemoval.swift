import CLinux
import Glibc

extension FileDescriptor {
    /// Removes `name` in this directory with all that is below it, without leaving its file system.
    ///
    /// Nothing is followed and no mount is crossed: a live bind mount below stops it with `EXDEV` and loses nothing of
    /// what it shows (threat: `rm` through a bind deletes its source). It needs no memory for depth beyond a list of open
    /// parents' names, so a tree 100,000 deep can't overflow the stack. A name that isn't there is no error.
    public borrowing func removeTree(_ name: some Path) throws(SystemCallError) {
        var attempt = 1
        while true {
            do throws(SystemCallError) {
                try unlink(name)
                return
            } catch {
                switch error.errno {
                case .noSuchFile: return
                case .isDirectory, .notPermitted: break
                default: throw error
                }
            }
            do throws(SystemCallError) { return try removeDirectoryTree(name) } catch {
                // Somebody else removes it, too, or changes it: what is left is begun anew.
                guard error.isOfChange, attempt < 1000 else { throw error }
                attempt += 1
            }
        }
    }

    private borrowing func removeDirectoryTree(_ name: some Path) throws(SystemCallError) {
        // The directories between the top and the one being emptied, deepest last. Only the deepest is open: `..` of a
        // directory that nobody else can rename leads back. A moved one shows by its inode.
        var current = try FileDescriptor.open(
            name, in: self, .beneathOneMount, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        var path: [(name: PathBytes, inode: UInt64)] = []
        while true {
            if let child = try current.removeEntries() {
                let parent = try current.status().inode
                current = try FileDescriptor.open(
                    child, in: current, .beneathOneMount, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                path.append((child, parent))
                continue
            }
            guard let (emptied, inode) = path.popLast() else { break }
            current = try current.openChild("..", flags: O_RDONLY | O_DIRECTORY)
            guard try current.status().inode == inode else {
                throw SystemCallError("openat", on: "..", Errno(rawValue: ESTALE))
            }
            try current.removeDirectory(emptied)
        }
        try removeDirectory(name)
    }

    /// Unlinks everything here that can be unlinked; returns a directory that isn't empty, or nil when all is gone.
    private borrowing func removeEntries() throws(SystemCallError) -> PathBytes? {
        for name in try names() {
            do throws(SystemCallError) {
                try unlink(name)
            } catch {
                switch error.errno {
                case .noSuchFile: continue
                // Linux says EISDIR for a directory; POSIX, and some file systems, EPERM.
                case .isDirectory, .notPermitted:
                    do throws(SystemCallError) {
                        try removeDirectory(name)
                    } catch {
                        guard error.errno == .notEmpty || error.errno == .exists else { throw error }
                        return name
                    }
                default: throw error
                }
            }
        }
        return nil
    }
}
