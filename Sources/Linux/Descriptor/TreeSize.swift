import Glibc

extension FileDescriptor {
    /// The sizes of all regular files below this directory, each once however many names it has; in bytes.
    ///
    /// Nothing is followed and no mount is crossed. What goes away meanwhile doesn't count, nor what lies beside a directory
    /// that is moved while it is looked at: who fills a tree can give a wrong size, and can't have none given. Only one
    /// directory is open at a time, so a tree may be deeper than a path may be long.
    public borrowing func treeSize() throws(SystemCallError) -> Int64 {
        var total: Int64 = 0
        var seen: Set<UInt64> = []
        var current = try openChild(".", flags: O_RDONLY | O_DIRECTORY)
        // The subdirectories that are still to be visited, of each directory on the way to the current one, which is the last.
        var pending = [try current.subdirectories(addingTo: &total, &seen)]
        var inodes: [UInt64] = []
        while let last = pending.indices.last {
            if let name = pending[last].popLast() {
                guard let child = try current.openSubdirectory(name) else { continue }
                inodes.append(try current.status().inode)
                current = child
                pending.append(try current.subdirectories(addingTo: &total, &seen))
            } else {
                pending.removeLast()
                guard let inode = inodes.popLast() else { break }
                guard let parent = try? current.openChild("..", flags: O_RDONLY | O_DIRECTORY) else { break }
                guard try parent.status().inode == inode else { break }
                current = parent
            }
        }
        return total
    }

    /// Adds up the regular files here and names the directories.
    private borrowing func subdirectories(
        addingTo total: inout Int64, _ seen: inout Set<UInt64>
    ) throws(SystemCallError) -> [PathBytes] {
        var directories: [PathBytes] = []
        for child in try names() {
            guard let status = try? status(of: child) else { continue }
            if status.kind == .directory {
                directories.append(child)
            } else if status.kind == .regular, status.linkCount == 1 || seen.insert(status.inode).inserted {
                total = total.addingReportingOverflow(status.size).partialValue
            }
        }
        return directories
    }

    /// Nil where it has gone, is no directory any more, or is another mount.
    private borrowing func openSubdirectory(_ name: PathBytes) throws(SystemCallError) -> FileDescriptor? {
        do throws(SystemCallError) {
            return try FileDescriptor.open(name, in: self, .beneathOneMount, flags: O_RDONLY | O_DIRECTORY)
        } catch {
            if error.errno == .crossesDevices || error.isOfChange { return nil }
            throw error
        }
    }
}

extension SystemCallError {
    /// Whether a directory that was seen has gone or is something else now: a symlink, a file.
    ///
    /// EAGAIN: something was renamed while the path was resolved. openat2(2), RESOLVE_BENEATH
    public var isOfChange: Bool { [.noSuchFile, .notDirectory, .symlinkLoop, .wouldBlock].contains(errno) }
}
