import BuildContext
import Dockerfile
import Linux
import OCI

extension StageMachine {
    func make(_ copy: Dockerfile.Copy, _ name: LayerStep.Name) throws {
        let files = FilesStep(session: session, trees: build.trees, state: state, files: copy.files, step: name.step)
        let origin = try build.origin(copy.from, for: state)
        let selection = Deferred { try files.select(copy.files.sources, in: try origin.tree(), keepingParents: copy.keepsParents) }
        let base = base(isLinked: copy.files.isLinked)
        let owner = try ownerText(of: copy.files)
        let configuration = state.configuration
        let inputs = { (digest: [UInt8]) in
            StepInputs.copy(copy, on: base, in: configuration, owner: owner, digests: [digest])
        }
        let quick = origin.quickDigest(of: copy.files.sources, excluding: copy.files.exclusions)
        let layerStep = LayerStep(
            name: name, createdBy: HistoryText.files("COPY", copy.files),
            keys: (quick.map { digest in [Deferred { inputs(digest) }] } ?? [])
                + [Deferred { inputs(try origin.digest(of: try selection.value())) }],
            files: { ["": try origin.list(of: try selection.value())] })
        try make(layerStep) {
            try files.copy(try selection.value(), isFromImage: origin.isImage, keepsParents: copy.keepsParents)
        }
    }

    func make(_ add: Dockerfile.Add, _ name: LayerStep.Name) throws {
        let files = FilesStep(session: session, trees: build.trees, state: state, files: add.files, step: name.step)
        let origin = try build.origin(nil, for: state)
        let sources = try add.files.sources.map { text in try source(text, of: add, files, origin) }
        if add.checksum != nil, !sources.contains(where: \.isRemote) {
            throw BuildError("checksum can't be specified for non-HTTP(S) & non-Git sources")
        }
        guard add.checksum == nil || sources.count + add.files.heredocs.count == 1 else {
            throw BuildError("checksum can't be specified for multiple sources")
        }
        let base = base(isLinked: add.files.isLinked)
        let owner = try ownerText(of: add.files)
        let configuration = state.configuration
        let inputs = Deferred {
            let digests = try sources.map { source in try source.digest.value() }
            return StepInputs.add(add, on: base, in: configuration, owner: owner, digests: digests)
        }
        let local = sources.filter { !$0.isRemote }
        let layerStep = LayerStep(
            name: name, createdBy: HistoryText.files("ADD", add.files), keys: [inputs],
            files: { local.count == 1 ? ["": try origin.list(of: try local[0].selection.value())] : [:] })
        try make(layerStep) { try files.add(try sources.map { source in (try source.selection.value(), source.unpacks) }) }
    }

    /// One of ADD's sources.
    private struct AddedSource {
        let isRemote: Bool
        let unpacks: Bool
        let digest: Deferred<[UInt8]>
        let selection: Deferred<Selection>
    }

    private func source(
        _ text: String, of add: Dockerfile.Add, _ files: FilesStep, _ origin: StepOrigin
    ) throws -> AddedSource {
        if let remote = try RemoteSource(
            text, checksum: add.checksum, keepsGitDirectory: add.keepsGitDirectory, session.remoteAccess)
        {
            return AddedSource(
                isRemote: true, unpacks: add.unpacks ?? false, digest: Deferred { try remote.digest() },
                selection: Deferred { try remote.selection() })
        }
        let selection = Deferred { try files.select([text], in: try origin.tree()) }
        return AddedSource(
            isRemote: false, unpacks: add.unpacks ?? true,
            digest: Deferred { try origin.digest(of: try selection.value()) }, selection: selection)
    }

    /// A linked layer is the same on whatever it lies; but a name means somebody else on other layers.
    private func ownerText(of files: Dockerfile.CopiedFiles) throws -> String? {
        guard let text = files.owner, files.isLinked else { return files.owner }
        let owner = try build.trees.layered(state.diffIDs).owner(text)
        return "\(owner.userID):\(owner.groupID)"
    }

    func base(isLinked: Bool = false) -> StepBase {
        StepBase(
            layers: isLinked ? nil : LayerChain(state.diffIDs), platform: state.platform.description,
            sourceDateEpoch: session.epoch)
    }

    /// A directory that is made belongs to the USER in effect; one that is there stays as it is.
    func makeWorkingDirectory(_ instruction: Dockerfile.Instruction, _ name: LayerStep.Name) throws {
        _ = state.configuration.apply(instruction)
        let (base, configuration) = (base(), state.configuration)
        let path = configuration.config.workingDirectory
        let layerStep = LayerStep(
            name: name, createdBy: HistoryText.workdir(path), keys: [Deferred { .workdir(on: base, in: configuration) }])
        try make(layerStep) {
            let tree = try build.trees.layered(state.diffIDs)
            let draft = try session.store.layerDraft()
            let place = try tree.resolve(path.utf8)
            switch place.node {
            case .missing: try makeDirectory(place.names, in: draft.openFiles(), over: tree)
            // Of what is there already nothing is in the layer.
            case .directory: break
            case .file: throw BuildError("cannot make the directory \(path): a file is there")
            }
            return try session.adopt(draft, .files)
        }
    }

    private func makeDirectory(_ names: [PathBytes], in root: consuming FileDescriptor, over tree: LayeredTree) throws {
        var missing = StagedLayer.Attributes(modified: session.now)
        let user = state.configuration.config.user
        if !user.isEmpty {
            let owner = try tree.owner(user)
            (missing.userID, missing.groupID) = (owner.userID, owner.groupID)
        }
        let staged = try StagedLayer(in: root, over: tree, missing: missing)
        try staged.putDirectory(names, nil)
        try staged.finish()
    }
}
