import OCI

/// What a build's step is to run, and on what.
public struct StepRequest {
    /// The layers below, the lowest first.
    public var layers: [DiffID]
    /// In the image spec's words: `amd64`.
    public var architecture = Platform.host.architecture
    /// The program and its arguments.
    public var words: [String]
    /// `NAME=value`, all of them but HOME.
    public var environment: [String] = []
    /// As USER has it.
    public var user = ""
    /// Made where it isn't there.
    public var workingDirectory = "/"
    /// Network, limits and the like. What it says of mounts, ports, logs and restarts counts for nothing.
    public var host: HostConfig
    public var mounts: [StepMount] = []
    /// Descriptors, by number, that are kept open until nothing of the step runs any more: the locks of what it uses.
    public var kept: [CInt] = []

    /// The host's name in every step, as BuildKit has it.
    public static let hostName = "buildkitsandbox"

    public init(layers: [DiffID], words: [String], host: HostConfig) {
        self.layers = layers
        self.words = words
        self.host = host
    }
}

/// Something that a step finds beside its own files, and that is in no layer.
public struct StepMount {
    public enum Source {
        /// A directory or file of the host, absolute, whose owners are the container's ids.
        case host(String)
        /// What `path` leads to in the tree that layers make, the lowest first. What is written to it is gone with the step.
        case layers([DiffID], path: String)
        /// A directory that is filled for this step alone, and gone with it; the name of a file in it that is meant, nil for all of it.
        case filled((_ directory: String) throws -> String?)
        /// Bytes; nil for the kernel's limit.
        case memory(size: Int64?)
        /// A file that is never on a disk.
        case file([UInt8], StepFileAccess)
        /// A socket to which programs of the step connect; see ``StepContainer/listeners``.
        case socket(StepFileAccess)
    }

    public var source: Source
    /// Absolute, without `.` and `..`; not `/`.
    public var target: String
    public var isReadOnly: Bool

    public init(_ source: Source, at target: String, isReadOnly: Bool) {
        self.source = source
        self.target = target
        self.isReadOnly = isReadOnly
    }
}

/// Whose a file is in a step, by the step's own ids, and who may use it.
public struct StepFileAccess: Hashable, Sendable {
    public var mode: UInt32
    public var userID: UInt32
    public var groupID: UInt32

    public init(mode: UInt32, userID: UInt32 = 0, groupID: UInt32 = 0) {
        self.mode = mode
        self.userID = userID
        self.groupID = groupID
    }
}
