import Glibc

extension FileDescriptor {
    /// Copies everything below this directory into another one: content, owners, modes, extended attributes, times,
    /// symlinks as they are, hard links among what is copied.
    ///
    /// Both sides are walked beneath their directories: nothing is followed, no mount is crossed. Devices, FIFOs and sockets
    /// are left out. It keeps a list of paths, so that a deep tree can't overflow the stack.
    ///
    /// - Throws: `EEXIST` for a name that is there already; `ENAMETOOLONG` for a path of more than 4,095 bytes.
    public borrowing func copyTree(to destination: borrowing FileDescriptor) throws(SystemCallError) {
        var copy = TreeCopy()
        try copy.run(self, destination)
    }

    /// Gives another open file or directory the owner, mode, extended attributes and times of this one.
    public borrowing func copyAttributes(to other: borrowing FileDescriptor) throws(SystemCallError) {
        let status = try status()
        try other.changeOwner(userID: status.userID, groupID: status.groupID)
        // After the owner, whose change clears set-id bits and capabilities.
        try other.changeMode(status.permissions)
        try copyExtendedAttributes(to: other)
        try other.setTimes(accessed: nil, modified: status.modified)
    }

    /// All but `trusted.`, which are the host's. A file system that has none of them stays without.
    private borrowing func copyExtendedAttributes(to other: borrowing FileDescriptor) throws(SystemCallError) {
        do throws(SystemCallError) {
            for name in try extendedAttributeNames() where !name.bytes.starts(with: "trusted.".utf8) {
                guard let value = try extendedAttribute(name) else { continue }
                try other.setExtendedAttribute(name, to: value)
            }
        } catch {
            guard error.errno == .notSupported else { throw error }
        }
    }

    /// Copies the content of a regular file, from its beginning, into an empty one. Holes are passed over, as an image's file
    /// may be terabytes of nothing, and runs of zeros become some.
    public borrowing func copyContents(to other: borrowing FileDescriptor) throws(SystemCallError) {
        let status = try status()
        // For a small file a small one: making it of zeros takes longer than reading.
        var chunk = [UInt8](repeating: 0, count: min(128 << 10, max(4 << 10, Int(clamping: status.size))))
        var copied = CopiedContent()
        if status.blocks * 512 >= status.size {
            // As many blocks as there are bytes: no holes to look for.
            try copy(0..<Int64.max, to: other, &chunk, &copied)
        } else {
            while let data = try place(of: .data, from: copied.position) {
                let end = try place(of: .hole, from: data) ?? data
                try seek(to: data)
                copied.position = data
                try copy(data..<end, to: other, &chunk, &copied)
                guard copied.position == end else { break }
            }
        }
        let length = max(copied.position, status.size)
        if copied.end < length { try other.truncate(to: length) }
    }

    /// How far a copy has come.
    private struct CopiedContent {
        /// Where the source is read next.
        var position: Int64 = 0
        /// Where the last write ended: the copy's offset, and its size.
        var end: Int64 = 0
    }

    /// Copies a part that has no holes, or what there is of it.
    private borrowing func copy(
        _ range: Range<Int64>, to other: borrowing FileDescriptor, _ chunk: inout [UInt8], _ copied: inout CopiedContent
    ) throws(SystemCallError) {
        while copied.position < range.upperBound {
            let count = min(try read(into: &chunk), Int(clamping: range.upperBound - copied.position))
            guard count > 0 else { return }
            if !chunk[..<count].allSatisfy({ $0 == 0 }) {
                if copied.end != copied.position { try other.seek(to: copied.position) }
                try other.writeAll(chunk[..<count])
                copied.end = copied.position + Int64(count)
            }
            copied.position += Int64(count)
        }
    }

    /// SEEK_DATA and SEEK_HOLE of lseek(2) (Linux 3.1).
    private enum Extent: CInt { case data = 3, hole = 4 }

    /// Where such a part of the file is, at `offset` or behind it; nil at its end, and where only a hole is left.
    private borrowing func place(of extent: Extent, from offset: Int64) throws(SystemCallError) -> Int64? {
        let number = number
        do throws(SystemCallError) {
            return Int64(
                try retryingErrno("lseek", on: "descriptor \(number)") {
                    Glibc.lseek(number, off_t(offset), extent.rawValue)
                })
        } catch {
            guard error.errno == Errno(rawValue: ENXIO) else { throw error }
            return nil
        }
    }
}

/// One copy of a tree, on its way.
private struct TreeCopy {
    /// Where a file with more than one name was copied to first, by its inode.
    private var links: [UInt64: PathBytes] = [:]
    private var pending: [PathBytes] = ["."]
    /// Parents before their children: their times are set last, as each new name changes them.
    private var directories: [PathBytes] = []

    mutating func run(
        _ source: borrowing FileDescriptor, _ destination: borrowing FileDescriptor
    ) throws(SystemCallError) {
        while let path = pending.popLast() {
            let from = try Self.directory(path, in: source)
            let to = try Self.directory(path, in: destination)
            for name in try from.names() { try copy(name, at: path, from, to, destination) }
            directories.append(path)
        }
        for path in directories.reversed() where path != "." {
            try Self.directory(path, in: source).copyAttributes(to: Self.directory(path, in: destination))
        }
    }

    private static func directory(
        _ path: PathBytes, in root: borrowing FileDescriptor
    ) throws(SystemCallError) -> FileDescriptor {
        try FileDescriptor.open(path, in: root, .beneathOneMount, flags: O_RDONLY | O_DIRECTORY)
    }

    private mutating func copy(
        _ name: PathBytes, at parent: PathBytes, _ from: borrowing FileDescriptor, _ to: borrowing FileDescriptor,
        _ destination: borrowing FileDescriptor
    ) throws(SystemCallError) {
        let status = try from.status(of: name)
        guard let path = PathBytes(parent.bytes + [UInt8(ascii: "/")] + name.bytes) else { return }
        switch status.kind {
        case .directory:
            try to.makeDirectory(name)
            pending.append(path)
        case .regular:
            if status.linkCount > 1, let first = links[status.inode] {
                return try FileDescriptor.link(first, in: destination, as: name, in: to)
            }
            try copyFile(name, from, to)
            if status.linkCount > 1 { links[status.inode] = path }
        case .symlink:
            try to.makeSymlink(to: try from.symlinkTarget(of: name), named: name)
            try to.changeOwner(of: name, userID: status.userID, groupID: status.groupID)
            try to.setTimes(of: name, accessed: nil, modified: status.modified)
        case .characterDevice, .blockDevice, .fifo, .socket, .unknown: break
        }
    }

    private func copyFile(
        _ name: PathBytes, _ from: borrowing FileDescriptor, _ to: borrowing FileDescriptor
    ) throws(SystemCallError) {
        // Should it have become a FIFO meanwhile, opening it waits for nobody.
        let source = try from.openChild(name, flags: O_RDONLY | O_NONBLOCK)
        let copy = try to.openChild(name, flags: O_WRONLY | O_CREAT | O_EXCL)
        try source.copyContents(to: copy)
        try source.copyAttributes(to: copy)
    }
}
