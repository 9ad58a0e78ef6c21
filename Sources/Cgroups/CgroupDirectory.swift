import Glibc
import Linux

/// A cgroup's directory in one hierarchy.
struct CgroupDirectory: Hashable, Sendable {
    let mountPoint: String
    let path: CgroupPath

    var location: String { mountPoint + path.description }

    /// Makes it and the parents that are missing.
    ///
    /// - Returns: Whether it was made now; false where it already was there.
    /// - Throws: `ENOENT` also if another process removes an empty parent meanwhile: try again.
    func make() throws(SystemCallError) -> Bool {
        let mount = try FileDescriptor.directory(mountPoint)
        let isNew: Bool
        do throws(SystemCallError) {
            isNew = try Self.make(path.relative, in: mount)
        } catch  where error.errno == .noSuchFile {
            for parent in path.steps.dropLast() { _ = try Self.make(parent, in: mount) }
            isNew = try Self.make(path.relative, in: mount)
        }
        if isNew { ObjectLog.made("cgroup \(location)") }
        return isNew
    }

    private static func make(_ relative: String, in mount: borrowing FileDescriptor) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            try mount.makeDirectory(relative, mode: 0o755)
            return true
        } catch  where error.errno == .exists {
            return false
        }
    }

    func open() throws(SystemCallError) -> FileDescriptor { try FileDescriptor.directory(location) }

    /// Opens one of its control files.
    func open(_ file: String, flags: CInt) throws(SystemCallError) -> FileDescriptor {
        try FileDescriptor.open("\(location)/\(file)", flags: flags)
    }

    func read(_ file: String) throws(SystemCallError) -> String { String(decoding: try readBytes(file), as: UTF8.self) }

    /// Not for lists of processes: of other files the kernel writes all at once (seq_file(9), `single_open`), so that what does
    /// not fill the buffer is all.
    func readBytes(_ file: String) throws(SystemCallError) -> [UInt8] {
        let control = try open(file, flags: O_RDONLY)
        let start = try control.read(upTo: 4096)
        return start.count < 4096 ? start : start + (try control.readAll())
    }

    /// The kernel takes a value only as one write.
    func write(_ value: String, to file: String) throws(SystemCallError) {
        let control = try open(file, flags: O_WRONLY)
        do throws(SystemCallError) { try control.writeAll(value) } catch {
            throw SystemCallError(error.call, on: "\(location)/\(file)", error.errno)
        }
    }

    var exists: Bool { (try? FileDescriptor.status(of: location))?.kind == .directory }

    /// The processes in it and in all cgroups below.
    func processes() throws(SystemCallError) -> [Int32] {
        var found: Set<Int32> = []
        try walk { cgroup throws(SystemCallError) in found.formUnion(try Self.processes(in: cgroup)) }
        return found.sorted()
    }

    /// The processes in this cgroup itself.
    static func processes(in cgroup: borrowing FileDescriptor) throws(SystemCallError) -> [Int32] {
        do throws(SystemCallError) {
            let text = try cgroup.openChild("cgroup.procs").readAll()
            return text.split(separator: UInt8(ascii: "\n")).compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
        } catch  where error.errno == .notSupported || error.errno == .noSuchFile || error.hasVanished {
            // EOPNOTSUPP: a threaded cgroup of v2, whose processes its domain lists (cgroups(7)).
            return []
        }
    }

    /// Removes it with all cgroups below.
    ///
    /// - Returns: False when something in it is still alive.
    func remove() throws(SystemCallError) -> Bool {
        let mount = try FileDescriptor.directory(mountPoint)
        var isGone = try Self.remove(path.relative, in: mount)
        if !isGone {
            try walk(visit: { _ throws(SystemCallError) in }) { name, parent throws(SystemCallError) in
                _ = try Self.remove(name, in: parent)
            }
            isGone = try Self.remove(path.relative, in: mount)
        }
        if isGone { ObjectLog.removed("cgroup \(location)") }
        return isGone
    }

    private static func remove(
        _ name: some Path, in parent: borrowing FileDescriptor
    ) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            try parent.removeDirectory(name)
            return true
        } catch {
            if error.errno == .noSuchFile || error.hasVanished { return true }
            // Processes that have ended, but weren't reaped yet, or cgroups below.
            if error.errno == .busy || error.errno == .notEmpty { return false }
            throw error
        }
    }

    /// Visits this cgroup and all below it, and then, from the deepest up, leaves each but this one.
    ///
    /// A container may nest cgroups deeper than any path may be long, so only one directory is open at a time and
    /// nothing recurses. One that vanishes meanwhile is passed over.
    private func walk(
        visit: (borrowing FileDescriptor) throws(SystemCallError) -> Void,
        leave: (_ name: PathBytes, _ parent: borrowing FileDescriptor) throws(SystemCallError) -> Void = { _, _ in }
    ) throws(SystemCallError) {
        var current: FileDescriptor
        do throws(SystemCallError) { current = try open() } catch  where error.errno == .noSuchFile { return }
        try visit(current)
        var pending = [try Self.children(of: current)]
        var names: [PathBytes] = []
        while true {
            if let child = pending[pending.count - 1].popLast() {
                let below: FileDescriptor
                do throws(SystemCallError) {
                    below = try current.openChild(child, flags: O_RDONLY | O_DIRECTORY)
                } catch  where error.errno == .noSuchFile || error.hasVanished {
                    continue
                }
                current = below
                try visit(current)
                names.append(child)
                pending.append(try Self.children(of: current))
                continue
            }
            pending.removeLast()
            guard let name = names.popLast() else { return }
            current = try current.openChild("..", flags: O_RDONLY | O_DIRECTORY)
            try leave(name, current)
        }
    }

    private static func children(of cgroup: borrowing FileDescriptor) throws(SystemCallError) -> [PathBytes] {
        // A directory of kernfs has a link for each child, so that most need not be read.
        guard try cgroup.status().linkCount > 2 else { return [] }
        return try cgroup.names().filter { name in (try? cgroup.status(of: name))?.kind == .directory }
    }
}

extension SystemCallError {
    /// The cgroup was removed while its file was open.
    var hasVanished: Bool { errno.rawValue == ENODEV }
}
