import Glibc
import Linux

/// The files that one instruction reads, found but not walked yet.
public struct Selection: Sendable {
    /// One file, or one directory whose content is meant.
    public struct Source: Sendable {
        /// Below the root, without symlinks on its way; `.` is the root.
        public var path: PathBytes { PathBytes(joining: components) }
        /// What a file is called in a directory that it is copied to: the last component as it was written, or as a wildcard
        /// found it; of a symlink the link's name. Empty for a directory.
        public let name: PathBytes
        /// Of what the symlinks lead to, when it was looked at.
        public let status: FileStatus
        /// Which of the instruction's arguments it comes from, counted from 0.
        public let argument: Int
        let components: [PathBytes]
        /// Nil selects everything.
        let including: PatternList?

        public var isDirectory: Bool { status.kind == .directory }
    }

    public let tree: ContextTree
    /// In the order of the arguments; those of a wildcard in byte order. None where a wildcard matches nothing.
    public let sources: [Source]
    let excluding: PatternList
    let includesTopDirectory: Bool

    /// One selection for each source, in their order.
    public var each: [Selection] {
        sources.map { Selection(tree: tree, sources: [$0], excluding: excluding, includesTopDirectory: includesTopDirectory) }
    }

    /// Begins a walk over the files.
    public func walk() throws(ContextError) -> SelectionWalk { try SelectionWalk(self) }

    /// Opens what a source is, for reading or with `FileDescriptor.pathOnly`: to mount it, or to see whether it is an archive.
    public func openSource(_ index: Int, flags: CInt = O_RDONLY) throws(ContextError) -> FileDescriptor {
        let source = sources[index]
        // A FIFO with nobody at its other end must not be waited for. Beside O_PATH, openat2(2) takes no other flag.
        let isPathOnly = flags & FileDescriptor.pathOnly != 0
        do throws(SystemCallError) {
            return try tree.open(
                source.components, flags: isPathOnly ? flags | O_NOFOLLOW : flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        } catch {
            throw error.isOfAbsence ? .changed(source.path) : .unreadable(source.path, error)
        }
    }
}
