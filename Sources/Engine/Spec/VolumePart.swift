/// What a mount says of its volume.
public struct VolumePart: Hashable, Sendable {
    /// Empty until one is made for the container.
    public var name: String
    /// The container didn't name it: it goes with the container where that is asked for.
    public var isAnonymous: Bool
    /// Empty is `local`, the only one.
    public var driver: String
    /// Whether an empty volume is filled with what the image has at the mount's destination.
    public var copiesUp = true
    /// A path in the volume that is mounted instead of the whole; empty is the whole.
    public var subpath = ""
    /// Of a volume that is made for the container.
    public var labels: [String: String] = [:]
    /// The driver's: what is mounted as the volume. Once it is there, its own.
    public var options: [String: String] = [:]

    init(name: String = "", driver: String = "") {
        self.name = name
        self.driver = driver
        isAnonymous = name.isEmpty
    }

    init(_ request: MountRequest) throws(EngineError) {
        self.init(name: request.source, driver: request.volumeDriver)
        copiesUp = !request.noCopy
        labels = request.volumeLabels
        options = request.volumeOptions
        subpath = request.subpath
        guard !subpath.isEmpty else { return }
        let invalid = { (reason: String) in
            EngineError(.invalidArgument, "invalid mount config for type \"volume\": \(reason)")
        }
        guard !isAnonymous else { throw invalid("must not set Subpath when using anonymous volumes") }
        // Resolved beneath the volume when it is mounted: this only tells early what can't be.
        guard !subpath.hasPrefix("/"), !subpath.split(separator: "/").contains(".."), !subpath.utf8.contains(0) else {
            throw invalid("subpath must be a relative path within the volume")
        }
    }
}

extension ContainerMount {
    init(volume: VolumePart, at destination: String) {
        self.init(
            kind: .volume, source: "", destination: destination,
            // As Docker's inspect has it for a volume that the container names.
            mode: volume.isAnonymous ? "" : "z", isReadOnly: false, propagation: "")
        self.volume = volume
    }

    /// Whether it is a volume that is a directory of the store, as a whole.
    var isPlainVolume: Bool { volume.map { $0.options.isEmpty && $0.subpath.isEmpty } ?? false }

    /// What `ps` calls it: a volume by its name, a bind by its source.
    var shownName: String { volume?.name ?? source }
}
