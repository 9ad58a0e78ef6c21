import Glibc
import Linux

/// The directory that entries are being put into. Entries of one directory mostly follow one another, so that it is
/// opened once for all of them.
struct OpenParent: ~Copyable {
    /// As entries write it; nil once that may have come to mean another directory.
    var path: PathBytes?
    let directory: FileDescriptor
    /// The time that it has to have in the end. Kept while it is open and set when it is left: each new name changes it.
    var modified: FileTime
    var isTouched = false

    init(path: PathBytes, directory: consuming FileDescriptor, modified: FileTime) {
        self.path = path
        self.directory = directory
        self.modified = modified
    }
}

extension LayerUnpacker {
    /// Makes the entry's parent the open one, creating it where the layer doesn't name it.
    func enterParent(of path: EntryPath) throws {
        if let open = parent.path, open == path.parent { return }
        try leaveParent()
        let directory = try openDirectory(path.parent)
        let modified = try directory.status().modified
        parent = OpenParent(path: path.parent, directory: directory, modified: modified)
    }

    /// Gives the open parent the time that it had, or should have.
    func leaveParent() throws(SystemCallError) {
        guard parent.isTouched else { return }
        try parent.directory.setTimes(accessed: nil, modified: parent.modified)
        parent.isTouched = false
    }

    /// Opens a directory below the root. Symlinks that the layer itself brought lead on, as they will inside of the
    /// container: `lib -> usr/lib`, then `lib/x`.
    private func openDirectory(_ path: PathBytes) throws -> FileDescriptor {
        do throws(SystemCallError) {
            return try FileDescriptor.open(
                path.bytes.isEmpty ? "." : path, in: root, .inRoot, flags: O_RDONLY | O_DIRECTORY)
        } catch {
            switch error.errno {
            // Missing, or a whiteout is in the way.
            case .noSuchFile, .notDirectory: return try makeDirectories(path)
            case .symlinkLoop: throw ArchiveError.Reason.refusedName(.parentNotDirectory)
            default: throw error
            }
        }
    }

    /// Walks the path component by component, making directories that are missing, also where a symlink leads to them.
    ///
    /// The walk keeps the components that it has resolved and opens them again each time without following anything, so
    /// that a tree which changes meanwhile can't lead it out.
    private func makeDirectories(_ path: PathBytes) throws -> FileDescriptor {
        var pending = Array(path.bytes.split(separator: UInt8(ascii: "/")).reversed())
        var resolved: [ArraySlice<UInt8>] = []
        var linkCount = 0
        while let component = pending.popLast() {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) {
                _ = resolved.popLast()  // `..` of the root is the root
                continue
            }
            guard let name = PathBytes(component) else { throw ArchiveError.Reason.refusedName(.parentNotDirectory) }
            let directory = try openResolved(resolved)
            let target = try step(name, in: directory, resolved + [component])
            guard let target else {
                resolved.append(component)
                guard resolved.count <= limits.depth else {
                    throw ArchiveError.Reason.limit(.depth, Int64(limits.depth))
                }
                continue
            }
            linkCount += 1
            // The kernel's own limit (path_resolution(7)).
            guard linkCount <= 40 else { throw ArchiveError.Reason.refusedName(.parentNotDirectory) }
            if target.bytes.first == UInt8(ascii: "/") { resolved.removeAll() }
            pending.append(contentsOf: target.bytes.split(separator: UInt8(ascii: "/")).reversed())
        }
        return try openResolved(resolved)
    }

    private func openResolved(_ components: [ArraySlice<UInt8>]) throws -> FileDescriptor {
        guard let path = PathBytes(components.isEmpty ? [UInt8(ascii: ".")] : Array(components.joined(separator: [0x2F])))
        else { throw ArchiveError.Reason.refusedName(.parentNotDirectory) }
        return try FileDescriptor.open(path, in: root, .beneathWithoutSymlinks, flags: O_RDONLY | O_DIRECTORY)
    }

    /// Sees to it that `name` is a directory; returns what it says if it is a symlink instead.
    private func step(
        _ name: PathBytes, in directory: borrowing FileDescriptor, _ components: [ArraySlice<UInt8>]
    ) throws -> PathBytes? {
        do throws(SystemCallError) {
            let status = try directory.status(of: name)
            switch status.kind {
            case .directory: return nil
            case .symlink: return try directory.symlinkTarget(of: name)
            // The layer hides what is below and then puts something there.
            case .characterDevice where status.isWhiteout: break
            default: throw SystemCallError("openat2", on: name.description, .notDirectory)
            }
            try directory.unlink(name)
            try makeImplicitDirectory(name, in: directory)
            try directory.openChild(name, flags: O_RDONLY | O_DIRECTORY).markOpaque()
        } catch {
            switch error.errno {
            case .notDirectory: throw ArchiveError.Reason.refusedName(.parentNotDirectory)
            case .noSuchFile: try makeImplicitDirectory(name, in: directory)
            default: throw error
            }
        }
        guard implicitDirectories.count < limits.implicitDirectories else {
            throw ArchiveError.Reason.limit(.implicitDirectories, Int64(limits.implicitDirectories))
        }
        if let path = PathBytes(components.joined(separator: [0x2F])) { implicitDirectories.insert(path) }
        return nil
    }

    private func makeImplicitDirectory(
        _ name: PathBytes, in directory: borrowing FileDescriptor
    ) throws(SystemCallError) {
        let modified = try directory.status().modified
        try directory.makeDirectory(name, mode: 0o755)
        let made = try directory.openChild(name, flags: O_RDONLY | O_DIRECTORY)
        if inheritsGroup || defaults.userID != 0 || defaults.groupID != 0 {
            try made.changeOwner(userID: 0, groupID: 0)
        }
        if inheritsGroup || defaults.umask & 0o755 != 0 { try made.changeMode(0o755) }
        // The same layer unpacks to the same tree whenever it is done.
        try made.setTimes(accessed: nil, modified: FileTime(seconds: 0))
        try directory.setTimes(accessed: nil, modified: modified)
    }

    /// Opens a directory for the target of a hard link; nil if the layer doesn't have it.
    func openExistingDirectory(_ path: PathBytes) throws(SystemCallError) -> FileDescriptor? {
        do throws(SystemCallError) {
            return try FileDescriptor.open(
                path.bytes.isEmpty ? "." : path, in: root, .inRoot, flags: O_RDONLY | O_DIRECTORY)
        } catch {
            switch error.errno {
            case .noSuchFile, .notDirectory, .symlinkLoop: return nil
            default: throw error
            }
        }
    }
}
