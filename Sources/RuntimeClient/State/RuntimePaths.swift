import MonitorProtocol

/// Where a store keeps what its containers' monitors and runtimes share with the engine.
public struct RuntimePaths: Hashable, Sendable {
    /// The store: survives a reboot.
    public var root: String
    /// What is gone after a reboot.
    public var runRoot: String

    public init(root: String, runRoot: String) {
        self.root = root
        self.runRoot = runRoot
    }

    public var journal: String { runRoot + "/journal" }
    public var locks: String { runRoot + "/locks" }
    /// The runtime's `--root`.
    public var runtimeRoot: String { runRoot + "/runtime" }
    /// Compiled filters of system calls, one for each policy.
    public var filters: String { runRoot + "/filters" }
    /// What a container keeps from one start to the next.
    public func directory(_ id: String) -> String { "\(root)/containers/\(id)" }
    /// Made at each start.
    public func bundle(_ id: String) -> String { "\(runRoot)/containers/\(id)" }
    /// The current file of a container's log; older ones have this name and a number.
    public func log(_ id: String, _ format: LogDestination.LogFile.Format = .json) -> String {
        switch format {
        case .json: "\(directory(id))/\(id)-json.log"
        case .local: "\(directory(id))/local.log"
        }
    }
    /// Holds the number of the process that stays with a program beside the container's own; there while it runs.
    public func exec(_ exec: String, of id: String) -> String { "\(bundle(id))/\(Self.execPrefix)\(exec)" }
    /// The id in such a file's name; nil for another file.
    public static func exec(ofFile name: String) -> String? {
        guard name.hasPrefix(execPrefix), !name.hasSuffix(".pid") else { return nil }
        return String(name.dropFirst(execPrefix.utf8.count))
    }
    private static let execPrefix = "exec-"
    /// What its monitor was told.
    public func settings(_ id: String) -> String { "\(bundle(id))/\(BundleFile.settings)" }
    /// There once it was taken over.
    public func takenOver(_ id: String) -> String { "\(bundle(id))/\(BundleFile.takenOver)" }
    public func config(_ id: String) -> String { bundle(id) + "/config.json" }
}
