import BuildContext
import Glibc
import ImageStore
import Linux
import OCI

/// The files of stages and images, as instructions read them.
final class LayerTrees {
    private unowned let session: BuildSession
    private var mounted: [[DiffID]: ContextTree] = [:]
    /// What a stage without layers has.
    private var empty: LayerDraft?

    init(_ session: BuildSession) { self.session = session }

    /// Looked at without being mounted: where something is put.
    func layered(_ layers: [DiffID]) throws -> LayeredTree { try LayeredTree(try lowerDirectories(of: layers)) }

    /// Of layers that may only have been promised so far.
    private func lowerDirectories(of layers: [DiffID]) throws -> [String] {
        try session.keep(filesOf: layers)
        return try session.store.lowerDirectories(of: layers)
    }

    /// As one directory, which sources are selected in: of several layers by an overlay that is attached nowhere and goes with
    /// this value.
    func directory(_ layers: [DiffID]) throws -> ContextTree {
        if let tree = mounted[layers] { return tree }
        let lowers = try lowerDirectories(of: layers)
        let tree: ContextTree
        switch lowers.count {
        case 0: tree = ContextTree(root: try emptyDirectory())
        case 1: tree = ContextTree(root: try FileDescriptor.directory(lowers[0]))
        default:
            let mount = try OverlayMount(lowers: lowers, upper: nil, work: nil).mount(userNamespace: nil)
            tree = ContextTree(root: mount.intoDescriptor())
        }
        mounted[layers] = tree
        return tree
    }

    private func emptyDirectory() throws -> FileDescriptor {
        let draft = try empty ?? session.store.layerDraft()
        empty = draft
        return try draft.openFiles()
    }
}

extension LayeredTree {
    /// The content of a regular file, symlinks followed inside of the tree; nil where there is none. For small files.
    func contents(of path: String) throws(SystemCallError) -> [UInt8]? {
        let resolution = try resolve(path.utf8)
        guard case .file(let status, let directory) = resolution.node, status.kind == .regular, let name = resolution.names.last
        else { return nil }
        return try directory.descriptor.openChild(name, flags: O_RDONLY | O_NOFOLLOW).readAll(limit: 16 << 20)
    }

    /// Whom `--chown` or USER mean, by the tree's own passwd(5) and group(5).
    ///
    /// - Throws: ``AccountError`` for a name that isn't there.
    func owner(_ text: String) throws(AccountError) -> FileOwner {
        try FileOwner(resolving: text) { path throws(SystemCallError) in try contents(of: path) }
    }
}
