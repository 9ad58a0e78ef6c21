import Glibc
import Linux

/// The files of layers that lie on one another, as overlayfs would show them, without mounting anything.
///
/// A layer is a stranger's: each name is looked at in an open directory and never followed there; symlinks lead nowhere but
/// into the tree.
/// - SeeAlso: overlayfs.rst, "Directories", "whiteouts and opaque directories".
public struct LayeredTree {
    public let root: MergedDirectory

    /// - Parameter layers: The layers' directories, the topmost first. None are an empty tree.
    public init(_ layers: [String]) throws(SystemCallError) {
        var parts: [OpenDirectory] = []
        for layer in layers { parts.append(OpenDirectory(try FileDescriptor.directory(layer))) }
        root = MergedDirectory(parts: parts, status: try parts.first?.descriptor.status())
    }

    /// What a path leads to.
    public enum Node {
        case directory(MergedDirectory)
        /// Anything else, a symlink among it, with the directory of the layer that has it.
        case file(FileStatus, OpenDirectory)
        /// Nothing; of the path's names, so many are directories that are there.
        case missing(existing: Int)
    }

    public struct Resolution {
        /// From the root, without symlinks.
        public var names: [PathBytes]
        public var node: Node
    }

    /// Goes along a path with this tree as its root: `..` stops there, symlinks are followed inside, and those that lead to
    /// nothing give the path of what they would lead to.
    ///
    /// - Parameter followsLast: Whether a symlink at the path's end is followed, too.
    /// - Throws: `ENOTDIR` where a file has the name of a directory, `ELOOP` after 40 symlinks (path_resolution(7)).
    public func resolve(_ path: some Sequence<UInt8>, followsLast: Bool = true) throws(SystemCallError) -> Resolution {
        var walk = Walk(root: root, path: Array(path), followsLast: followsLast)
        return try walk.run()
    }
}

/// A directory of the tree: those of the layers that it is made of, the topmost first.
public struct MergedDirectory: Sendable {
    public let parts: [OpenDirectory]
    /// Of the topmost, which says owner, mode and time; nil for the root of no layer.
    public let status: FileStatus?

    /// What it has under this name.
    public func child(_ name: PathBytes) throws(SystemCallError) -> LayeredTree.Node {
        var found: [OpenDirectory] = []
        var status: FileStatus?
        for part in parts {
            guard let own = try part.statusIfThere(of: name) else { continue }
            if own.isWhiteout { break }
            guard own.kind == .directory else {
                // Below a directory, a file is hidden.
                if found.isEmpty { return .file(own, part) }
                break
            }
            let opened = try part.descriptor.openChild(name, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            let isOpaque = try opened.extendedAttribute("trusted.overlay.opaque") == Array("y".utf8)
            found.append(OpenDirectory(opened))
            status = status ?? own
            if isOpaque { break }
        }
        return found.isEmpty ? .missing(existing: 0) : .directory(MergedDirectory(parts: found, status: status))
    }
}

extension OpenDirectory {
    func statusIfThere(of name: PathBytes) throws(SystemCallError) -> FileStatus? {
        do throws(SystemCallError) { return try descriptor.status(of: name) } catch {
            guard error.errno == .noSuchFile else { throw error }
            return nil
        }
    }
}

/// One way through the tree.
private struct Walk {
    let root: MergedDirectory
    let followsLast: Bool
    /// The names still to go, the next one last.
    private var pending: [PathBytes]
    private var names: [PathBytes] = []
    /// The directories of the names that are there; one more than these, as the root has none.
    private var directories: [MergedDirectory]
    private var links = 0
    private let path: [UInt8]

    init(root: MergedDirectory, path: [UInt8], followsLast: Bool) {
        self.root = root
        self.path = path
        self.followsLast = followsLast
        pending = Self.names(of: path).reversed()
        directories = [root]
    }

    mutating func run() throws(SystemCallError) -> LayeredTree.Resolution {
        while let name = pending.popLast() {
            if name.bytes.elementsEqual("..".utf8) {
                goUp()
            } else if let file = try enter(name) {
                return LayeredTree.Resolution(names: names, node: file)
            }
        }
        let existing = directories.count - 1
        let node: LayeredTree.Node = existing == names.count ? .directory(directories[existing]) : .missing(existing: existing)
        return LayeredTree.Resolution(names: names, node: node)
    }

    private mutating func goUp() {
        guard !names.isEmpty else { return }
        names.removeLast()
        if directories.count > names.count + 1 { directories.removeLast() }
    }

    /// - Returns: What the path ends at, where that is no directory.
    private mutating func enter(_ name: PathBytes) throws(SystemCallError) -> LayeredTree.Node? {
        guard directories.count == names.count + 1, let parent = directories.last else {
            // Below what isn't there.
            names.append(name)
            return nil
        }
        switch try parent.child(name) {
        case .missing: names.append(name)
        case .directory(let directory):
            names.append(name)
            directories.append(directory)
        case .file(let status, let layer):
            if status.kind == .symlink, followsLast || !pending.isEmpty {
                try follow(try layer.descriptor.symlinkTarget(of: name))
                return nil
            }
            guard pending.isEmpty else { throw failure(ENOTDIR) }
            names.append(name)
            return .file(status, layer)
        }
        return nil
    }

    private mutating func follow(_ target: PathBytes) throws(SystemCallError) {
        links += 1
        guard links <= 40 else { throw failure(ELOOP) }
        if target.bytes.first == UInt8(ascii: "/") { (names, directories) = ([], [root]) }
        pending += Self.names(of: target.bytes).reversed()
    }

    private func failure(_ number: CInt) -> SystemCallError {
        SystemCallError("resolve", on: PathBytes(path)?.description ?? "a path with NUL", Errno(rawValue: number))
    }

    /// `.` and empty names say nothing. A name with NUL is none.
    private static func names(of path: [UInt8]) -> [PathBytes] {
        path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }.compactMap { PathBytes($0) }
    }
}
