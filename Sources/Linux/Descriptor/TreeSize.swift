import Glibc

extension FileDescriptor {
    /// The sizes of all regular files below this directory, each once however many names it has; in bytes.
    ///
    /// Nothing is followed and no mount is crossed. What goes away meanwhile doesn't count. It keeps a list of the paths still
    /// to be visited, so a deep tree can't overflow the stack.
    public borrowing func treeSize() throws(SystemCallError) -> Int64 {
        var total: Int64 = 0
        var seen: Set<UInt64> = []
        var pending: [[UInt8]] = [[UInt8(ascii: ".")]]
        while let path = pending.popLast() {
            guard let name = PathBytes(path) else { continue }
            let directory: FileDescriptor
            do throws(SystemCallError) {
                directory = try FileDescriptor.open(name, in: self, .beneathOneMount, flags: O_RDONLY | O_DIRECTORY)
            } catch {
                guard error.errno == .noSuchFile || error.errno == .crossesDevices else { throw error }
                continue
            }
            for child in try directory.names() {
                guard let status = try? directory.status(of: child) else { continue }
                if status.kind == .directory {
                    pending.append(path + [UInt8(ascii: "/")] + child.bytes)
                } else if status.kind == .regular, status.linkCount == 1 || seen.insert(status.inode).inserted {
                    total = total.addingReportingOverflow(status.size).partialValue
                }
            }
        }
        return total
    }
}
