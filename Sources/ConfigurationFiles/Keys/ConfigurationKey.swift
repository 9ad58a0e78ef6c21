import OCI

/// A key of Hako's configuration: all that the reader, `config check`, the manual and the import know of it.
public struct ConfigurationKey: Sendable {
    public let name: String
    public let shape: ValueShape
    public let section: ConfigurationSection
    /// What holds without the key, for people.
    public let defaultText: String
    /// Sentences.
    public let meaning: String
    /// Why the import doesn't take Docker's value over; nil where it does.
    let isNotImported: String?
    /// Takes over a value of the right shape.
    let apply: @Sendable (inout EngineConfiguration, JSON) -> Void

    init(
        _ name: String, _ shape: ValueShape, in section: ConfigurationSection, default defaultText: String, _ meaning: String,
        isNotImported: String? = nil, apply: @escaping @Sendable (inout EngineConfiguration, JSON) -> Void = { _, _ in }
    ) {
        self.name = name
        self.shape = shape
        self.section = section
        self.defaultText = defaultText
        self.meaning = meaning
        self.isNotImported = isNotImported
        self.apply = apply
    }
}

/// What a key is about: a heading of the manual.
public enum ConfigurationSection: String, Sendable, CaseIterable {
    case containers = "CONTAINERS"
    case logs = "LOGS"
    case network = "NETWORK"
    case runtimes = "RUNTIMES"
    case registries = "REGISTRIES"
    case store = "STORE"
}

/// A key of Docker's `daemon.json` that Hako has not.
struct DockerKey: Sendable {
    let name: String
    /// A clause: `nothing listens: there is no daemon`.
    let reason: String
    /// Whether a container would be other than the key asks for. Otherwise it is about a daemon, and means nothing.
    let isRefused: Bool
    /// Values that ask for what Hako does anyway.
    let acceptedValues: [JSON]

    static func meaningless(_ name: String, _ reason: String) -> DockerKey {
        DockerKey(name: name, reason: reason, isRefused: false, acceptedValues: [])
    }

    static func refused(_ name: String, _ reason: String, except values: [JSON] = []) -> DockerKey {
        DockerKey(name: name, reason: reason, isRefused: true, acceptedValues: values)
    }
}
