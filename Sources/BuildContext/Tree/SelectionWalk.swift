import Glibc
import Linux

/// A file of a selection, as it is to be in a destination that is a directory.
public struct SelectedEntry: Sendable {
    /// Relative to the destination. `.` is a source that is a directory itself, in a selection that includes it.
    public let path: PathBytes
    /// The index of its ``Selection/Source``.
    public let source: Int
    /// Kind, mode, owner, size, device and times. BuildKit makes an empty file of a socket.
    public let status: FileStatus
    /// What a symlink says; else nil.
    public let linkTarget: PathBytes?
    /// The path of the entry, earlier and of the same source, that is the same file: to be linked to instead of copied.
    public let hardLink: PathBytes?
}

/// A walk over the files of a selection: source after source, a directory before what is in it, names in byte order.
///
/// Only one directory is open at a time, and only names are kept. A directory that isn't selected itself comes right before
/// the first file below it that is. What goes away meanwhile is passed over.
public struct SelectionWalk: ~Copyable {
    private let selection: Selection
    /// The directory of the entry at hand, or that entry.
    private var directory: OpenDirectory
    /// The directories from the source to ``directory``.
    private var frames: [Frame] = []
    /// Of the entry at hand, relative to the destination.
    private var path: [UInt8] = []
    /// The last component of the entry at hand in ``directory``.
    private var name: PathBytes = "."
    private var source = -1
    /// Entries that are due, last first.
    private var waiting: [SelectedEntry] = []
    /// Where files with several names were first.
    private var firstPaths: [Inode: PathBytes] = [:]
    private var scratch = StateSet()

    private struct Frame {
        /// Still to be visited, last first.
        var names: [PathBytes]
        /// How much of ``path`` is this directory's.
        let pathLength: Int
        let status: FileStatus
        let filter: SelectionFilter
        /// Whether it was an entry, or is none by itself.
        var isDone: Bool
    }

    private struct Inode: Hashable {
        let device: UInt64
        let number: UInt64
    }

    init(_ selection: Selection) throws(ContextError) {
        self.selection = selection
        do throws(SystemCallError) { directory = OpenDirectory(try selection.tree.root.duplicate()) } catch {
            throw .unreadable(".", error)
        }
    }

    /// The next file; nil at the end.
    public mutating func next() throws(ContextError) -> SelectedEntry? {
        if let entry = waiting.popLast() { return entry }
        while true {
            var entry: SelectedEntry?
            if let last = frames.indices.last {
                if let name = frames[last].names.popLast() {
                    entry = try visit(name, in: last)
                } else {
                    try leaveDirectory()
                }
            } else {
                source += 1
                guard source < selection.sources.count else { return nil }
                entry = try beginSource(selection.sources[source])
            }
            if let entry { return afterParents(entry) }
        }
    }

    /// The file that was returned last, which is a regular one.
    public var file: SelectedFile {
        SelectedFile(directory: directory, name: name, source: selection.sources[source], path: PathBytes(known: path))
    }

    /// Looks again at the file that was returned last.
    borrowing func currentStatus() throws(ContextError) -> FileStatus {
        do throws(SystemCallError) { return try directory.descriptor.status(of: name) } catch { throw failure(error) }
    }

    /// Below the root, for messages.
    private var placePath: PathBytes {
        guard selection.sources.indices.contains(source) else { return "." }
        return selection.sources[source].path(of: PathBytes(known: path))
    }

    borrowing func failure(_ error: SystemCallError) -> ContextError { ContextError(error, at: placePath) }
}

