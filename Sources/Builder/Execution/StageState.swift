import Dockerfile
import OCI

/// A layer of a stage.
struct StageLayer: Hashable, Sendable {
    /// Of its files.
    var diffID: DiffID
    /// What a manifest says of it: a base's layer as it was pulled, one of this build as a plain tar.
    var blob: Descriptor

    /// One that was made here.
    init(made blob: Descriptor) {
        diffID = DiffID(blob.digest)
        self.blob = blob
    }

    init(_ diffID: DiffID, blob: Descriptor) {
        self.diffID = diffID
        self.blob = blob
    }
}

/// A stage after some of its instructions.
struct StageState: Sendable {
    /// The lowest first.
    var layers: [StageLayer]
    var configuration: StageConfiguration
    var scope: Dockerfile.StageScope
    /// An entry without a time has that of the layers around it; see ``ImageAssembly``.
    var history: [HistoryEntry]
    var platform: Platform
    /// The manifest of its base is of Docker's type, and so are the layers' blobs.
    var isDocker: Bool
    /// Of a target that was built: the steps of all stages, where they are to be handed on (``BuildCache/steps``).
    var steps: [BuiltStep] = []
    /// Of what the instructions have put into the history, and so, at most a few times, into the configuration.
    private(set) var textInBytes = 0
    /// What an entry of the history has beside its text, about.
    private static let entryInBytes = 100

    var diffIDs: [DiffID] { layers.map(\.diffID) }

    /// Adds a layer and what the history says of it.
    ///
    /// - Parameter created: RFC 3339.
    mutating func add(_ layer: StageLayer, createdBy text: String, created: String) {
        var layer = layer
        if isDocker { layer.blob.mediaType = layer.blob.mediaType.ofDocker }
        layers.append(layer)
        textInBytes += text.utf8.count + Self.entryInBytes
        history.append(HistoryEntry(created: created, createdBy: text, comment: HistoryText.comment))
    }

    /// Adds what the history says of an instruction without a layer.
    mutating func note(_ text: String, created: String?) {
        textInBytes += text.utf8.count + Self.entryInBytes
        history.append(
            HistoryEntry(created: created, createdBy: text, comment: HistoryText.comment, isEmptyLayer: true))
    }
}
