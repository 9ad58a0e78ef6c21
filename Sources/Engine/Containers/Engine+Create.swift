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
    /// All mounts, with the names of volumes; nil where the request says it all.
    var mountPoints: [ContainerMount]?

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
            mountPoints = json["MountPoints"]?.array?.compactMap(ContainerMount.init(storedJSON:))
        } catch {
            throw EngineError(
                .system, cannot: "read what container \(id.prefix(12)) was asked to be", because: "\(error)", cause: error)
        }
    }

    var bytes: [UInt8] {
        var object: JSONObject = [
            "Config": config.json, "HostConfig": host.json, "ImageArchitecture": .string(imageArchitecture),
        ]
        if let mountPoints { object["MountPoints"] = .array(mountPoints.map(\.storedJSON)) }
        return JSON.object(object).bytes()
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
        let id = monitorDraft.id ?? RandomID.make()
        if spec.config.hostname.isEmpty, spec.host.networkMode != "host", spec.host.utsMode != "host" {
            spec.config.hostname = String(id.prefix(12))
        }
        try writeContainerIDFile(spec.host.containerIDFile, id)
        let name = request.name.map(Self.bare)
        var made: [String] = []
        let record = try insertWithVolumes(&spec, image.id) { spec, volumes throws(EngineError) in
            made = volumes.map(\.name)
            return try Timings.span("insert-container") { () throws(EngineError) in
                try insert(id: id, name: name, image: image.id, spec: spec, volumes: volumes)
            }
        }
        for volume in made { noteVolume("create", volume) }
        note("create", of: record.id)
        return CreatedContainer(record: record, warnings: warnings, spec: spec)
    }

    private static func idRange(_ slot: Int64) -> String {
        let first = StorePaths.hostID(ofSlot: slot)
        return "id range \(first)-\(first + StorePaths.idsPerContainer - 1)"
    }

    /// Docker's names may come with a slash in front.
    static func bare(_ name: String) -> String { name.hasPrefix("/") ? String(name.dropFirst()) : name }

    /// As `ps` shows it: arguments with a blank in them in quotes.
    private static func text(of command: [String]) -> String {
        command.dropFirst().reduce(command.first ?? "") { $0 + ($1.utf8.contains(UInt8(ascii: " ")) ? " '\($1)'" : " " + $1) }
    }

    /// Nil where one of its volumes was removed meanwhile.
    private func insert(
        id: String, name: String?, image: ImageID, spec: StoredSpec, volumes: [VolumeRecord]
    ) throws(EngineError) -> ContainerRecord? {
        let command = (spec.config.entrypoint ?? []) + (spec.config.command ?? [])
        let database = try database()
        var attempt = 0
        while true {
            var new = NewContainer(
                id: id, name: name ?? ContainerNames.random(attempt: attempt), image: image,
                imageName: spec.config.image, created: RealTime.now, command: Self.text(of: command),
                autoRemove: spec.host.autoRemove, networkMode: spec.host.networkMode,
                labels: JSON(spec.config.labels).text(),
                ports: PortList([], exposed: spec.config.exposedPorts).json.text(), spec: spec.bytes)
            (new.volumes, new.volumeUses) = (volumes, spec.volumeUses)
            do throws(MetadataError) {
                let record = try database.insertContainer(new, idSlots: spec.host.hasOwnIDs ? paths.idSlots : nil)
                if let slot = record.idSlot { ObjectLog.made(Self.idRange(slot)) }
                return record
            } catch {
                if case .noSuchVolume = error { return nil }
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
        guard let program = command.first else {
            throw EngineError(.invalidArgument, "no command specified", hint: "Name one behind the image.")
        }
        // As for a program that is not there; but known before anything is made.
        guard !program.isEmpty else {
            throw EngineError(.commandNotFound, "cannot execute \"\": executable file not found in $PATH")
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
        if !spec.host.capAdd.isEmpty { spec.host.capAdd = try CapabilitySet.canonical(spec.host.capAdd, in: "CapAdd") }
        if !spec.host.capDrop.isEmpty { spec.host.capDrop = try CapabilitySet.canonical(spec.host.capDrop, in: "CapDrop") }
        var warnings: [String] = []
        if spec.host.networkMode == "host", !spec.host.portBindings.isEmpty || spec.host.publishAllPorts {
            warnings.append("Published ports are discarded when using host network mode")
        }
        var mounts = try mountPoints(of: spec)
        for index in mounts.indices where mounts[index].kind == .image && mounts[index].image.isEmpty {
            mounts[index].image = try resolveImage(mounts[index].source, platform: nil).id.description
        }
        for mount in mounts { if let note = try mount.prepareSource() { warnings.append(note) } }
        if !spec.host.volumesFrom.isEmpty || mounts.contains(where: { $0.kind == .volume || $0.kind == .image }) { spec.mountPoints = mounts }
        try requireHealthCheck(for: spec.host.restartPolicy, spec.config)
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
            throw EngineError(.system, "failed to create the container ID file: open \(path): \(error.errno)")
        }
    }
}