extension SelectionWalk {
    private mutating func beginSource(_ source: Selection.Source) throws(ContextError) -> SelectedEntry? {
        firstPaths = [:]
        path = []
        let components = source.components
        do throws(SystemCallError) {
            if source.isDirectory {
                directory = OpenDirectory(try selection.tree.open(components, flags: O_RDONLY | O_DIRECTORY))
                let filter = SelectionFilter(source, of: selection, &scratch)
                let status = try directory.descriptor.status()
                frames = [
                    Frame(
                        names: try directory.descriptor.sortedNames(), pathLength: 0, status: status, filter: filter, isDone: true)
                ]
                return try selection.includesTopDirectory ? entry(status) : nil
            }
            directory = OpenDirectory(
                try selection.tree.open(Array(components.dropLast()), flags: FileDescriptor.pathOnly | O_DIRECTORY))
            name = components.last ?? "."
            path = source.name.bytes
            let status = try directory.descriptor.status(of: name)
            guard status.kind != .directory, status.kind != .symlink else {
                throw SystemCallError("fstatat", on: name.description, .symlinkLoop)
            }
            return try entry(status)
        } catch {
            throw failure(error)
        }
    }

    private mutating func visit(_ name: PathBytes, in last: Int) throws(ContextError) -> SelectedEntry? {
        self.name = name
        path.removeSubrange(frames[last].pathLength...)
        if !path.isEmpty { path.append(UInt8(ascii: "/")) }
        path += name.bytes
        do throws(SystemCallError) {
            let status = try directory.descriptor.status(of: name)
            if status.kind == .directory { return try enterDirectory(name, in: last) }
            return try frames[last].filter.selects(name, &scratch) ? entry(status) : nil
        } catch {
            // It has gone since the directory was read.
            if error.errno == .noSuchFile { return nil }
            throw failure(error)
        }
    }

    private mutating func enterDirectory(_ name: PathBytes, in last: Int) throws(SystemCallError) -> SelectedEntry? {
        let (isSelected, below) = frames[last].filter.enter(name, &scratch)
        guard let below else { return nil }
        let child = try directory.descriptor.openChild(name, flags: O_RDONLY | O_DIRECTORY)
        let status = try child.status()
        frames.append(
            Frame(
                names: try child.sortedNames(), pathLength: path.count, status: status, filter: below,
                isDone: isSelected))
        directory = OpenDirectory(child)
        return try isSelected ? entry(status) : nil
    }

    /// Goes back to the parent, which is where `..` leads unless somebody has moved the directory meanwhile.
    private mutating func leaveDirectory() throws(ContextError) {
        frames.removeLast()
        guard let parent = frames.last else { return }
        do throws(SystemCallError) {
            let above = try directory.descriptor.openChild("..", flags: O_RDONLY | O_DIRECTORY)
            let status = try above.status()
            guard status.inode == parent.status.inode, status.device == parent.status.device else {
                throw SystemCallError("openat", on: "..", .noSuchFile)
            }
            directory = OpenDirectory(above)
        } catch {
            throw failure(error)
        }
    }

    private mutating func entry(_ status: FileStatus) throws(SystemCallError) -> SelectedEntry {
        let path = path.isEmpty ? "." : PathBytes(known: path)
        var hardLink: PathBytes?
        if status.kind == .regular, status.linkCount > 1 {
            let inode = Inode(device: status.device, number: status.inode)
            hardLink = firstPaths[inode]
            if hardLink == nil { firstPaths[inode] = path }
        }
        let target = try status.kind == .symlink ? directory.descriptor.symlinkTarget(of: name) : nil
        return SelectedEntry(path: path, source: source, status: status, linkTarget: target, hardLink: hardLink)
    }

    /// Puts the directories before it that are entries only for its sake.
    private mutating func afterParents(_ entry: SelectedEntry) -> SelectedEntry {
        guard frames.contains(where: { !$0.isDone }) else { return entry }
        waiting = [entry]
        for index in frames.indices.reversed() where !frames[index].isDone {
            frames[index].isDone = true
            waiting.append(
                SelectedEntry(
                    path: PathBytes(known: Array(entry.path.bytes[..<frames[index].pathLength])), source: source,
                    status: frames[index].status, linkTarget: nil, hardLink: nil))
        }
        return waiting.removeLast()
    }
}
