import Glibc
import Linux

// One function for each kind of entry. All work on one name in the open parent; an owner is set before the mode and the
// attributes, since chown(2) takes set-id bits and capabilities away, and these after the body, since writing does too.
extension LayerUnpacker {
    func unpackFile(_ entry: TarEntry, _ name: PathBytes) throws {
        parent.isTouched = true
        let file = try createFile(name, mode: entry.mode & 0o777)
        try reader.copyBody(to: file)
        try setOwnerAndMode(of: file, entry)
        try setAttributes(of: file, entry)
        try file.setTimes(accessed: entry.accessed ?? entry.modified, modified: entry.modified)
        try file.close()
    }

    private func createFile(_ name: PathBytes, mode: UInt32) throws(SystemCallError) -> FileDescriptor {
        // O_EXCL: what is there is replaced, never written into; another name of it may be part of the layer.
        let flags = O_WRONLY | O_CREAT | O_EXCL
        do throws(SystemCallError) {
            return try parent.directory.openChild(name, flags: flags, mode: mode)
        } catch {
            guard error.errno == .exists else { throw error }
            try remove(name)
            return try parent.directory.openChild(name, flags: flags, mode: mode)
        }
    }

    /// A directory that is there is kept with what is in it; anything else gives way to the new one.
    func unpackDirectory(_ entry: TarEntry, _ path: EntryPath) throws {
        let name = path.name
        parent.isTouched = true
        var isNew = true
        var replacesFile = false
        do throws(SystemCallError) {
            try parent.directory.makeDirectory(name, mode: entry.mode & 0o1777)
        } catch {
            guard error.errno == .exists else { throw error }
            isNew = try parent.directory.status(of: name).kind != .directory
            if isNew {
                try remove(name)
                try parent.directory.makeDirectory(name, mode: entry.mode & 0o1777)
                replacesFile = true
            }
        }
        let directory = try parent.directory.openChild(name, flags: O_RDONLY | O_DIRECTORY)
        // A file or whiteout of this layer had hidden the directory below: the new one doesn't bring its content back.
        if replacesFile { try directory.markOpaque() }
        try setMetadata(ofDirectory: directory, entry, isNew: isNew)
        try adopt(directory, path, entry.modified)
    }

    /// What comes next is most likely in the directory that was just made.
    private func adopt(
        _ directory: consuming FileDescriptor, _ path: EntryPath, _ modified: FileTime
    ) throws {
        guard let whole = PathBytes(path.whole) else { return }
        if !implicitDirectories.isEmpty { implicitDirectories.remove(whole) }
        try leaveParent()
        parent = OpenParent(path: whole, directory: directory, modified: modified)
    }

    func unpackRoot(_ entry: TarEntry) throws {
        guard entry.kind == .directory else { throw ArchiveError.Reason.refusedName(.replacesRoot) }
        try leaveParent()
        let directory = try root.duplicate()
        try setMetadata(ofDirectory: directory, entry, isNew: false)
        parent = OpenParent(path: "", directory: directory, modified: entry.modified)
    }

    private func setMetadata(
        ofDirectory directory: borrowing FileDescriptor, _ entry: TarEntry, isNew: Bool
    ) throws(SystemCallError) {
        if isNew {
            try setOwnerAndMode(of: directory, entry)
        } else {
            try directory.changeOwner(userID: entry.userID, groupID: entry.groupID)
            try directory.changeMode(entry.mode)
        }
        if entry.mode & 0o2000 != 0 { inheritsGroup = true }
        try setAttributes(of: directory, entry)
        try directory.setTimes(accessed: entry.accessed ?? entry.modified, modified: entry.modified)
    }

    func unpackSymlink(_ entry: TarEntry, _ name: PathBytes) throws {
        guard !entry.linkTarget.bytes.isEmpty else { throw ArchiveError.Reason.invalidField(.linkTarget) }
        try replacing(name) { () throws(SystemCallError) in
            try parent.directory.makeSymlink(to: entry.linkTarget, named: name)
        }
        if differsFromDefault(entry) {
            try parent.directory.changeOwner(of: name, userID: entry.userID, groupID: entry.groupID)
        }
        try setTimes(of: name, entry)
        skippedAttributes += entry.attributes.count
    }

