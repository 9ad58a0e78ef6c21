import BuildContext
import Dockerfile
import Glibc
import Linux

/// Puts files into a layer as COPY and ADD do.
///
/// - SeeAlso: Dockerfile reference, "COPY"; BuildKit, solver/llbsolver/file; tonistiigi/fsutil, copy.
final class FileCopy {
    /// What the options of the instruction say.
    struct Options {
        /// `--chown`; nil for 0:0, or for the owners that files have.
        var owner: FileOwner?
        /// `--chmod`.
        var mode: ModeChange?
        /// Files of a stage or an image: owners and attributes are theirs.
        var isFromImage = false
        /// `--parents`.
        var keepsParents = false
    }

    private let session: BuildSession
    private let staged: StagedLayer
    private let options: Options
    /// Where files go, without symlinks on the way.
    private(set) var destination: [PathBytes]
    /// Whether it is a directory, or becomes one.
    private(set) var isDirectory: Bool

    /// - Parameter path: Absolute; with a slash at its end it is a directory.
    init(_ session: BuildSession, into staged: StagedLayer, at path: String, of tree: LayeredTree, _ options: Options) throws {
        self.session = session
        self.staged = staged
        self.options = options
        do throws(SystemCallError) {
            let resolution = try tree.resolve(path.utf8)
            destination = resolution.names
            isDirectory = path.hasSuffix("/")
            if case .directory = resolution.node { isDirectory = true }
        } catch {
            guard error.errno == .notDirectory else { throw error }
            throw BuildError("cannot copy to non-directory: \(path)")
        }
    }

    /// What directories get that are made on the way.
    static func missing(_ options: Options, _ now: FileTime) -> StagedLayer.Attributes {
        StagedLayer.Attributes(
            userID: options.owner?.userID ?? 0, groupID: options.owner?.groupID ?? 0,
            mode: options.mode?.ofNewDirectory ?? 0o755, modified: now)
    }

    // MARK: Sources

    /// Puts everything that was selected; a later file takes the place of an earlier one of its name.
    func put(_ selection: Selection) throws {
        var targets: [[PathBytes]] = []
        for source in selection.sources { targets.append(try target(of: source)) }
        var walk = try selection.walk()
        var (count, source) = (0, 0)
        let files = FileBatches(keepsAttributes: options.isFromImage)
        while let entry = try walk.next() {
            count += 1
            if count % 64 == 0 { try session.requireNoInterruption() }
            // The names of one source are all different; those of the next one may be the same.
            if entry.source != source { try files.finish() }
            source = entry.source
            let target = targets[source]
            let names = selection.sources[source].isDirectory ? target + Self.names(entry.path) : target
            try put(entry, at: names, linkedBelow: target, walk, files)
        }
        try files.finish()
    }

    /// Where a source itself goes. The destination of a directory is one, with the directory's time.
    private func target(of source: Selection.Source) throws -> [PathBytes] {
        guard source.isDirectory else { return isDirectory ? destination + [source.name] : destination }
        try staged.putDirectory(destination, nil)
        isDirectory = true
        if !options.keepsParents { staged.setModified(destination, session.time(source.status.modified)) }
        return destination
    }

    private func put(
        _ entry: SelectedEntry, at names: [PathBytes], linkedBelow target: [PathBytes], _ walk: borrowing SelectionWalk,
        _ files: FileBatches
    ) throws {
        if let first = entry.hardLink {
            // That one may still wait for its turn.
            try files.finish()
            return try staged.putLink(names, to: target + Self.names(first))
        }
        let attributes = attributes(of: entry.status)
        switch entry.status.kind {
        case .directory: try staged.putDirectory(names, attributes)
        case .symlink: try staged.putSymlink(names, to: entry.linkTarget ?? "", attributes)
        case .regular:
            let (parent, name) = try staged.parent(names)
            try files.add(FileBatches.File(source: walk.file, name: name, attributes: attributes), to: parent)
        // As BuildKit: nobody could be at a socket's other end.
        case .socket: try staged.putFile(names, attributes) { _ in }
        case .fifo: try staged.putNode(names, .fifo, attributes)
        case .characterDevice:
            // A whiteout of a single layer hides nothing; anywhere else it would, in the layer to be.
            guard !entry.status.isWhiteout else {
                if options.isFromImage { return }
                throw BuildError("\(entry.path): the device 0:0 can't be in a layer, where it would hide what is below")
            }
            try staged.putNode(names, .characterDevice(major: entry.status.deviceMajor, minor: entry.status.deviceMinor), attributes)
        case .blockDevice:
            try staged.putNode(names, .blockDevice(major: entry.status.deviceMajor, minor: entry.status.deviceMinor), attributes)
        case .unknown: throw BuildError("\(entry.path): a file of an unknown kind")
        }
    }

    private func attributes(of status: FileStatus) -> StagedLayer.Attributes {
        let isDirectory = status.kind == .directory
        return StagedLayer.Attributes(
            userID: options.owner?.userID ?? (options.isFromImage ? status.userID : 0),
            groupID: options.owner?.groupID ?? (options.isFromImage ? status.groupID : 0),
            mode: options.mode?.applied(to: status.permissions, isDirectory: isDirectory) ?? status.permissions,
            modified: session.time(status.modified))
    }

    /// Puts what a mount is to show into an empty directory.
    ///
    /// - Returns: Of a single file its name in there.
    static func fill(_ directory: String, with selection: Selection, _ session: BuildSession) throws -> String? {
        let empty = try LayeredTree([])
        let staged = try StagedLayer(in: try FileDescriptor.directory(directory), over: empty, missing: missing(Options(), session.now))
        try FileCopy(session, into: staged, at: "/", of: empty, Options()).put(selection)
        try staged.finish()
        guard let source = selection.sources.first, !source.isDirectory else { return nil }
        return String(decoding: source.name.bytes, as: UTF8.self)
    }

    // MARK: Heredocs

    /// A file that is written in the Dockerfile.
    func put(_ heredoc: Dockerfile.Heredoc) throws {
        guard let name = PathBytes(heredoc.name.utf8) else { return }
        let mode = options.mode?.applied(to: 0o644, isDirectory: false) ?? 0o644
        let attributes = StagedLayer.Attributes(
            userID: options.owner?.userID ?? 0, groupID: options.owner?.groupID ?? 0, mode: mode, modified: session.now)
        try staged.putFile(isDirectory ? destination + [name] : destination, attributes) { try $0.writeAll(heredoc.content) }
    }

    // MARK: Archives

    /// Makes sure of the directory that an archive is unpacked in.
    func putDestination() throws {
        try staged.putDirectory(destination, nil)
        isDirectory = true
    }

    private static func names(_ path: PathBytes) -> [PathBytes] {
        path.bytes.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }.compactMap { PathBytes($0) }
    }
}
