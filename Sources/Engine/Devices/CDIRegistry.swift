import Linux
import OCI

/// The specifications of devices on this host.
struct CDIRegistry {
    /// The later ones win: what is made at boot covers what is kept. CDI SPEC.md, "CDI JSON specification".
    static let directories = ["/etc/cdi", "/var/run/cdi"]

    private var specs: [CDISpec] = []
    /// Files that can't be read, and why.
    private var faults: [String] = []

    init() {
        for directory in Self.directories {
            // One that isn't there has none.
            guard let names = try? FileDescriptor.directory(directory).names() else { continue }
            for name in names.map(\.description).sorted() where [".json", ".yaml", ".yml"].contains(where: name.hasSuffix) {
                do { specs.append(try Self.read("\(directory)/\(name)")) } catch { faults.append("\(directory)/\(name): \(error)") }
            }
        }
    }

    private static func read(_ path: String) throws -> CDISpec {
        let bytes = try FileDescriptor.contents(of: path, limit: 4 << 20)
        return try CDISpec(json: path.hasSuffix(".json") ? JSON(parsing: bytes) : BlockYAML.json(String(decoding: bytes, as: UTF8.self)))
    }

    /// What a container needs for devices by their whole names, in order.
    func edits(for names: [String]) throws(EngineError) -> [CDIEdits] {
        var edits: [CDIEdits] = []
        var kinds: Set<String> = []
        var unknown: [String] = []
        for name in names {
            let parts = name.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let found = device(parts[1], ofKind: parts[0]) else {
                unknown.append(name)
                continue
            }
            if kinds.insert(parts[0]).inserted { edits.append(found.spec.edits) }
            edits.append(found.edits)
        }
        guard unknown.isEmpty else {
            throw EngineError(
                .invalidArgument, "CDI device injection failed: unresolvable CDI devices \(unknown.joined(separator: ", "))",
                hint: faults.isEmpty
                    ? "Specifications are looked for in \(Self.directories.joined(separator: " and "))."
                    : "Not read: \(faults.joined(separator: "; ")).")
        }
        return edits
    }

    private func device(_ name: String, ofKind kind: String) -> (spec: CDISpec, edits: CDIEdits)? {
        for spec in specs.reversed() where spec.kind == kind {
            if let device = spec.devices.first(where: { $0.name == name }) { return (spec, device.edits) }
        }
        return nil
    }

    /// The whole names of the GPUs that are asked for; nil where no specification describes a GPU, or not as many.
    func gpus(_ request: DeviceSetRequest) -> [String]? {
        let kinds = specs.map(\.kind).filter { kind in
            kind.hasSuffix("/gpu") && (request.driver.isEmpty || kind.hasPrefix(request.driver + "."))
        }
        guard let kind = kinds.first(where: { $0 == "nvidia.com/gpu" }) ?? kinds.first else { return nil }
        if let ids = request.ids { return ids.map { "\(kind)=\($0)" } }
        let names = specs.filter { $0.kind == kind }.flatMap(\.devices).map(\.name)
        guard request.count >= 0 else { return (names.contains("all") ? ["all"] : names).map { "\(kind)=\($0)" } }
        let indices = (0..<request.count).map(String.init)
        return indices.allSatisfy(names.contains) ? indices.map { "\(kind)=\($0)" } : nil
    }
}

extension RuntimeSpec {
    /// Adds to a container what its devices' specifications say; nothing is read where it has none.
    mutating func inject(_ requests: [DeviceSetRequest]) throws(EngineError) {
        guard !requests.isEmpty else { return }
        let registry = CDIRegistry()
        var names: [String] = []
        for request in requests {
            if request.driver == "cdi" {
                names += request.ids ?? []
            } else if request.capabilities.allSatisfy({ $0.contains("gpu") }), let gpus = registry.gpus(request) {
                names += gpus
            } else {
                throw request.refusal
            }
        }
        for edits in try registry.edits(for: names) { try apply(edits) }
    }

    private mutating func apply(_ edits: CDIEdits) throws(EngineError) {
        if let env = process?.env { process?.env = Environment.merged(env, with: edits.environment) }
        for node in edits.nodes { try add(node) }
        mounts += edits.mounts
        for (point, hook) in edits.hooks {
            switch point {
            case "prestart": hooks.prestart.append(hook)
            case "createRuntime": hooks.createRuntime.append(hook)
            case "createContainer": hooks.createContainer.append(hook)
            case "startContainer": hooks.startContainer.append(hook)
            case "poststart": hooks.poststart.append(hook)
            default: hooks.poststop.append(hook)
            }
        }
    }

    private mutating func add(_ node: CDIEdits.Node) throws(EngineError) {
        let status: FileStatus
        do throws(SystemCallError) { status = try FileDescriptor.status(of: node.hostPath) } catch {
            throw EngineError(
                .invalidArgument, cannot: "give the container \(node.hostPath)", because: "\(error.errno)",
                hint: "Its CDI specification may be of another boot.", cause: error)
        }
        guard status.kind == .blockDevice || status.kind == .characterDevice else {
            throw EngineError(.invalidArgument, cannot: "give the container \(node.hostPath)", because: "it is not a device")
        }
        let isBlock = status.kind == .blockDevice
        var device = Device(
            isBlock ? .block : .character, node.path, major: status.deviceMajor, minor: status.deviceMinor,
            fileMode: node.fileMode ?? status.permissions)
        (device.uid, device.gid) = (node.userID ?? 0, node.groupID ?? 0)
        linux.devices.append(device)
        linux.resources?.devices.append(
            .init(
                allow: true, isBlock ? .block : .character, major: status.deviceMajor, minor: status.deviceMinor,
                access: node.permissions))
    }
}
