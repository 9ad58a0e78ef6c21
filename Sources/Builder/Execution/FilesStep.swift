import Archive
import BuildContext
import Dockerfile
import ImageStore
import Linux
import OCI

/// What COPY and ADD need to know beside their words, and what they make.
struct FilesStep {
    let session: BuildSession
    let trees: LayerTrees
    let state: StageState
    let files: Dockerfile.CopiedFiles
    let step: BuildStep

    /// COPY.
    ///
    /// - Parameters:
    ///   - sources: The build context, a named one, or the files of a stage or an image.
    ///   - isFromImage: The last of these.
    func copy(_ selection: Selection, isFromImage: Bool, keepsParents: Bool) throws -> StageLayer {
        try makeLayer(isFromImage: isFromImage, keepsParents: keepsParents) { copy, _ in
            warnOfOneFile(selection.sources.count + files.heredocs.count, copy)
            try copy.put(selection)
        }
    }

    /// ADD.
    ///
    /// - Parameter sources: In the order of the instruction, and whether an archive among the files is unpacked.
    func add(_ sources: [(selection: Selection, unpacks: Bool)]) throws -> StageLayer {
        let decoder = session.engine.programs.image
        return try makeLayer(isFromImage: false, keepsParents: false) { copy, unpacking in
            warnOfOneFile(sources.reduce(0) { $0 + $1.selection.sources.count } + files.heredocs.count, copy)
            for (selection, unpacks) in sources {
                for source in selection.each {
                    guard unpacks, let archive = try LocalArchive.open(source, 0, decoder: decoder) else {
                        try copy.put(source)
                        continue
                    }
                    try copy.putDestination()
                    try unpacking().unpack(archive, into: copy.destination)
                }
            }
        }
    }

    /// Sources of the instruction, looked up.
    func select(_ sources: [String], in tree: ContextTree, keepingParents: Bool = false) throws -> Selection {
        var excluding = PatternList()
        do throws(PatternError) {
            excluding = try PatternList(files.exclusions.compactMap { PathBytes($0.utf8) })
        } catch { throw BuildError("--exclude: \(error)") }
        return try tree.select(sources.compactMap { PathBytes($0.utf8) }, keepingParents: keepingParents, excluding: excluding)
    }

    private func warnOfOneFile(_ count: Int, _ copy: FileCopy) {
        guard count > 1, !copy.isDirectory else { return }
        session.note(step, "WARNING: \(count) sources are written to the one file \(files.destination): the last one stays; end it with / for a directory")
    }

    // MARK: The layer

    private func makeLayer(
        isFromImage: Bool, keepsParents: Bool, _ fill: (FileCopy, () -> ArchiveUnpacking) throws -> Void
    ) throws -> StageLayer {
        let base = try trees.layered(state.diffIDs)
        var options = FileCopy.Options(isFromImage: isFromImage, keepsParents: keepsParents)
        options.owner = try files.owner.map { text in try base.owner(text) }
        options.mode = try files.mode.map { text in try ModeChange(text) }
        // A linked layer is the same on whatever it lies.
        let below = files.isLinked ? [] : state.diffIDs
        let tree = files.isLinked ? try LayeredTree([]) : base
        let draft = try session.store.layerDraft()
        let staged = try StagedLayer(
            in: try draft.openFiles(), over: tree, missing: FileCopy.missing(options, session.now))
        let copy = try FileCopy(session, into: staged, at: destination, of: tree, options)
        var content = PackingRules.Content.files
        let lowers = try session.store.lowerDirectories(of: below)
        let unpacking = ArchiveUnpacking(draft: draft, lowers: lowers, owner: options.owner, session: session)
        try fill(copy) {
            content = unpacking.rules
            return unpacking
        }
        for heredoc in files.heredocs { try copy.put(heredoc) }
        try staged.finish()
        return try session.adopt(draft, content)
    }

    /// Absolute, with a slash at its end where it has to be a directory.
    private var destination: String {
        let text = files.destination
        let path = state.configuration.absolutePath(text)
        let isDirectory = text.isEmpty || text == "." || text.hasSuffix("/") || text.hasSuffix("/.")
        return isDirectory && path != "/" ? path + "/" : path
    }
}

extension BuildSession {
    /// Makes what was put into a draft a layer.
    func adopt(_ draft: LayerDraft, _ content: PackingRules.Content) throws -> StageLayer {
        var rules = PackingRules(content)
        rules.latestModified = epoch
        return StageLayer(made: try draft.adopt(rules, lease: try lease()))
    }
}