    func unpackNode(_ entry: TarEntry, _ node: FileDescriptor.Node, _ name: PathBytes) throws {
        try replacing(name) { () throws(SystemCallError) in
            try parent.directory.makeNode(node, named: name, mode: entry.mode & 0o777)
        }
        if differsFromDefault(entry) {
            try parent.directory.changeOwner(of: name, userID: entry.userID, groupID: entry.groupID)
        }
        if modeDiffersFromDefault(entry) { try parent.directory.changeMode(of: name, to: entry.mode) }
        try setTimes(of: name, entry)
        skippedAttributes += entry.attributes.count
    }

    /// The target is looked up below the root like a parent, its last component not followed: a link to a symlink is a
    /// second name of the symlink. Owner, mode and times are the target's.
    func unpackHardLink(_ entry: TarEntry, _ path: EntryPath) throws {
        let missing = ArchiveError.Reason.missingHardLinkTarget(entry.linkTarget)
        let target = try EntryPath(entry.linkTarget, limits: limits)
        guard !target.isRoot, let directory = try openExistingDirectory(target.parent) else { throw missing }
        let status: FileStatus
        do throws(SystemCallError) {
            status = try directory.status(of: target.name)
        } catch {
            guard error.errno == .noSuchFile else { throw error }
            throw missing
        }
        // A second name of a whiteout would be a whiteout, of a name that no `.wh.` says.
        guard !status.isWhiteout, status.kind != .directory else { throw missing }
        parent.isTouched = true
        do throws(SystemCallError) {
            try FileDescriptor.link(target.name, in: directory, as: path.name, in: parent.directory)
        } catch {
            guard error.errno == .exists else { throw error }
            let existing = try parent.directory.status(of: path.name)
            // Both names are that file already; removing the one could remove the last.
            if existing.inode == status.inode, existing.device == status.device { return }
            try remove(path.name)
            try FileDescriptor.link(target.name, in: directory, as: path.name, in: parent.directory)
        }
    }

    // MARK: Steps

    /// Removes what has that name in the open parent: a later entry of the same name replaces an earlier one.
    private func remove(_ name: PathBytes) throws(SystemCallError) {
        try parent.directory.removeTree(name)
        // The parent's own path may have led through what is gone.
        parent.path = nil
    }

    private func replacing(
        _ name: PathBytes, _ create: () throws(SystemCallError) -> Void
    ) throws(SystemCallError) {
        parent.isTouched = true
        do throws(SystemCallError) {
            try create()
        } catch {
            guard error.errno == .exists else { throw error }
            try remove(name)
            try create()
        }
    }

    private func differsFromDefault(_ entry: TarEntry) -> Bool {
        inheritsGroup || entry.userID != defaults.userID || entry.groupID != defaults.groupID
    }

    private func modeDiffersFromDefault(_ entry: TarEntry) -> Bool {
        // A directory may have got its parent's set-group-id bit.
        (inheritsGroup && entry.kind == .directory) || entry.mode & (0o7000 | defaults.umask) != 0
    }

    private func setOwnerAndMode(of file: borrowing FileDescriptor, _ entry: TarEntry) throws(SystemCallError) {
        if differsFromDefault(entry) { try file.changeOwner(userID: entry.userID, groupID: entry.groupID) }
        if modeDiffersFromDefault(entry) { try file.changeMode(entry.mode) }
    }

    private func setAttributes(of file: borrowing FileDescriptor, _ entry: TarEntry) throws(SystemCallError) {
        for attribute in entry.attributes {
            guard attribute.isAllowedInLayer else {
                skippedAttributes += 1
                continue
            }
            do throws(SystemCallError) {
                try file.setExtendedAttribute(attribute.name, to: attribute.value)
            } catch {
                guard error.errno == .notSupported else { throw error }
                skippedAttributes += 1
            }
        }
    }

    private func setTimes(of name: PathBytes, _ entry: TarEntry) throws(SystemCallError) {
        try parent.directory.setTimes(
            of: name, accessed: entry.accessed ?? entry.modified, modified: entry.modified)
    }
}
