import Dockerfile
import Linux

/// A RUN that hasn't ended.
struct PendingRun {
    let layerStep: LayerStep
}

extension StageMachine {
    func start(_ instruction: Dockerfile.Run, _ name: LayerStep.Name) throws { throw BuildError("RUN is not supported yet") }

    func advance(_ pending: PendingRun) throws -> StageLayer? { nil }

    /// What to wait for before it can go on.
    var descriptors: [PollEntry] { [] }
    /// In milliseconds; nil for as long as it takes.
    var pause: CInt? { nil }
}
