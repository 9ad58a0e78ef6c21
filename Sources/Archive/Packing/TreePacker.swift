import Glibc
import Linux

/// Writes a tree of files as a tar stream.
///
/// The stream is canonical: depth first, the names of a directory in the order of their bytes, directories with a slash at the
/// end, attributes sorted. The same tree gives the same bytes. Of a file with several names the first is the file, the others
/// are hard links to it.
///
/// Nothing is followed, and nothing but files and directories is opened, whoever changes the tree meanwhile: what has gone
/// when its turn comes is left out. Memory grows with the largest directory's names and with the number of files that have
/// several names, with nothing else.
public final class TreePacker {
    private let output: BufferedSink
    let writer: TarWriter
    let rules: PackingRules
    /// Of files with several names: the entry that is the file.
    var firstNames: [FileIdentity: PathBytes] = [:]
    var packed = PackedTree()

    /// - Parameter sink: Gets pieces of up to 256 KiB; its errors are thrown on as they are.
    public init(_ sink: any ByteSink, _ rules: PackingRules) {
        output = BufferedSink(sink)
        writer = TarWriter(output)
        self.rules = rules
    }

    /// A directory on the way to the one at hand.
    private struct Level {
        /// From the root of the walk; empty for that itself.
        var path: [UInt8]
        var device: UInt64
        /// The last comes first.
        var pending: [PathBytes]

        func path(of name: PathBytes) -> [UInt8] { path.isEmpty ? name.bytes : path + [UInt8(ascii: "/")] + name.bytes }
    }

    /// Writes everything below a directory, which itself gets no entry.
    ///
    /// - Parameter prefix: What stands before each name: nothing, or a directory with a slash at its end.
    /// - Throws: ``PackingError``; errors of the sink.
    public func packContents(of root: borrowing FileDescriptor, below prefix: PathBytes = "") throws {
        let opened = try onTree(prefix) { () throws(SystemCallError) in
            try root.openChild(".", flags: O_RDONLY | O_DIRECTORY)
        }
        guard var current = opened, let top = try level([], current, prefix) else { return }
        var levels = [top]
        while let last = levels.indices.last {
            if let name = levels[last].pending.popLast() {
                let path = levels[last].path(of: name)
                guard let child = try pack(name, in: current, at: prefix.bytes + path, levels[last].device),
                    let level = try level(path, child, prefix)
                else { continue }
                current = child
                levels.append(level)
            } else {
                levels.removeLast()
                guard let parent = levels.indices.last else { break }
                // By its path, for one open directory is all that a tree of any depth may take. If it is another one by now,
                // what it was to hold isn't found in it.
                if let reopened = try reopen(levels[parent].path, in: root) {
                    current = reopened
                } else {
                    levels[parent].pending = []
                }
            }
        }
    }

    /// Writes one file, or a directory with everything below it.
    ///
    /// - Parameters:
    ///   - file: Opened by O_PATH, or otherwise.
    ///   - name: The entry's, without a slash at its end.
    public func pack(_ file: borrowing FileDescriptor, as name: PathBytes) throws {
        guard let directory = try pack(opened: file, name, below: nil) else { return }
        guard let prefix = PathBytes(name.bytes + [UInt8(ascii: "/")]) else { return }
        try packContents(of: directory, below: prefix)
    }

    /// Writes the archive's end.
    public func finish() throws -> PackedTree {
        try writer.finish()
        try output.flush()
        return packed
    }

    private func level(
        _ path: [UInt8], _ directory: borrowing FileDescriptor, _ prefix: PathBytes
    ) throws(PackingError) -> Level? {
        try onTree(PathBytes(prefix.bytes + path) ?? prefix) { () throws(SystemCallError) in
            let names = try directory.names().sorted { $1.bytes.lexicographicallyPrecedes($0.bytes) }
            return Level(path: path, device: try directory.status().device, pending: names)
        }
    }

    private func reopen(_ path: [UInt8], in root: borrowing FileDescriptor) throws -> FileDescriptor? {
        guard let path = PathBytes(path) else { return nil }
        return try onTree(path) { () throws(SystemCallError) in
            try FileDescriptor.open(
                path.bytes.isEmpty ? "." : path, in: root, .beneathWithoutSymlinks, flags: O_RDONLY | O_DIRECTORY)
        }
    }

    /// Writes one name's entry.
    ///
    /// - Returns: The directory whose content comes next, if it is one.
    private func pack(
        _ name: PathBytes, in directory: borrowing FileDescriptor, at path: [UInt8], _ device: UInt64
    ) throws -> FileDescriptor? {
        guard let path = PathBytes(path) else { return nil }
        // By O_PATH: a device or FIFO must not be opened, not even one that has just taken a file's place.
        let file = try onTree(path) { () throws(SystemCallError) in
            try directory.openChild(name, flags: FileDescriptor.pathOnly)
        }
        guard let file else { return nil }
        return try pack(opened: file, path, below: device)
    }

    /// Runs a step on the tree; nil where what it was about has gone, or has become something else, meanwhile.
    func onTree<Result: ~Copyable>(
        _ path: PathBytes, _ body: () throws(SystemCallError) -> Result?
    ) throws(PackingError) -> Result? {
        do throws(SystemCallError) { return try body() } catch {
            if error.isOfChange { return nil }
            throw PackingError(.systemCall(error), path)
        }
    }
}

/// What tells a file from others for as long as a tree is packed. The number alone doesn't: who removes a file may get its
/// number for the next one.
struct FileIdentity: Hashable {
    let device: UInt64
    let inode: UInt64
    let size: Int64
    let modified: FileTime

    init(_ status: FileStatus) {
        (device, inode, size, modified) = (status.device, status.inode, status.size, status.modified)
    }
}
