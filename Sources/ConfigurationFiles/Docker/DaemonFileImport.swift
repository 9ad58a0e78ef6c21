import CommandLineTables
import OCI

/// Docker's `daemon.json` taken over into Hako's configuration: what of it means the same here, and what doesn't, and why.
public struct DaemonFileImport: Sendable {
    /// What became of one member of the file.
    public struct Entry: Sendable, Equatable {
        public let name: String
        public let line: Int
        /// Why it was left out; nil where it was taken.
        public let reason: String?
    }

    public let path: String
    public private(set) var entries: [Entry] = []
    private var taken = JSONObject()

    /// - Throws: ``ConfigurationError`` where the file can't be read, is no JSON or holds no object.
    public init(path: String) throws(ConfigurationError) {
        let file = try ConfigurationFile(path: path)
        self.path = path
        guard let members = file.document.object?.members else {
            throw .wrong(file.located(Finding(.steps([], ofName: false), "the file must hold an object")))
        }
        for (name, value) in members {
            let place = file.located(Finding(.steps([.member(name)], ofName: true), ""))
            let (kept, reason) = Self.judge(name, value)
            if let kept { taken[name] = kept }
            entries.append(Entry(name: name, line: place.line, reason: kept == nil ? reason : nil))
            if kept != nil, let reason { entries.append(Entry(name: name + " in part", line: place.line, reason: reason)) }
        }
    }

    /// What the file for Hako says.
    public var configuration: EngineConfiguration { EngineConfiguration(taken) }

    /// Leaves out what the engine can't do, which is looked for in ``configuration``.
    ///
    /// - Returns: Whether anything was left out; another look may find more then.
    public mutating func leaveOut(_ findings: [Finding]) -> Bool {
        let before = taken.count
        for finding in findings {
            guard let key = finding.key, taken[key] != nil else { continue }
            taken[key] = nil
            entries = entries.map { $0.name == key ? Entry(name: key, line: $0.line, reason: finding.message) : $0 }
        }
        return taken.count < before
    }

    /// What Hako has of a member, and why not the whole of it.
    private static func judge(_ name: String, _ value: JSON) -> (JSON?, reason: String?) {
        if name == "runtimes", let object = value.object { return runtimes(object) }
        guard let key = ConfigurationKey.named(name) else {
            guard let key = DockerKey.named(name) else {
                return (nil, ConfigurationFile.findings(name, value).first?.message ?? "no such key")
            }
            return (nil, key.acceptedValues.contains(value) ? "Hako does so anyway" : key.reason)
        }
        if let reason = key.isNotImported { return (nil, reason) }
        if let finding = key.shape.findings(value, at: [.member(name)]).first { return (nil, finding.message) }
        return (value, nil)
    }

    /// Runtimes that Docker calls by a containerd shim, or with arguments, can't be called here.
    private static func runtimes(_ runtimes: JSONObject) -> (JSON?, reason: String?) {
        var kept = JSONObject()
        var left: [String] = []
        for (name, runtime) in runtimes.members {
            let hasArguments = runtime["runtimeArgs"]?.array?.isEmpty == false || runtime["options"] != nil
            if let path = runtime["path"]?.string, path.hasPrefix("/"), !hasArguments {
                kept[name] = ["path": .string(path)]
            } else {
                left.append(name)
            }
        }
        let reason = "a runtime is an absolute path without arguments: not \(left.joined(separator: ", "))"
        return (kept.isEmpty ? nil : .object(kept), left.isEmpty ? nil : reason)
    }

    /// The file for Hako.
    public var text: String {
        "// Taken over from \(path.filter { !$0.isNewline }) by `hako config import-docker`; hako-config.json(5) describes each key.\n"
            + JSON.object(taken).text(indent: 2) + "\n"
    }
}
