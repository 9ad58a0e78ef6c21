import Glibc
import Linux
import Metadata
import OCI

/// A container that was made and not started.
public struct CreatedContainer: Sendable {
    public var record: ContainerRecord
    /// For the user: what is not as was asked, or was made on the way.
    public var warnings: [String]
    var spec: StoredSpec
}

/// What the store keeps of a request: everything filled in, so that a start needs nothing else.
struct StoredSpec: Sendable {
    var config: ContainerConfig
    var host: HostConfig
    /// In the image spec's words: `amd64`.
    var imageArchitecture: String

    init(config: ContainerConfig, host: HostConfig, imageArchitecture: String) {
        self.config = config
        self.host = host
        self.imageArchitecture = imageArchitecture
    }

    init(bytes: [UInt8], of id: String) throws(EngineError) {
        do throws(JSONError) {
            let json = try JSON(parsing: bytes)
            config = ContainerConfig(json: json["Config"] ?? .null)
            host = HostConfig(json: json["HostConfig"] ?? .null)
            imageArchitecture = json["ImageArchitecture"]?.string ?? Platform.host.architecture
        } catch {
            throw EngineError(
                .system, cannot: "read what container \(id.prefix(12)) was asked to be", because: "\(error)", cause: error)
        }
    }

    var bytes: [UInt8] {
        JSON.object([
            "Config": config.json, "HostConfig": host.json, "ImageArchitecture": .string(imageArchitecture),
        ]).bytes()
    }
}

extension Engine {
    /// Makes a container of an image that the store has. Nothing runs, and nothing lies on the disk but its row.
    ///
    /// - Throws: ``EngineError`` of kind `notFound` where the image isn't there: the caller may pull it and try again.
    public func create(_ request: ContainerSpec) throws(EngineError) -> CreatedContainer {
        if let name = request.name { try Self.requireValid(name) }
        let image = try Timings.span("resolve-image") { () throws(EngineError) in
            try resolveImage(request.config.image, platform: request.platform)
        }
        var spec = StoredSpec(
            config: request.config, host: request.host, imageArchitecture: image.architecture)
        try spec.config.fill(from: image.config)
        try request.refuseForeignNetworkOptions()
        try addPorts(request, to: &spec)
        var warnings = try validate(&spec)
        warnings += image.warnings
        let id = monitorDraft.id ?? ContainerNames.randomID()
        if spec.config.hostname.isEmpty, spec.host.networkMode != "host", spec.host.utsMode != "host" {
            spec.config.hostname = String(id.prefix(12))
        }
        try writeContainerIDFile(spec.host.containerIDFile, id)
        let record = try Timings.span("insert-container") { () throws(EngineError) in
            try insert(id: id, name: request.name.map(Self.bare), image: image.id, spec: spec)
        }
        note("create", of: record.id)
        return CreatedContainer(record: record, warnings: warnings, spec: spec)
    }

    /// Docker's names may come with a slash in front.
    static func bare(_ name: String) -> String { name.hasPrefix("/") ? String(name.dropFirst()) : name }

    /// As `ps` shows it: arguments with a blank in them in quotes.
    private static func text(of command: [String]) -> String {
        let arguments = command.dropFirst().map { $0.contains(" ") ? "'\($0)'" : $0 }
        return (command.prefix(1) + arguments).joined(separator: " ")
    }

    private func insert(
        id: String, name: String?, image: ImageID, spec: StoredSpec
    ) throws(EngineError) -> ContainerRecord {
        let command = (spec.config.entrypoint ?? []) + (spec.config.command ?? [])
        let database = try database()
        var attempt = 0
        while true {
            let new = NewContainer(
                id: id, name: name ?? ContainerNames.random(attempt: attempt), image: image,
                imageName: spec.config.image, created: RealTime.now, command: Self.text(of: command),
                autoRemove: spec.host.autoRemove, networkMode: spec.host.networkMode,
                labels: JSON(spec.config.labels).text(),
                ports: PortList([], exposed: spec.config.exposedPorts).json.text(), spec: spec.bytes)
            do throws(MetadataError) {
                return try database.insertContainer(new, idSlots: spec.host.hasOwnIDs ? paths.idSlots : nil)
            } catch {
                guard case .containerNameInUse = error, name == nil, attempt < 100 else {
                    throw EngineError(error, cannot: "create the container")
                }
                attempt += 1
            }
        }
    }

    /// Fills in what was left open and refuses what can't be. Returns what the user should know.
    private func validate(_ spec: inout StoredSpec) throws(EngineError) -> [String] {
        let command = (spec.config.entrypoint ?? []) + (spec.config.command ?? [])
        guard !command.isEmpty, command.first?.isEmpty == false else {
            throw EngineError(.invalidArgument, "no command specified", hint: "Name one behind the image.")
        }
        let directory = spec.config.workingDirectory
        guard directory.isEmpty || directory.hasPrefix("/") else {
            throw EngineError(
                .invalidArgument,
                "the working directory '\(directory)' is invalid, it needs to be an absolute path")
        }
        if let signal = spec.config.stopSignal, Signals.number(of: signal) == nil {
            throw EngineError(.invalidArgument, "invalid signal: \(signal)")
        }
        try spec.host.validate()
        try resolveJoinedContainers(&spec)
        if !spec.host.capAdd.isEmpty { spec.host.capAdd = try CapabilitySet.canonical(spec.host.capAdd) }
        if !spec.host.capDrop.isEmpty { spec.host.capDrop = try CapabilitySet.canonical(spec.host.capDrop) }
        var warnings: [String] = []
        if spec.host.networkMode == "host", !spec.host.portBindings.isEmpty || spec.host.publishAllPorts {
            warnings.append("Published ports are discarded when using host network mode")
        }
        for mount in try ContainerMount.list(spec.host) {
            if let note = try mount.prepareSource() { warnings.append(note) }
        }
        if !spec.config.volumes.isEmpty {
            warnings.append(
                "the image declares volumes (\(spec.config.volumes.joined(separator: ", "))): they are plain directories of the container")
        }
        if let test = spec.config.healthcheck?["Test"]?[0]?.string, test != "NONE" {
            warnings.append("the image has a health check: it is not run")
        }
        return warnings
    }

    /// `container:NAME` becomes `container:ID`: a name may be another container's later.
    private func resolveJoinedContainers(_ spec: inout StoredSpec) throws(EngineError) {
        for mode in [\HostConfig.networkMode, \HostConfig.pidMode, \HostConfig.ipcMode] {
            guard let name = HostConfig.container(inMode: spec.host[keyPath: mode]) else { continue }
            spec.host[keyPath: mode] = "container:" + (try container(name).id)
        }
    }

    /// The id, for scripts. A file that is there is never overwritten, nor a link followed.
    private func writeContainerIDFile(_ path: String, _ id: String) throws(EngineError) {
        guard !path.isEmpty else { return }
        do throws(SystemCallError) {
            let file = try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
            try file.writeAll(id)
        } catch {
            guard error.errno != .exists else {
                throw EngineError(
                    .conflict,
                    "container ID file found, make sure the other container isn't running or delete \(path)")
            }
            throw EngineError(.system, cannot: "write the container ID file \(path)", because: "\(error)", cause: error)
        }
    }
}
