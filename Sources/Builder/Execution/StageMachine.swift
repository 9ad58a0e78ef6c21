import BuildContext
import Dockerfile
import Linux
import OCI

/// A stage while it is built, instruction after instruction. It never waits: where something has to be waited for, it says so.
final class StageMachine {
    private unowned let build: PlatformBuild
    private let node: Dockerfile.StageGraph.Node
    private let name: String
    private(set) var state: StageState
    private var next = 0
    /// Of the steps that are shown with a number: FROM and what makes layers.
    private var stepNumber = 0
    private let stepCount: Int

    private var session: BuildSession { build.session }

    init(_ node: Dockerfile.StageGraph.Node, name: String, base: StageBase, of build: PlatformBuild) throws {
        self.build = build
        self.node = node
        self.name = name
        let layered = node.statements.reduce(0) { $0 + ($1.instruction.makesLayer ? 1 : 0) }
        stepCount = layered + (base.isImage ? 1 : 0)
        state = try build.begin(base)
        if case .image(let image, let reference) = base {
            stepNumber += 1
            let step = session.begin(kind, "FROM \(reference)")
            session.note(step, "\(image.record.id)")
            session.end(step, .done)
        }
    }

    private var kind: BuildStep.Kind { .instruction(stage: name, number: stepNumber, of: stepCount) }

    /// Goes on as far as is possible without waiting.
    ///
    /// - Returns: Whether the stage is done.
    func advance() throws(BuildError) -> Bool {
        while next < node.statements.count {
            let statement = node.statements[next]
            do { try perform(statement) } catch { throw BuildError(error, at: statement.source.lines) }
            next += 1
        }
        return true
    }

    private func perform(_ statement: Dockerfile.Statement) throws {
        let title = (statement.isTrigger ? "ONBUILD " : "") + state.scope.title(of: statement)
        let instruction = try state.scope.evaluate(statement).instruction
        guard instruction.makesLayer else {
            if let text = state.configuration.apply(instruction) {
                state.note(text, created: session.epoch == nil ? nil : session.created)
            }
            return
        }
        stepNumber += 1
        let step = session.begin(kind, title)
        do {
            try make(instruction, step)
            session.end(step, .done)
        } catch {
            session.end(step, .failed(BuildError(error).message))
            throw error
        }
    }

    private func make(_ instruction: Dockerfile.Instruction, _ step: BuildStep) throws {
        switch instruction {
        case .copy(let copy): try make(copy, step)
        case .add(let add): try make(add, step)
        case .workdir: try makeWorkingDirectory(instruction)
        default: throw BuildError("RUN is not supported yet")
        }
    }

    private func filesStep(_ files: Dockerfile.CopiedFiles, _ step: BuildStep) -> FilesStep {
        FilesStep(session: session, trees: build.trees, state: state, files: files, step: step)
    }

    private func make(_ copy: Dockerfile.Copy, _ step: BuildStep) throws {
        let files = filesStep(copy.files, step)
        let sources = try build.sources(from: copy.from, for: state)
        let selection = try files.select(in: sources.tree, keepingParents: copy.keepsParents)
        let layer = try files.copy(selection, isFromImage: sources.isImage, keepsParents: copy.keepsParents)
        state.add(layer, createdBy: HistoryText.files("COPY", copy.files), created: session.created)
    }

    private func make(_ add: Dockerfile.Add, _ step: BuildStep) throws {
        let files = filesStep(add.files, step)
        if let source = add.files.sources.first(where: RemoteName.isRemote) {
            throw BuildError("ADD \(source): remote sources are not supported yet")
        }
        guard add.checksum == nil else { throw BuildError("checksum can't be specified for COPY or for ADD of local files") }
        let sources = try build.sources(from: nil, for: state)
        let layer = try files.add(try files.select(in: sources.tree), unpacks: add.unpacks ?? true)
        state.add(layer, createdBy: HistoryText.files("ADD", add.files), created: session.created)
    }

    /// A directory that is made belongs to the USER in effect; one that is there stays as it is.
    private func makeWorkingDirectory(_ instruction: Dockerfile.Instruction) throws {
        _ = state.configuration.apply(instruction)
        let path = state.configuration.config.workingDirectory
        let text = HistoryText.workdir(path)
        guard path != "/" else {
            state.note(text, created: session.epoch == nil ? nil : session.created)
            return
        }
        let tree = try build.trees.layered(state.diffIDs)
        var missing = StagedLayer.Attributes(modified: session.now)
        let names: [PathBytes]
        switch try tree.resolve(path.utf8) {
        case let place where place.isMissing:
            names = place.names
            let user = state.configuration.config.user
            if !user.isEmpty {
                let owner = try tree.owner(user)
                (missing.userID, missing.groupID) = (owner.userID, owner.groupID)
            }
        case let place:
            guard case .directory = place.node else { throw BuildError("cannot make the directory \(path): a file is there") }
            names = []
        }
        let draft = try session.store.layerDraft()
        // Of what is there already nothing is in the layer.
        if !names.isEmpty {
            let staged = try StagedLayer(in: try draft.openFiles(), over: tree, missing: missing)
            try staged.putDirectory(names, nil)
            try staged.finish()
        }
        state.add(try session.adopt(draft, .files), createdBy: text, created: session.created)
    }
}

extension LayeredTree.Resolution {
    fileprivate var isMissing: Bool { if case .missing = node { true } else { false } }
}

extension Dockerfile.Instruction {
    var makesLayer: Bool {
        switch self {
        case .run, .copy, .add, .workdir: true
        default: false
        }
    }
}

/// Sources of ADD that are not in the build context.
enum RemoteName {
    static func isRemote(_ text: String) -> Bool {
        ["http://", "https://", "git://", "ssh://", "git@"].contains { text.hasPrefix($0) }
    }
}
