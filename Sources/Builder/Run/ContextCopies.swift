import BuildContext
import ImageStore
import Linux

/// What mounts name in a context, copied once for all steps of a build that only read it.
final class ContextCopies {
    private unowned let session: BuildSession
    private var copies: [Key: Copy] = [:]

    private struct Key: Hashable {
        let context: String
        let source: String
        /// What the step's key says of the files: a copy from before they were changed is not what it means.
        let digest: [UInt8]
    }

    private struct Copy {
        let draft: LayerDraft
        let path: String
    }

    init(_ session: BuildSession) { self.session = session }

    /// The path of a copy, a directory or a file. It lasts as long as this value.
    ///
    /// - Parameters:
    ///   - name: Of the context; empty for the build's.
    ///   - digest: Of what `source` names there.
    func path(_ source: String, of tree: ContextTree, called name: String, digest: [UInt8]) throws -> String {
        let key = Key(context: name, source: source, digest: digest)
        if let copy = copies[key] { return copy.path }
        let draft = try session.store.layerDraft()
        let directory = draft.path + "/fs"
        let path = try session.copying(tree)(source, directory).map { "\(directory)/\($0)" } ?? directory
        copies[key] = Copy(draft: draft, path: path)
        return path
    }
}

extension BuildSession {
    /// Puts what a mount names in a context into a directory: as COPY does, so that the files are root's, and what is ignored isn't
    /// there.
    func copying(_ tree: ContextTree) -> (_ source: String, _ directory: String) throws -> String? {
        { source, directory in
            let selection = try tree.select([PathBytes(literal: source)])
            let root = try FileDescriptor.directory(directory)
            try root.changeMode(0o755)
            let empty = try LayeredTree([])
            let options = FileCopy.Options()
            let staged = try StagedLayer(in: root, over: empty, missing: FileCopy.missing(options, self.now))
            try FileCopy(self, into: staged, at: "/", of: empty, options).put(selection)
            try staged.finish()
            guard let only = selection.sources.first, !only.isDirectory else { return nil }
            return only.name.description
        }
    }
}
