import Glibc
import Linux

/// A layer that comes to be in a directory of its own, on top of the files of a stage: what COPY, ADD and WORKDIR put there.
///
/// It holds what was put, and the directories on the way as the stage has them. Nothing of the stage's own files is changed.
public final class StagedLayer {
    /// Owner, mode and time of what is put.
    public struct Attributes: Hashable, Sendable {
        public var userID: UInt32
        public var groupID: UInt32
        /// `0o7777` at most.
        public var mode: UInt32
        public var modified: FileTime

        public init(userID: UInt32 = 0, groupID: UInt32 = 0, mode: UInt32 = 0o755, modified: FileTime) {
            self.userID = userID
            self.groupID = groupID
            self.mode = mode
            self.modified = modified
        }
    }

    private let tree: LayeredTree
    private let root: OpenDirectory
    /// Of directories that are on the way and nowhere yet.
    private let missing: Attributes
    /// The one that was used last.
    private var last: StagedDirectory
    /// Set when everything is there, as each new name changes its directory's.
    private var times: [[PathBytes]: FileTime] = [:]

    /// - Parameters:
    ///   - root: An empty directory, which gets what the stage's root directory has.
    ///   - missing: What directories get that are made on the way.
    public init(in root: consuming FileDescriptor, over tree: LayeredTree, missing: Attributes) throws(SystemCallError) {
        self.tree = tree
        self.missing = missing
        self.root = OpenDirectory(root)
        last = StagedDirectory(names: [], directory: self.root, below: tree.root)
        if let below = tree.root.parts.first { try below.descriptor.copyAttributes(to: self.root.descriptor) }
        times[[]] = tree.root.status?.modified
    }

    /// Sets the times of directories. To be called once, after everything was put.
    public func finish() throws(SystemCallError) {
        for (names, time) in times { try made(names).descriptor.setTimes(accessed: nil, modified: time) }
    }

    // MARK: What is put

    /// Makes sure that there is a directory, with its parents.
    ///
    /// - Parameter attributes: What it gets, whether it was there or not; nil leaves one that is there as it is.
    /// - Throws: ``StagingError/notDirectory(_:)``.
    public func putDirectory(_ names: [PathBytes], _ attributes: Attributes?) throws {
        let staged = try reach(names)
        guard let attributes else { return }
        try staged.directory.descriptor.changeOwner(userID: attributes.userID, groupID: attributes.groupID)
        try staged.directory.descriptor.changeMode(attributes.mode)
        times[names] = attributes.modified
    }

    /// Gives a directory that was put another time.
    public func setModified(_ names: [PathBytes], _ time: FileTime) { times[names] = time }

    /// Puts a regular file there, in the place of any other one but a directory.
    ///
    /// - Parameter fill: Writes its content, and what extended attributes it has, into the empty file.
    /// - Throws: ``StagingError``; what `fill` throws.
    public func putFile(
        _ names: [PathBytes], _ attributes: Attributes, fill: (borrowing FileDescriptor) throws -> Void
    ) throws {
        let (parent, name) = try parent(names)
        try parent.putFile(name, attributes, fill: fill)
    }

    /// The mode of a symlink says nothing.
    public func putSymlink(_ names: [PathBytes], to target: PathBytes, _ attributes: Attributes) throws {
        try put(names) { name, parent in
            try parent.makeSymlink(to: target, named: name)
            try parent.changeOwner(of: name, userID: attributes.userID, groupID: attributes.groupID)
            try parent.setTimes(of: name, accessed: nil, modified: attributes.modified)
        }
    }

    public func putNode(_ names: [PathBytes], _ node: FileDescriptor.Node, _ attributes: Attributes) throws {
        try put(names) { name, parent in
            try parent.makeNode(node, named: name, mode: mode_t(attributes.mode))
            try parent.changeOwner(of: name, userID: attributes.userID, groupID: attributes.groupID)
            try parent.changeMode(of: name, to: mode_t(attributes.mode))
            try parent.setTimes(of: name, accessed: nil, modified: attributes.modified)
        }
    }

    /// A further name for a file that was put before.
    public func putLink(_ names: [PathBytes], to existing: [PathBytes]) throws {
        guard let old = existing.last else { throw StagingError.notDirectory("/") }
        let from = try made(Array(existing.dropLast()))
        try put(names) { name, parent in try FileDescriptor.link(old, in: from.descriptor, as: name, in: parent) }
    }

    private func put(_ names: [PathBytes], _ make: (PathBytes, borrowing FileDescriptor) throws -> Void) throws {
        let (parent, name) = try parent(names)
        try parent.put(name) { try make(name, $0) }
    }

    /// The directory that a file is to be put into, made with its parents as ``putDirectory(_:_:)`` does, and the file's name there.
    func parent(_ names: [PathBytes]) throws -> (StagedDirectory, PathBytes) {
        guard let name = names.last else { throw StagingError.isDirectory("/") }
        return (try reach(Array(names.dropLast())), name)
    }

    // MARK: Directories

    /// The directory in the layer, made with its parents as the stage has them.
    private func reach(_ names: [PathBytes]) throws -> StagedDirectory {
        if names == last.names { return last }
        var (path, directory) = ([PathBytes](), root)
        for name in names {
            path.append(name)
            if let status = try directory.statusIfThere(of: name) {
                guard status.kind == .directory else { throw StagingError.notDirectory(StagedDirectory.text(path)) }
            } else {
                try make(path, name, in: directory)
            }
            directory = OpenDirectory(try directory.descriptor.openChild(name, flags: O_RDONLY | O_DIRECTORY))
        }
        last = StagedDirectory(names: names, directory: directory, below: try below(names))
        return last
    }

    private func below(_ names: [PathBytes]) throws(SystemCallError) -> MergedDirectory? {
        guard case .directory(let below) = try tree.resolve(StagedDirectory.path(names), followsLast: false).node else { return nil }
        return below
    }

    private func make(_ path: [PathBytes], _ name: PathBytes, in parent: OpenDirectory) throws {
        let below = try tree.resolve(StagedDirectory.path(path), followsLast: false)
        if case .file = below.node { throw StagingError.notDirectory(StagedDirectory.text(path)) }
        try parent.descriptor.makeDirectory(name, mode: 0o700)
        let made = try parent.descriptor.openChild(name, flags: O_RDONLY | O_DIRECTORY)
        if case .directory(let existing) = below.node, let top = existing.parts.first {
            try top.descriptor.copyAttributes(to: made)
            times[path] = existing.status?.modified
        } else {
            try made.changeOwner(userID: missing.userID, groupID: missing.groupID)
            try made.changeMode(missing.mode)
            times[path] = missing.modified
        }
    }

    /// One that was made before.
    private func made(_ names: [PathBytes]) throws(SystemCallError) -> OpenDirectory {
        var directory = root
        for name in names {
            directory = OpenDirectory(try directory.descriptor.openChild(name, flags: O_RDONLY | O_DIRECTORY))
        }
        return directory
    }
}

/// What can't be put over what is there.
public enum StagingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A file is where a directory should be.
    case notDirectory(PathBytes)
    /// A directory is where a file should be.
    case isDirectory(PathBytes)

    public var description: String {
        switch self {
        case .notDirectory(let path): "cannot copy to non-directory: \(path)"
        case .isDirectory(let path): "cannot replace to directory \(path) with file"
        }
    }
}
